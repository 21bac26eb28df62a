"""Every scheduler of every other library that is installed."""

from __future__ import annotations

import dataclasses

import pytest

from conformance.catalogue.scheduler_units import units
from conformance.claims import identifiers
from conformance.engine.ledger import SCHEDULERS
from conformance.engine.verdict import Verdict
from conformance.schedulers.curves import curves
from conformance.schedulers.subject import SchedulerSubject
from impls.catalogue.scheduler_entries import Scheduler
from impls.libraries import OTHER_SCHEDULERS
from impls.session import Session
from tests.builders import results_of

BUDGET = 2
GOOD = {Verdict.PASS, Verdict.DEVIATION, Verdict.NOT_APPLICABLE}
EVERY = [pytest.param(e, id=e.identifier, marks=pytest.mark.library(e.library)) for e in OTHER_SCHEDULERS]


@pytest.mark.parametrize("entry", EVERY)
def test_every_curve_lies_in_its_enclosure(entry: Scheduler, library_session: Session) -> None:
    """What a report draws of a scheduler is inside the schedule's enclosure at every step."""
    drawn = curves(SchedulerSubject(entry, library_session))
    assert bool(drawn) is not entry.composed
    assert [curve.title for curve in drawn if max(map(abs, curve.units)) > 1.0] == []
    assert all(len(curve.units) == len(curve.schedule) for curve in drawn)


@pytest.mark.parametrize("entry", EVERY)
def test_conforms_or_deviates_as_known(entry: Scheduler, library_session: Session) -> None:
    """Every property passes, does not apply, or is a known deviation that still shows."""
    (unit,) = units((entry,), properties=identifiers(SCHEDULERS), budget=BUDGET, seed=0)
    results = results_of(dataclasses.replace(unit, draw=False), library_session)
    assert results
    assert not [f"{r.cell.property}: {r.verdict} {r.reason}" for r in results if r.verdict not in GOOD]
