"""Every optimizer of every other library that is installed, on every path and in every format."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator

import pytest

from conformance.engine import ALL_PROPERTIES, judge_unit, units
from conformance.installation import probe
from conformance.verdict import Verdict
from impls.catalogue import FLOATS, Implementation
from impls.libraries import LIBRARIES, OTHERS
from impls.session import Session

BUDGET = 0.5
PYTHON = os.environ.get("STEPPROOF_LIBRARIES")
"""An interpreter that has the libraries; without it, that of the tests."""


@pytest.fixture(scope="module")
def absent() -> Iterator[dict[str, str]]:
    """Return why each library that is not installed cannot be imported."""
    with Session(PYTHON) as session:
        yield {name: reason for name in LIBRARIES if (reason := probe(LIBRARIES[name], session)[1])}


@pytest.mark.parametrize("item", OTHERS, ids=lambda item: item.identifier)
def test_conforms_or_deviates_as_known(item: Implementation, absent: dict[str, str]) -> None:
    """Every property passes, does not apply, or is a known deviation that still shows."""
    if item.library in absent:
        pytest.skip(f"{item.library}: {absent[item.library]}")
    good = {Verdict.PASS, Verdict.DEVIATION, Verdict.NOT_APPLICABLE}
    wrong = []
    plan = units(
        (item,), device="cpu", dtypes=FLOATS, properties=ALL_PROPERTIES, budget=BUDGET, seed=0, python=PYTHON
    )
    for unit in plan:
        results = judge_unit(dataclasses.replace(unit, measure_power=False)).results
        wrong += [f"{r.cell}: {r.verdict} {r.reason}" for r in results if r.verdict not in good]
    assert not wrong
