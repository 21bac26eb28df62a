"""Optimizers that raise, print, allocate, hang, fork and replace what is not theirs, as one module."""

from __future__ import annotations

import ctypes
import json
import mmap
import os
import pickle
import signal
import sys
import threading
import time
from pathlib import Path

import torch

for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)


def replacement(*args, **keywords):
    raise RuntimeError("replaced")


json.dumps = json.loads = pickle.dumps = pickle.loads = replacement


class Plain(torch.optim.Optimizer):
    def __init__(self, params, lr=0.1):
        super().__init__(params, {"lr": lr})

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                self.update()
                p.sub_(group["lr"] * p.grad)

    def update(self):
        pass


class Own(BaseException):
    pass


class RaisesOwn(Plain):
    def update(self):
        raise Own("of my own")


class Exits(Plain):
    def update(self):
        sys.exit(0)


class Interrupts(Plain):
    def update(self):
        raise KeyboardInterrupt


class ExitsWhenBuilt(Plain):
    def __init__(self, params, lr=0.1):
        sys.exit("no")


class Unreadable(Plain):
    def update(self):
        class Broken(RuntimeError):
            def __str__(self):
                raise SystemExit

        raise Broken


class Escapes(Plain):
    def update(self):
        raise ValueError("\udc80\x00 \x1b[31mred\x1b[2J\x07")


class Unprintable(Plain):
    def __init__(self, params, name="\udc80\x07"):
        torch.optim.Optimizer.__init__(self, params, {"lr": 0.1, "name": name})

    def step(self, closure=None):
        for p in self.param_groups[0]["params"]:
            self.state[p]["\x1b[2J"] = 1.0


class Long(Plain):
    def update(self):
        raise ValueError("z" * 10_000_000)


class ManyLines(Plain):
    def update(self):
        raise ValueError("line\n" * 1000)


class Prints(Plain):
    def update(self):
        print("x" * 40_000_000)
        sys.stderr.write("\x1b[2J the end\n")


class Hoards(Plain):
    def update(self):
        held = []
        while True:
            held.append(bytearray(2**20))


class HoardsTensors(Plain):
    def update(self):
        held = []
        while True:
            held.append(torch.ones(2**18))


class Forks(Plain):
    def update(self):
        os.fork()


class Sleeps(Plain):
    def update(self):
        time.sleep(600)


class Aborts(Plain):
    def update(self):
        os.abort()


class HangsInNativeCode(Plain):
    """It keeps the interpreter's lock, and a child beside it; both are named in a file."""

    def update(self):
        child = os.fork()
        if not child:
            time.sleep(600)
        written = Path(os.environ["PIDS"] + ".part")
        written.write_text(f"{os.getpid()} {child}")
        written.rename(os.environ["PIDS"])
        ctypes.PyDLL(None).sleep(600)


class HoardsShared(Plain):
    """It holds memory that no limit of the system counts as its own."""

    def update(self):
        held = []
        while True:
            held.append(mmap.mmap(-1, 2**26))
            held[-1].write(b"x" * 2**26)


class ForksForEver(Plain):
    def update(self):
        while True:
            if not os.fork():
                time.sleep(600)


class OpensForEver(Plain):
    def update(self):
        held = []
        while True:
            held.append(open(os.devnull))  # noqa: PTH123, SIM115


class WritesForEver(Plain):
    def update(self):
        with Path(os.environ["WRITTEN"]).open("wb", buffering=0) as file:
            while True:
                file.truncate(file.tell() + 2**28)
                file.seek(2**28, os.SEEK_CUR)


class PrintsForEver(Plain):
    def update(self):
        while True:
            sys.stdout.buffer.write(b"\xff\x00" * 2**16)


class PrintsWhenever(Plain):
    """Its threads print, and go on with that when nobody asks anything."""

    def update(self):
        for _ in range(4):
            threading.Thread(target=PrintsForEver.update, args=(self,), daemon=True).start()
