"""Every path of the catalogue in every format, as the command line judges it."""

from __future__ import annotations

import dataclasses

import pytest

from conformance.catalogue.optimizer_units import OptimizerUnit, units
from conformance.claims import BY_IDENTIFIER, identifiers
from conformance.contract.clauses import CLAUSES
from conformance.engine.ledger import OPTIMIZERS
from conformance.engine.verdict import Verdict
from impls.catalogue.torch_optimizers import CATALOGUE
from impls.devices import FLOATS
from impls.session import Session
from tests.builders import results_of

BUDGET = 3
IN_FLOAT32 = frozenset(clause.identifier for clause in CLAUSES)
"""The contract is judged here in one format; the report judges it in all."""
GOOD = {Verdict.PASS, Verdict.DEVIATION, Verdict.NOT_APPLICABLE}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make one test of each unit on the device that was chosen."""
    device = metafunc.config.getoption("--device")
    properties = identifiers(OPTIMIZERS)
    plan = units(CATALOGUE, device=device, dtypes=FLOATS, properties=properties, budget=BUDGET, seed=0)
    metafunc.parametrize("unit", plan, ids=lambda unit: unit.label.replace(" ", "-"))


def test_conforms_or_deviates_as_known(unit: OptimizerUnit, session: Session) -> None:
    """Every property passes, does not apply, or is a known deviation that still shows."""
    asked = tuple(name for name in unit.properties if unit.dtype == "float32" or name not in IN_FLOAT32)
    unit = dataclasses.replace(unit, measure_power=False, properties=asked)
    results, subject = results_of(unit, session), unit.subject(session)
    assert [r.cell.property for r in results] == [
        name for name in asked if BY_IDENTIFIER[OPTIMIZERS][name].concerns(subject)
    ]
    assert not [f"{r.cell.property}: {r.verdict} {r.reason}" for r in results if r.verdict not in GOOD]
