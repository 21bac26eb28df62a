"""Every path of the catalogue in every format, as the command line judges it."""

from __future__ import annotations

import dataclasses

import pytest

from conformance.contract.clauses import CLAUSES
from conformance.engine import ALL_PROPERTIES, Unit, judge_unit, units
from conformance.verdict import Verdict
from impls.catalogue import CATALOGUE, FLOATS

BUDGET = 3
IN_FLOAT32 = frozenset(clause.identifier for clause in CLAUSES)
"""The contract is judged here in one format; the report judges it in all."""


def _name(unit: Unit) -> str:
    return f"{unit.implementation.identifier}-{unit.path.name}-{unit.device}-{unit.dtype}"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make one test of each unit on the device that was chosen."""
    device = metafunc.config.getoption("--device")
    plan = units(CATALOGUE, device=device, dtypes=FLOATS, properties=ALL_PROPERTIES, budget=BUDGET, seed=0)
    metafunc.parametrize("unit", plan, ids=_name)


def test_conforms_or_deviates_as_known(unit: Unit) -> None:
    """Every property passes, does not apply, or is a known deviation that still shows."""
    asked = tuple(name for name in unit.properties if unit.dtype == "float32" or name not in IN_FLOAT32)
    without_mutants = dataclasses.replace(unit, measure_power=False, properties=asked)
    results = judge_unit(without_mutants).results
    good = {Verdict.PASS, Verdict.DEVIATION, Verdict.NOT_APPLICABLE}
    wrong = [f"{r.cell.property}: {r.verdict} {r.reason}" for r in results if r.verdict not in good]
    assert not wrong
