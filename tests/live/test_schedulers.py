"""Every scheduler of the catalogue, and AdamW under a schedule."""

from __future__ import annotations

import dataclasses

import pytest

from conformance.schedules import together
from conformance.schedules.deviations import known_cases, ledger
from conformance.schedules.engine import Unit, judge_unit, units
from conformance.verdict import Verdict
from impls.session import Session

BUDGET = 2
GOOD = {Verdict.PASS, Verdict.DEVIATION, Verdict.NOT_APPLICABLE}


@pytest.mark.parametrize("unit", units(budget=BUDGET), ids=lambda unit: unit.entry.identifier)
def test_conforms_or_deviates_as_known(unit: Unit) -> None:
    """Every property passes, does not apply, or is a known deviation that still shows."""
    results = judge_unit(dataclasses.replace(unit, draw=False)).results
    wrong = [f"{r.cell.property}: {r.verdict} {r.reason}" for r in results if r.verdict not in GOOD]
    assert not wrong


def test_every_deviation_has_a_stored_case() -> None:
    """No entry of the schedulers' ledger stands without a case that is replayed and has its settings."""
    for entry in ledger():
        cases = [case for mine in known_cases(entry).values() for case in mine]
        assert cases, entry.identifier
        assert set(entry.domains) <= {
            name for case in cases for values in case.node.settings for name in values
        }


def test_adamw_under_warm_up_and_cosine_equals_the_reference() -> None:
    """Each of two thousand steps is inside rule and schedule, and as with the lr set by hand."""
    with Session() as session:
        result = together.judge(session, together.warmup_into_cosine(100, 2000), 1e-3, 2000)
    assert not result.wrong
    assert result.steps == 2000


def test_the_moments_do_not_see_the_schedule() -> None:
    """AdamW's moments are bit for bit those of a constant lr; its decay follows the scheduled one."""
    with Session() as session:
        assert together.moments_without_schedule(session, together.warmup_into_cosine(10, 200), 1e-3, 200)
