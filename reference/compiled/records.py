"""Which tasks have compiled code, and when it pays to make it.

A compiler takes seconds.  What a task costs to walk is added up, over all processes, in a file beside
the place of its code, which grows by one byte for each share of a second; when that comes to what
compiling costs, it is compiled.  So nothing takes more than twice as long as with the better of both.
"""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import dataclass
from pathlib import Path

from reference.compiled import toolchain
from reference.compiled.fingerprint import fingerprint
from reference.compiled.statements import NotCompiled
from reference.compiled.step import CompiledStep
from reference.compiled.step_source import source
from reference.compiled.task import Task

COST = 3.0
"""Seconds that the walk of a task takes before it is compiled: what a compiler takes for a common rule."""
LINES = 1000
"""Lines of source for which a compiler takes a second; its time grows with the square."""
SHARE = 0.25
"""Seconds of walking that one byte stands for."""


@dataclass
class Record:
    """The compiled code of a task, or what it has cost to walk it."""

    task: Task
    place: Path | None
    step: CompiledStep | None = None
    walked: float = 0.0
    cost: float = COST

    def add(self, seconds: float) -> None:
        """Add what a walk has taken, and compile where that is what compiling costs."""
        if self.place is None:
            return
        self.walked += seconds
        if self.walked < SHARE:
            return
        shares, self.walked = divmod(self.walked, SHARE)
        tally = self.place.with_suffix(".walked")
        try:
            with tally.open("ab") as file:
                file.write(b"." * int(shares))
                total = file.tell() * SHARE
        except OSError:
            self.place = None
            return
        if total >= self.cost:
            self.compile(total)

    def compile(self, spent: float = float("inf")) -> bool:
        """Make the code of the task, unless that costs more than was ``spent``; tell whether there is one.

        Where none can be made the task is walked from now on.
        """
        place = self.place
        if place is None or self.step is not None:
            return self.step is not None
        self.load(place)
        if self.step is None:
            self.place = None
            with contextlib.suppress(NotCompiled):
                text = source(self.task)
                self.cost = max(COST, (text.count("\n") / LINES) ** 2)
                if spent < self.cost:
                    self.place = place
                elif _claimed(place) and toolchain.build(place, text):
                    self.load(place)
        return self.step is not None

    def load(self, place: Path) -> None:
        """Take the code of the task where it was compiled before."""
        library = toolchain.load(place)
        if library is not None:
            self.step = CompiledStep(self.task, library)


def _claimed(place: Path) -> bool:
    """Tell whether no other process compiles the same code at present."""
    claim = place.with_suffix(".claim")
    with contextlib.suppress(OSError):
        if time.time() - claim.stat().st_mtime > toolchain.LIMIT:
            claim.unlink()
    try:
        os.close(os.open(claim, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except OSError:
        return False
    return True


_KNOWN: dict[tuple[object, ...], Record] = {}


def record(task: Task) -> Record:
    """Return the record of a task, with its code where it was compiled before."""
    key = task.key
    if key not in _KNOWN:
        place = toolchain.place(fingerprint(task)) if task.compilable else None
        found = _KNOWN[key] = Record(task, place)
        if place is not None:
            found.load(place)
    return _KNOWN[key]
