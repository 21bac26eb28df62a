"""Every scheduler of every other library that is installed."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator

import pytest

from conformance.installation import probe
from conformance.schedules.curves import curves
from conformance.schedules.engine import judge_unit, units
from conformance.schedules.subject import Subject
from conformance.verdict import Verdict
from impls.libraries import LIBRARIES
from impls.scheduler import Scheduler
from impls.schedulers import OTHERS
from impls.session import Session

BUDGET = 2
PYTHON = os.environ.get("STEPPROOF_LIBRARIES")
"""An interpreter that has the libraries; without it, that of the tests."""
GOOD = {Verdict.PASS, Verdict.DEVIATION, Verdict.NOT_APPLICABLE}


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    """Return one worker for all curves."""
    with Session(PYTHON) as worker:
        yield worker


@pytest.fixture(scope="module")
def absent(session: Session) -> dict[str, str]:
    """Return why each library that is not installed cannot be imported."""
    return {name: reason for name in LIBRARIES if (reason := probe(LIBRARIES[name], session)[1])}


@pytest.mark.parametrize("entry", OTHERS, ids=lambda entry: entry.identifier)
def test_every_curve_lies_in_its_enclosure(
    entry: Scheduler, absent: dict[str, str], session: Session
) -> None:
    """What a report draws of a scheduler is inside the schedule's enclosure at every step."""
    if entry.library in absent:
        pytest.skip(f"{entry.library}: {absent[entry.library]}")
    drawn = curves(Subject(entry, session))
    assert [curve.title for curve in drawn if max(map(abs, curve.units)) > 1.0] == []
    assert all(len(curve.units) == len(curve.schedule) for curve in drawn)


@pytest.mark.parametrize("entry", OTHERS, ids=lambda entry: entry.identifier)
def test_conforms_or_deviates_as_known(entry: Scheduler, absent: dict[str, str]) -> None:
    """Every property passes, does not apply, or is a known deviation that still shows."""
    if entry.library in absent:
        pytest.skip(f"{entry.library}: {absent[entry.library]}")
    (unit,) = units((entry,), budget=BUDGET, python=PYTHON)
    results = judge_unit(dataclasses.replace(unit, draw=False)).results
    wrong = [f"{r.cell.property}: {r.verdict} {r.reason}" for r in results if r.verdict not in GOOD]
    assert not wrong
