"""Which tasks have compiled code, and when it pays to make it.

A compiler takes seconds.  What it costs to walk a task is reckoned from its operations and elements, and added up,
over all processes, in a file beside the place of its code, which grows by one byte for each share of a second; when
that comes to what compiling costs, it is compiled.  So nothing takes more than about twice as long as with the
better of both, and what is compiled depends on what was judged, not on how quick the machine was.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from reference.compiled import toolchain
from reference.compiled.fingerprint import fingerprint
from reference.compiled.statements import NotCompiled
from reference.compiled.step import CompiledStep
from reference.compiled.step_source import source
from reference.compiled.task import Task, nodes

COST = 0.5
"""Seconds that the walk of a task takes before it is compiled, at least: what a compiler takes for a short rule."""
COMMON_LINES, LINES, WIDE = 1200, 250, 0.25
"""Lines of source that every task has, lines beyond these for which a compiler takes a second, and the part of that
which it takes in long double, where no loop is vectorised."""
SHARE = 0.25
"""Seconds of walking that one byte stands for."""
OPERATION, ELEMENT, WIDE_ELEMENT = 30e-6, 5e-9, 45e-9
"""Seconds that the walk takes for an operation, and for an operation on an element, in long double longer."""


@dataclass
class Record:
    """The compiled code of a task, or what it has cost to walk it."""

    task: Task
    place: Path | None
    step: CompiledStep | None = None
    walked: float = 0.0
    cost: float = COST

    @property
    def wide(self) -> bool:
        """Whether the code computes in long double."""
        return self.task.storage.work.itemsize > 8

    def add(self, elements: int, accepted: Callable[[CompiledStep], bool]) -> None:
        """Add a walk of so many elements, and compile where walking has come to what compiling costs.

        The code is used if it is ``accepted``.
        """
        if self.place is None:
            return
        element = WIDE_ELEMENT if self.wide else ELEMENT
        self.walked += len(nodes(self.task.program)) * (OPERATION + element * elements)
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
            self.compile(accepted, total)

    def compile(self, accepted: Callable[[CompiledStep], bool], spent: float = float("inf")) -> bool:
        """Make the code of the task, unless that costs more than was ``spent``; tell whether there is one.

        Where none can be made, or what was made is not ``accepted``, the task is walked from now on.
        """
        place = self.place
        if place is None or self.step is not None:
            return self.step is not None
        self.load(place)
        if self.step is None:
            self.place = None
            with contextlib.suppress(NotCompiled):
                text = source(self.task)
                self.cost = max(COST, (text.count("\n") - COMMON_LINES) / LINES * (WIDE if self.wide else 1.0))
                if spent < self.cost or not _claimed(place):
                    self.place = place
                elif toolchain.build(place, text, lambda library: accepted(CompiledStep(self.task, library))):
                    self.load(place)
                    for kept in (".claim", ".walked"):
                        place.with_suffix(kept).unlink(missing_ok=True)
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
