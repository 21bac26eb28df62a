"""The process around an optimizer: its settings, functions that others call, signals, threads, processes.

Only torch and the standard library are used, so that a finding's script is this very source.
"""

from __future__ import annotations

import copy
import fcntl
import gc
import importlib.util
import inspect
import json
import math
import os
import pickle
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from .calling import Called, FunctionOptimizer, asks_for_closure, named_parameters, step_of, wrapped
from .process_group import of_this_alone
from .state_path import name_of
from .target import IMPORT_FROM

if TYPE_CHECKING:
    from collections.abc import Callable

SECONDS_TO_END = 10
"""How long a program may stand still after its last line."""
SECONDS_OF_WORK = 40
"""How long it may go on working after it."""


def settings() -> dict[str, Any]:
    """What a process shares with everything in it, and what numbers may depend on."""
    tiny = torch.full((1,), 1e-39, dtype=torch.float32, device="cpu")
    return {
        "the default dtype": torch.get_default_dtype(),
        "the default device": str(torch.get_default_device()),
        "grad mode": torch.is_grad_enabled(),
        "the number of threads": torch.get_num_threads(),
        "deterministic algorithms": torch.get_deterministic_debug_mode(),
        "the precision of float32 products": torch.get_float32_matmul_precision(),
        "autocast": torch.is_autocast_enabled("cpu"),
        "anomaly detection": torch.is_anomaly_enabled(),
        "flushing of denormal numbers": not bool(tiny.mul(1.0) > 0),
        "cuDNN's benchmark": torch.backends.cudnn.benchmark,
        "cuDNN's determinism": torch.backends.cudnn.deterministic,
        "torch's random state": torch.get_rng_state().tolist(),
        "Python's random state": random.getstate(),
        "garbage collection": gc.isenabled(),
        "the handler of SIGINT": signal.getsignal(signal.SIGINT),
        "the handler of SIGTERM": signal.getsignal(signal.SIGTERM),
        "the working folder": working_folder(),
        "the standard streams": [behind(number) for number in range(3)],
    }


def working_folder() -> str:
    """The folder that relative paths start from, empty where there is none any more."""
    try:
        return os.getcwd()
    except FileNotFoundError:
        return ""


def behind(descriptor: int) -> tuple[int, int] | None:
    """The file that a descriptor stands for, None where it is closed."""
    try:
        told = os.fstat(descriptor)
    except OSError:
        return None
    return told.st_dev, told.st_ino


def holders() -> list[Any]:
    """Modules and classes whose functions are everybody's."""
    classes = [torch.Tensor, torch.nn.Module, torch.optim.Optimizer]
    modules = [torch, torch.nn.functional, torch.autograd, copy, gc, json, math, os, pickle, random]
    return [*classes, *modules, signal, threading, time]


def functions() -> dict[str, Any]:
    """The functions of torch and of Python's library that others call, by name."""
    return {
        f"{holder.__name__}.{name}": function
        for holder in holders()
        for name, function in vars(holder).items()
        if callable(function) and not isinstance(function, type)
    }


def changes(before: dict[str, Any], after: dict[str, Any]) -> dict[str, list[str]]:
    """What was, and is now, of all that changed; what is new is no change."""
    return {
        name: [named(value), named(after.get(name))]
        for name, value in before.items()
        if not unchanged(value, after.get(name))
    }


def unchanged(one: Any, other: Any) -> bool:
    """Two values are the same; torch may put a function of its own in the place of another."""
    if one is other or bool(one == other):
        return True
    own = os.path.dirname(torch.__file__)
    files = [getattr(getattr(value, "__code__", None), "co_filename", "") for value in (one, other)]
    return all(file.startswith(own) for file in files)


def named(value: Any) -> str:
    """A function by its name, anything else in a few words."""
    name = getattr(value, "__qualname__", None)
    return f"{getattr(value, '__module__', None) or ''}.{name}".lstrip(".") if name else str(value)[:80]


def loaded(target: str) -> Any:
    """The optimizer that a target names, `module:attribute` or `path/to/file.py:attribute`."""
    name, _, attribute = target.rpartition(":")
    if name.endswith(".py"):
        spec: Any = importlib.util.spec_from_file_location("target", name)
        found: Any = importlib.util.module_from_spec(spec)
        sys.modules["target"] = found
        spec.loader.exec_module(found)
    else:
        found = importlib.import_module(name)
    for part in attribute.split("."):
        found = getattr(found, part)
    return found


