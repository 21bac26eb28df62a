"""A failure says who failed: the target's code in a named phase, or the request itself."""

from __future__ import annotations

import traceback
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


class RequestError(Exception):
    """The judge asked for something that the worker cannot do."""


class TargetFailure(Exception):
    """The target's code raised an exception; it is the cause of this one."""

    def __init__(self, where: str) -> None:
        super().__init__(where)
        self.where = where


@contextmanager
def phase(where: str) -> Iterator[None]:
    """An exception of the target's code is marked with the phase in which it was raised.

    SystemExit and KeyboardInterrupt are no Exception, so they end the worker: an optimizer that
    exits is a verdict.
    """
    try:
        yield
    except Exception as error:
        raise TargetFailure(where) from error


def report(failure: Exception) -> dict[str, Any]:
    """The answer names the phase, the type and the message, and holds the traceback."""
    if isinstance(failure, TargetFailure) and isinstance(failure.__cause__, Exception):
        where, error = failure.where, failure.__cause__
    else:
        where, error = "request", failure
    lines = traceback.format_exception(type(error), error, error.__traceback__)
    return {
        "ok": False,
        "where": where,
        "type": type(error).__name__,
        "message": _message(error),
        "traceback": "".join(lines).encode(errors="backslashreplace").decode(),
    }


def _message(error: Exception) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - the target's exception may be broken in any way
        return "(its message cannot be read: its own __str__ raises)"
