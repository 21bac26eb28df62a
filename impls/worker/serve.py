"""The worker answers one request after the other until its input ends."""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
from contextlib import suppress
from importlib import import_module
from io import FileIO, TextIOWrapper
from os import _exit as end
from os import getpid
from typing import TYPE_CHECKING, Any

from . import process_group, wire
from .failures import RequestError, phase, report
from .guardian import guard
from .text import in_plain_text

if TYPE_CHECKING:
    from collections.abc import Callable

    Operation = Callable[[dict[str, Any], list[memoryview]], tuple[dict[str, Any], list[bytes]]]

# Modules that import a framework are imported when an operation first needs them.
OPERATIONS = {
    "start": "interpreter:start",
    "hello": "interpreter:hello",
    "prepare": "interpreter:prepare",
    "probe": "interpreter:probe",
    "machine": "machine:machine",
    "shipped": "shipped_claims:shipped",
    "signature": "signature:signature",
    "step_place": "signature:step_place",
    "describe": "torch_description:describe",
    "tries": "torch_tries:tries",
    "run": "torch_optimizer:run",
    "written_lines": "written_lines:written_lines",
    "compiles": "torch_compiled:compiles",
    "train": "torch_training:train",
    "evaluate": "torch_training:evaluate",
    "minimise": "contract.minimisation:minimise",
    "run_jax": "optax_transformation:run",
    "contract": "contract.serve:contract",
    "offers": "contract.serve:offers",
    "takes_complex": "contract.serve:takes_complex",
    "takes_tensor": "contract.serve:takes_tensor",
    "describe_schedule": "schedule_description:describe",
    "drive_schedule": "schedule_description:drive",
    "schedule": "torch_schedule:run",
    "schedule_optax": "optax_schedule:run",
    "train_scheduled": "torch_scheduled_run:train",
}


def main() -> None:
    """Requests come from the old standard input and answers go to the old standard output."""
    incoming, outgoing = take_over_pipes()
    guard(incoming.fileno())
    worker = getpid()
    while True:
        message = receive(incoming)
        if message is None:
            end(0)
        frame = answer(message)
        flush_printed()
        if getpid() != worker:
            end(0)  # a copy of the worker, which the target forked, answers nobody
        process_group.leave()
        send(outgoing, frame)


def take_over_pipes() -> tuple[FileIO, FileIO]:
    """The protocol leaves file descriptors 0 and 1, so no print of a target can corrupt it."""
    incoming, outgoing, printed = os.dup(0), os.dup(1), os.dup(2)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    # What is printed must have left the process before a crash can lose it.
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)
    faulthandler.enable(printed, all_threads=False)
    if hasattr(faulthandler, "register"):  # the judge asks where the worker hangs
        faulthandler.register(signal.SIGUSR1, printed, all_threads=False)
    return FileIO(incoming, "rb"), FileIO(outgoing, "wb")


def receive(incoming: FileIO) -> wire.Message | None:
    """The next request is read whole; None says that the judge has gone."""
    receiver = wire.Receiver()
    while receiver.message is None:
        count = incoming.readinto(receiver.space)
        if not count:
            return None
        receiver.advance(count)
    return receiver.message


def send(outgoing: FileIO, frame: bytes) -> None:
    """A frame is written whole, however little of it the pipe takes at a time."""
    rest = memoryview(frame)
    while rest:
        rest = rest[outgoing.write(rest) :]


def flush_printed() -> None:
    """What a target printed reaches the judge before the answer does."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(BaseException):  # a target may have closed or replaced its streams
            stream.flush()


def answer(message: wire.Message) -> bytes:
    """Every exception becomes an answer, those of the target and those of a bad request."""
    try:
        header, buffers = find_operation(message.header.get("op"))(*message)
        return wire.encode(in_plain_text({"ok": True, **header}), buffers)
    except BaseException as error:  # noqa: BLE001 - the worker survives whatever a target raises
        return wire.encode(in_plain_text(report(error)))


def find_operation(name: object) -> Operation:
    """An operation is a function of a module beside this one."""
    if not isinstance(name, str) or name not in OPERATIONS:
        raise RequestError(f"there is no operation {name!r}; ask for one of {sorted(OPERATIONS)}")
    module, _, function = OPERATIONS[name].partition(":")
    with phase("import"):
        operation: Operation = getattr(import_module("." + module, __package__), function)
    return operation