def children() -> list[int]:
    """The processes that this one has started and that still run, where the system lists them."""
    lists = Path("/proc/self/task").glob("*/children")
    return [int(number) for listed in lists for number in listed.read_text().split()]


def lived(request: dict[str, Any]) -> None:
    """A program imports an optimizer, makes steps, drops it and ends; it writes down what it sees."""
    dumps, kill, left = json.dumps, os.kill, []
    with Path(request["report"]).open("w", buffering=1) as report:
        shared, called = settings(), functions()
        make = loaded(request["target"])
        seen = {**changes(shared, settings()), **changes(called, functions())}
        report.write(dumps({"changed": seen}) + "\n")
        if request["steps"]:
            stepped(make, request)
            report.write(dumps({"stepped": True}) + "\n")
            gc.collect()
            main, left = threading.main_thread(), children()
            threads = [thread.name for thread in threading.enumerate() if thread is not main]
            report.write(dumps({"threads": threads, "processes": len(left)}) + "\n")
    for process in left:
        kill(process, signal.SIGKILL)


def stepped(make: Any, request: dict[str, Any]) -> None:
    """An optimizer of one parameter makes its steps."""
    p = torch.nn.Parameter(torch.ones(request["shape"], dtype=getattr(torch, request["dtype"])))
    as_written()
    given = {key: meant(value) for key, value in request["settings"].items()}
    optimizer = wrapped(make, request["calling"])([p], **given)
    for _ in range(request["steps"]):
        gradient = torch.ones_like(p.detach())
        p.grad = gradient.to_sparse(1) if request["sparse"] else gradient
        step_of(optimizer, [p])()


def as_written() -> None:
    """What is given to torch.compile runs as it is written: compiled code is a path of its own."""
    if hasattr(torch.compiler, "set_stance"):
        torch.compiler.set_stance("force_eager")


def meant(value: Any) -> Any:
    """A setting, or the object that it stands for by its name."""
    return loaded(value["object"]) if isinstance(value, dict) and set(value) == {"object"} else value


SEES = (settings, working_folder, behind, holders, functions, changes, unchanged, named)
PROGRAM = (*SEES, loaded, children, lived, stepped, as_written, meant)
"""What such a program consists of."""


HOW_IT_BUILDS = (wrapped, Called, FunctionOptimizer, named_parameters, name_of, of_this_alone)
HOW_IT_CALLS = (*HOW_IT_BUILDS, step_of, asks_for_closure)
"""How it calls an optimizer."""


class OwnProgramError(RuntimeError):
    """An optimizer raised in a program in which there is nothing else."""


def in_a_program(request: dict[str, Any]) -> dict[str, Any]:
    """What a program of its own saw of an optimizer, and the status with which it ended, if it did."""
    names = "copy functools gc importlib.util inspect json math os pickle random signal sys threading time torch"
    lines = ["from __future__ import annotations", f"import {', '.join(names.split())}", "from math import inf, nan"]
    lines += ["from pathlib import Path", "from typing import Any"]
    lines += [inspect.getsource(part) for part in (*PROGRAM, *HOW_IT_CALLS)]
    last = "threads" if request["steps"] else "changed"
    with tempfile.TemporaryDirectory() as folder:
        report, printed = Path(folder, "report"), Path(folder, "printed")
        program = "\n".join([*lines, f"lived({ {**request, 'report': str(report)}!r})"])
        with printed.open("w") as output:
            called = [sys.executable, "-W", "ignore", "-c", program]
            found = os.pathsep.join(os.environ.get(name, "") for name in (IMPORT_FROM, "PYTHONPATH")).strip(os.pathsep)
            environment = {**os.environ, "PYTHONPATH": found}
            process = subprocess.Popen(called, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment)
            try:
                status = awaited(process, report, last)
            finally:
                process.kill()
        told = report.read_text().splitlines() if report.exists() else []
        seen = {key: value for line in told for key, value in json.loads(line).items()}
        if ("stepped" if request["steps"] else "changed") not in seen:
            said = printed.read_text().strip().splitlines()[-1:]
            raise OwnProgramError(f"it does not work in a program of its own: {' '.join(said)}")
    return {**seen, "status": status}


