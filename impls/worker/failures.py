"""A failure says who failed: the target's code in a named phase, or the request itself."""

from __future__ import annotations

import traceback
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from . import limits
from .place import Frame, own
from .text import cut

if TYPE_CHECKING:
    from collections.abc import Iterator

CALLS = 20
"""So many calls of a stack are told, the last ones."""


class RequestError(Exception):
    """The judge asked for something that the worker cannot do."""


class TargetFailure(Exception):
    """The target's code raised an exception; it is the cause of this one."""

    def __init__(self, where: str) -> None:
        super().__init__(where)
        self.where = where


@contextmanager
def phase(where: str) -> Iterator[None]:
    """Whatever the target's code raises is marked with the phase in which it was raised.

    SystemExit and KeyboardInterrupt too: the judge ends a worker by other means.
    """
    try:
        yield
    except BaseException as error:
        raise TargetFailure(where) from error


def report(failure: BaseException) -> dict[str, Any]:
    """The answer names the phase, the type, the message and the place, and holds the traceback."""
    where, error = "request", failure
    if isinstance(failure, TargetFailure) and failure.__cause__ is not None:
        where, error = failure.where, failure.__cause__
    used_up = bool(limits.used_up(error))
    if used_up:
        limits.lift()
    return {
        "ok": False,
        "where": where,
        "type": type(error).__name__,
        "message": message_of(error),
        "place": place_of(error),
        "traceback": "".join(traceback.format_tb(error.__traceback__, limit=-CALLS)),
        "used_up": used_up,
    }


def message_of(error: BaseException) -> str:
    """A few lines of what an exception says."""
    try:
        said, shortage = cut(str(error)), limits.used_up(error)
    except BaseException:  # noqa: BLE001 - the target's exception may be broken in any way
        return "(its message cannot be read: its own __str__ raises)"
    return ": ".join(filter(None, (shortage, said)))


def headline(error: BaseException) -> str:
    """The type of an exception and the first line of what it says."""
    lines = message_of(error).strip().splitlines() or [""]
    return f"{type(error).__name__}: {lines[0]}"


def place_of(error: BaseException) -> str:
    """The innermost line of the target's own code, or that of its syntax error; empty if none is known."""
    if isinstance(error, SyntaxError) and error.filename and not error.filename.startswith("<"):
        return f"{error.filename}:{error.lineno}"
    steps = traceback.walk_tb(error.__traceback__)
    frames = own(Frame(call.f_code.co_filename, line, call.f_code.co_name) for call, line in steps)
    return str(frames[-1]) if frames else ""
