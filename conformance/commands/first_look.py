"""A first look at what is judged, while the processes that judge start: a few cases of every claim."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Self

from conformance import claims
from conformance.catalogue.installed import version_of
from conformance.catalogue.optimizer_units import OptimizerUnit
from conformance.catalogue.scheduler_units import SchedulerUnit
from conformance.engine.claim import Patience, Unit
from conformance.engine.judging import Judged, Stops, judge_cell, levelled
from conformance.engine.runs import Listener
from conformance.engine.verdict import CellResult, Verdict
from impls.session import Session

Told = Callable[[OptimizerUnit | SchedulerUnit, CellResult], None]
CASES = 1
"""What a unit is cut to; a claim is judged on three cases at least."""
SECONDS, FINDINGS = 10.0, 6
"""A look ends after so long, or after so many findings."""
END_SECONDS = 2.0


class FirstLook(Listener):
    """Looks at the first unit of a run in a thread of its own, and tells each claim that fails.

    It ends where the processes that judge have come as far, whose verdicts are those of the run.
    """

    def __init__(self, work: Sequence[OptimizerUnit | SchedulerUnit], session: Session, told: Told) -> None:
        self.session, self.told = session, told
        self.unit = work[0].brief(CASES) if work else None
        self._closed = threading.Event()
        self._looked = 0
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Self:
        if self.unit is not None:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closed.set()
        end = time.monotonic() + END_SECONDS
        while self._thread.is_alive() and time.monotonic() < end:
            self.session.kill()  # one that has just been started, too
            self._thread.join(END_SECONDS / 20)

    def cell(self, unit: Unit, judged: Judged) -> None:
        """End where those that judge are at a claim that was looked at last, or beyond: they tell what they find."""
        if unit.properties.index(judged.result.cell.property) >= self._looked:
            self._closed.set()

    def _look(self) -> None:
        """Look; what stops or breaks it is told by those that judge."""
        try:
            if self.unit is not None:
                self._asked(self.unit)
        except Exception:  # noqa: BLE001 - a look that ends early costs nothing
            return

    def _asked(self, unit: OptimizerUnit | SchedulerUnit) -> None:
        subject = unit.subject(self.session)
        power, version = unit.power(), version_of(subject.library, self.session)
        end, found = time.monotonic() + SECONDS, 0
        for self._looked, name in enumerate(unit.properties):
            claim = claims.BY_IDENTIFIER[unit.chapter][name]
            if self._closed.is_set() or time.monotonic() > end or found >= FINDINGS:
                return
            if claim.concerns(subject):
                stops = Stops(patience=Patience(trials=200, seconds=1.0))
                result = judge_cell(unit, subject, claim, version, power, stops=stops)
                if result.verdict is Verdict.FAIL and not self._closed.is_set():
                    found += 1
                    self.told(unit, claims.at_chosen(unit, levelled(result, subject, claim)))