def awaited(process: subprocess.Popen[bytes], report: Path, last: str) -> int | None:
    """The status of a program, or None where after its last line it stands still, or works on and on.

    On a machine that is busy with other things it may wait for its turn: that is no standing still.
    """
    written = moved = float("inf")
    work = -1
    while process.poll() is None and time.monotonic() < min(moved + SECONDS_TO_END, written + SECONDS_OF_WORK):
        time.sleep(0.02)
        if written == float("inf") and report.exists() and f'"{last}"' in report.read_text():
            written = moved = time.monotonic()
        waits, done = progress(process.pid)
        if written < float("inf") and (waits or done != work):
            moved, work = time.monotonic(), done
    return process.poll()


def progress(process: int) -> tuple[bool, int]:
    """Whether a process waits for its turn, and the ticks that it has worked, where the system tells it."""
    try:
        told = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return False, 0
    return told[0] in {"R", "D"}, int(told[11]) + int(told[12])


FRESH: dict[str, Any] = {}
"""The settings of this process before it imported anybody's code."""
CALLED: list[tuple[Any, dict[str, Any]]] = []
"""The functions that everybody called then, with their holders."""
STREAMS: list[int] = []
"""Copies of the standard streams of then."""
FILTERS: list[Any] = []
"""The filters of warnings of then: imports add to them, so that a change is no finding."""
SETTERS: dict[str, Callable[[Any], Any]] = {
    "the default dtype": torch.set_default_dtype,
    "the default device": lambda _: torch.set_default_device(None),
    "grad mode": torch.set_grad_enabled,
    "the number of threads": torch.set_num_threads,
    "deterministic algorithms": torch.set_deterministic_debug_mode,
    "the precision of float32 products": torch.set_float32_matmul_precision,
    "autocast": partial(torch.set_autocast_enabled, "cpu"),
    "anomaly detection": torch.set_anomaly_enabled,
    "flushing of denormal numbers": torch.set_flush_denormal,
    "cuDNN's benchmark": partial(setattr, torch.backends.cudnn, "benchmark"),
    "cuDNN's determinism": partial(setattr, torch.backends.cudnn, "deterministic"),
    "torch's random state": lambda state: torch.set_rng_state(torch.tensor(state, dtype=torch.uint8)),
    "Python's random state": random.setstate,
    "garbage collection": lambda on: gc.enable() if on else gc.disable(),
    "the handler of SIGINT": partial(signal.signal, signal.SIGINT),
    "the handler of SIGTERM": partial(signal.signal, signal.SIGTERM),
    "the working folder": os.chdir,
}


def stand_behind(files: list[tuple[int, int] | None]) -> None:
    """The standard streams are again those of the fresh process, be they closed or replaced."""
    for number, file in enumerate(files):
        if file is not None and behind(number) != file:
            os.dup2(STREAMS[number], number)


SETTERS["the standard streams"] = stand_behind


def remember() -> None:
    """What the process is when this is first called is what it is to be at the start of every experiment."""
    if FRESH:
        return
    FRESH.update(settings())
    FILTERS.extend(warnings.filters)
    STREAMS.extend(fcntl.fcntl(number, fcntl.F_DUPFD_CLOEXEC, 3) if behind(number) else -1 for number in range(3))
    called = functions()
    for holder in holders():
        own = {name: called.get(f"{holder.__name__}.{name}") for name in vars(holder)}
        CALLED.append((holder, {name: function for name, function in own.items() if function is not None}))


def restore() -> None:
    """Every setting, and every function, is again what it was in the fresh process, and nothing is compiled."""
    as_written()
    for name in changes(FRESH, settings()):
        SETTERS[name](FRESH[name])
    if warnings.filters != FILTERS:
        warnings.resetwarnings()
        warnings.filters.extend(FILTERS)  # type: ignore[attr-defined]
    for holder, called in CALLED:
        if tuple(map(vars(holder).get, called)) != tuple(called.values()):  # which look at identity first
            for name in changes(called, dict(vars(holder))):
                setattr(holder, name, called[name])


def wrapped_steps() -> set[type]:
    """The classes whose step torch has wrapped: when the first instance was made, or when one was copied."""
    found: set[type] = set()
    rest: list[type] = [torch.optim.Optimizer]
    while rest:
        one = rest.pop()
        rest += one.__subclasses__()
        if getattr(vars(one).get("step"), "hooked", False):
            found.add(one)
    return found


def unwrap_steps(but: set[type]) -> None:
    """The step of a class is again what it was, so that a copy spoils no instance that torch's constructor made not."""
    for one in wrapped_steps() - but:
        own = vars(one)["step"].__wrapped__
        if any(vars(base).get("step") is own for base in one.__mro__[1:]):
            del one.step  # type: ignore[attr-defined]
        else:
            one.step = own  # type: ignore[attr-defined]
