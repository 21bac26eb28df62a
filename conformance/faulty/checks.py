"""Processes that judge faulty classes, and end with the process that started them, however that ends."""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from tempfile import NamedTemporaryFile

from conformance.faulty.fault import Fault
from conformance.faulty.measurement import MeasuredFault, Named, claim_of

GUARDED = (
    "import sys; from impls.worker.guardian import guard; guard(0); "
    "from conformance.faulty.judging import main; main(sys.argv[1])"
)
"""A process whose standard input is a pipe: all of it is killed as soon as nobody holds the other end."""


@dataclass(frozen=True)
class Manner:
    """How faulty classes are judged: in which format, how hard, or whether the ``diagnosis`` alone is asked."""

    dtype: str
    budget: float
    diagnosis: bool = False


class Checks:
    """The processes that judge at a time; once they are ended no more are started."""

    def __init__(self, manner: Manner) -> None:
        self.manner = manner
        self._running: set[subprocess.Popen[str]] = set()
        self._lock, self._ended = threading.Lock(), False

    def measured(self, faults: Sequence[Fault]) -> Iterator[MeasuredFault]:
        """Yield what is made of each fault, in one process; where it dies the next one judges those that are left.

        Raises ``InterruptedError`` where all are ended.
        """
        left = list(faults)
        while left:
            for line in self._lines(left):
                found = MeasuredFault.read(json.loads(line))
                left.pop(0)
                yield found
            if left and not self._ended:
                one = left.pop(0)
                yield MeasuredFault(
                    one.kind, one.name, claim_of(one), False, float("inf"), 0.0, Named.UNFINISHED, "the process died"
                )

    def end(self) -> None:
        """Kill all that run."""
        with self._lock:
            self._ended = True
            for running in self._running:
                with suppress(ProcessLookupError):
                    os.killpg(running.pid, signal.SIGKILL)

    def _lines(self, faults: Sequence[Fault]) -> Iterator[str]:
        with NamedTemporaryFile() as file:
            pickle.dump((self.manner, list(faults)), file)
            file.flush()
            with self._started(file.name) as running:
                yield from running.stdout or ()
        if self._ended:
            raise InterruptedError

    @contextmanager
    def _started(self, order: str) -> Iterator[subprocess.Popen[str]]:
        with self._lock:
            if self._ended:
                raise InterruptedError
            running = subprocess.Popen(  # noqa: S603 our own command line
                [sys.executable, "-c", GUARDED, order],
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
