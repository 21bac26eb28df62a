"""Signals that end a run: at once while it judges, after the report is written once that has begun."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""The interrupt, what a pipeline sends at its time limit, and what a terminal sends that closes."""


SOON = 0.05
"""Seconds after which what was lost is raised again."""


class Terminated(KeyboardInterrupt):
    """A signal asked the run to end; its text says what had been done by then, where that is known."""

    def __init__(self, number: int, said: str = "") -> None:
        super().__init__(said)
        self.number = number


def number_of(interrupt: KeyboardInterrupt) -> signal.Signals:
    """Return the signal that an interrupt stands for."""
    return signal.Signals(getattr(interrupt, "number", signal.SIGINT))


class _Handling:
    """Has a function told of the signals that end a run, where this is the main thread.

    A signal that somebody has this process ignore, as ``nohup`` does, is ignored.
    """

    def __init__(self, told: Callable[[int, FrameType | None], None]) -> None:
        self.told = told
        self.before: dict[int, Any] = {}

    def __enter__(self) -> None:
        if threading.current_thread() is threading.main_thread():
            for number in ENDING:
                if signal.getsignal(number) not in {signal.SIG_IGN, None}:
                    self.before[number] = signal.signal(number, self.told)

    def __exit__(self, *_: object) -> None:
        for number, before in self.before.items():
            signal.signal(number, before)


class terminating(_Handling):  # noqa: N801 - reads as a function in a with statement
    """Lets every signal that ends a run do so as an interrupt does.

    What is raised while a finalizer or a callback runs is lost: it is raised again a moment later.
    """

    def __init__(self) -> None:
        super().__init__(_terminate)
        self.unraisable = sys.unraisablehook
        self.again: threading.Timer | None = None

    def __enter__(self) -> None:
        super().__enter__()
        if self.before:
            self.unraisable, sys.unraisablehook = sys.unraisablehook, self._lost

    def __exit__(self, *of: object) -> None:
        if self.again:
            self.again.cancel()
        if self.before:
            sys.unraisablehook = self.unraisable
        super().__exit__(*of)

    def _lost(self, what: sys.UnraisableHookArgs) -> None:
        if isinstance(what.exc_value, KeyboardInterrupt):
            # Not by an alarm, which belongs to whoever calls: test runners end hanging tests with it.
            self.again = threading.Timer(SOON, os.kill, (os.getpid(), number_of(what.exc_value)))
            self.again.start()
        else:
            self.unraisable(what)


class held_back(_Handling):  # noqa: N801 - reads as a function in a with statement
    """Holds the first signal back, which is noted at once; a second one ends what is done here."""

    def __init__(self, noted: Callable[[KeyboardInterrupt], None]) -> None:
        super().__init__(self._hold)
        self.noted = noted
        self.held = False

    def _hold(self, number: int, frame: FrameType | None) -> None:
        if self.held:
            _terminate(number, frame)
        self.held = True
        self.noted(Terminated(number))


def _terminate(number: int, _: FrameType | None) -> None:
    raise Terminated(number)


@contextmanager
def saying(said: str) -> Iterator[None]:
    """Let an interrupt say what had been done when it came; one that says so already does."""
    try:
        yield
    except KeyboardInterrupt as interrupt:
        raise Terminated(number_of(interrupt), str(interrupt) or said) from None
