"""Checks as processes of their own, which end with the process that started them, however that ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

GUARDED = (
    "import sys; from impls.worker.guardian import guard; guard(0); from conformance.cli import main; sys.exit(main())"
)
"""A check whose standard input is a pipe: all of it is killed as soon as nobody holds the other end."""


class Checks:
    """The checks that run at a time; once they are ended no more are started."""

    def __init__(self) -> None:
        self._running: set[subprocess.Popen[str]] = set()
        self._lock, self._ended = threading.Lock(), False

    def lines(self, arguments: Sequence[str], longest: float) -> Iterator[tuple[float, str]]:
        """Yield what `stepproof check` with ``arguments`` prints, each line with the seconds until it came.

        Raises ``TimeoutError`` after so many seconds, and ``InterruptedError`` where all are ended.
        """
        start = time.perf_counter()
        with self._started(arguments) as running:
            for line in running.stdout or ():
                now = time.perf_counter() - start
                yield now, line
                if now > longest:
                    _kill(running)
                    raise TimeoutError
        if self._ended:
            raise InterruptedError

    def end(self) -> None:
        """Kill all that run."""
        with self._lock:
            self._ended = True
            for running in self._running:
                _kill(running)

    @contextmanager
    def _started(self, arguments: Sequence[str]) -> Iterator[subprocess.Popen[str]]:
        with self._lock:
            if self._ended:
                raise InterruptedError
            running = subprocess.Popen(  # noqa: S603 our own command line
                [sys.executable, "-c", GUARDED, "check", *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                start_new_session=True,
            )
            self._running.add(running)
        try:
            with running:
                yield running
        finally:
            with self._lock:
                self._running.discard(running)


def _kill(running: subprocess.Popen[str]) -> None:
    """Kill a check with all that it started."""
    with suppress(ProcessLookupError):
        os.killpg(running.pid, signal.SIGKILL)
