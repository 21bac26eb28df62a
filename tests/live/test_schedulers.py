"""Every scheduler of the catalogue, and AdamW under a schedule."""

from __future__ import annotations

import dataclasses

import pytest

from conformance.catalogue.scheduler_units import SchedulerUnit, units
from conformance.claims import identifiers
from conformance.engine.ledger import SCHEDULERS as CHAPTER
from conformance.engine.verdict import Verdict
from impls.catalogue.torch_schedulers import SCHEDULERS
from impls.session import Session
from tests.builders import results_of
from tests.live import scheduled_run as together

BUDGET = 2
GOOD = {Verdict.PASS, Verdict.DEVIATION, Verdict.NOT_APPLICABLE}
UNITS = units(SCHEDULERS, properties=identifiers(CHAPTER), budget=BUDGET, seed=0)


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.label)
def test_conforms_or_deviates_as_known(unit: SchedulerUnit, session: Session) -> None:
    """Every property passes, does not apply, or is a known deviation that still shows."""
    results = results_of(dataclasses.replace(unit, draw=False), session)
    assert results
    assert not [f"{r.cell.property}: {r.verdict} {r.reason}" for r in results if r.verdict not in GOOD]


def test_adamw_under_warm_up_and_cosine_equals_the_reference(session: Session) -> None:
    """Each of two thousand steps is inside rule and schedule, and as with the lr set by hand."""
    result = together.judge(session, together.warmup_into_cosine(100, 2000), 1e-3, 2000)
    assert not result.wrong
    assert result.steps == 2000


def test_the_moments_do_not_see_the_schedule(session: Session) -> None:
    """AdamW's moments are bit for bit those of a constant lr; its decay follows the scheduled one."""
    assert together.moments_without_schedule(session, together.warmup_into_cosine(10, 200), 1e-3, 200)
