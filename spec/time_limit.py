"""A limit of time for what SymPy may take: a proof that runs out of it is undecided, and never hangs."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from typing import TypeVar

SECONDS = 120.0
"""The limit of one proof, in seconds of the processor: a busy machine leaves no claim undecided."""
T = TypeVar("T")


class _OutOfTimeError(BaseException):
    """The time is up: no exception that SymPy catches."""


def within(seconds: float, work: Callable[[], T]) -> T | None:
    """Return what ``work`` returns, or nothing if that takes the processor longer than ``seconds``.

    There is no limit outside the main thread, nor on systems without interval timers.
    """
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        return work()
    running = True

    def stop(*_: object) -> None:
        if running:
            raise _OutOfTimeError

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        return work()
    except _OutOfTimeError:
        return None
    finally:
        running = False
        signal.setitimer(signal.ITIMER_VIRTUAL, 0.0)
        signal.signal(signal.SIGVTALRM, before)
