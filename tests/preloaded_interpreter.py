"""An interpreter that has torch imported already: each program that it is told of runs in a copy of it.

Importing torch, and what its first step imports, takes seconds, and most programs that tests start do
that before anything else.  A request comes over a socket: JSON of a program's path, its folder, its
environment and whether it is isolated as by `python -I -W ignore`, with the descriptors of its streams.
Answers are the number of its process, and when it has ended its status, below zero for a signal.  One
that is not isolated leads a session of its own.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import socket
import struct
import sys
import threading
import traceback
import warnings
from types import ModuleType
from typing import Any

MOST = 1 << 18
"""Bytes of a request."""


def imported() -> None:
    """Import torch as far as one step does."""
    import torch

    parameter = torch.nn.Parameter(torch.ones(1))
    parameter.grad = torch.ones(1)
    torch.optim.SGD([parameter]).step()


def served(listening: socket.socket) -> dict[str, Any]:
    """Return a request in the process that is to become the program; the server ends with its input."""
    while True:
        ready, _, _ = select.select([0, listening.fileno()], [], [])
        if 0 in ready:
            os._exit(0)
        connection, _ = listening.accept()
        data, streams, _, _ = socket.recv_fds(connection, MOST, 3)
        if not os.fork() and _is_program(connection, streams):
            request: dict[str, Any] = json.loads(data)
            return request
        connection.close()
        for stream in streams:
            os.close(stream)


def _is_program(connection: socket.socket, streams: list[int]) -> bool:
    """Return in the process of a program; that which waits for it tells how it ended, and ends too."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    child = os.fork()
    if not child:
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
        os.closerange(3, 1024)
        return True
    os.closerange(0, 3)
    for stream in streams:
        os.close(stream)
    connection.send(struct.pack("i", child))
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    connection.send(struct.pack("i", status))
    os._exit(0)


def become(request: dict[str, Any]) -> None:
    """Run a program as the main module of this process, which ends with it."""
    import torch

    given = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    path = request["program"]
    if request["isolated"]:
        sys.path[:] = [folder for folder in sys.path[1:] if folder not in given]
        warnings.simplefilter("ignore")
        sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115 - whatever PYTHONUNBUFFERED says
    else:
        os.setsid()
        sys.path[0] = os.path.dirname(path)  # noqa: PTH120 - what the interpreter itself puts there
    torch.seed()
    status = _status(path)
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    os._exit(status)  # taking all modules apart takes longer than most scripts


def _status(path: str) -> int:
    """Return the status with which Python ends a program."""
    main = ModuleType("__main__")
    main.__dict__.update(__file__=path, __builtins__=__builtins__)
    sys.modules["__main__"] = main
    sys.argv = [path]
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123
            text = file.read()
        exec(compile(text, path, "exec", dont_inherit=True), main.__dict__)  # noqa: S102
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return (end.code or 0) & 0xFF
        print(end.code, file=sys.stderr)
    except BaseException:  # noqa: BLE001 - told as Python tells it
        traceback.print_exc()
    else:
        return 0
    return 1


if __name__ == "__main__":
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those who wait
    waiting = socket.socket(fileno=int(sys.argv[1]))
    imported()
    become(served(waiting))
