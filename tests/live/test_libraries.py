"""Every optimizer of every other library that is installed, on every path and in every format."""

from __future__ import annotations

import dataclasses

import pytest

from conformance.catalogue.optimizer_units import units
from conformance.claims import identifiers
from conformance.engine.ledger import OPTIMIZERS
from conformance.engine.verdict import Verdict
from impls.catalogue.entries import Implementation
from impls.devices import FLOATS
from impls.libraries import OTHERS
from impls.session import Session
from tests.builders import results_of

BUDGET = 0.5
GOOD = {Verdict.PASS, Verdict.DEVIATION, Verdict.NOT_APPLICABLE}


@pytest.mark.parametrize(
    "item", [pytest.param(i, id=i.identifier, marks=pytest.mark.library(i.library)) for i in OTHERS]
)
def test_conforms_or_deviates_as_known(item: Implementation, library_session: Session) -> None:
    """Every property passes, does not apply, or is a known deviation that still shows."""
    properties = identifiers(OPTIMIZERS)
    plan = units((item,), device="cpu", dtypes=FLOATS, properties=properties, budget=BUDGET, seed=0)
    assert plan
    for unit in plan:
        results = results_of(dataclasses.replace(unit, measure_power=False), library_session)
        assert results
        assert not [f"{r.cell}: {r.verdict} {r.reason}" for r in results if r.verdict not in GOOD]
