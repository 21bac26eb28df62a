"""Every path of the catalogue in every format, as the command line judges it."""

from __future__ import annotations

import pytest

from conformance.engine import ALL_PROPERTIES, judge_unit, units
from conformance.verdict import Verdict
from impls.catalogue import CATALOGUE, FLOATS

EVERY = units(CATALOGUE, device="cpu", dtypes=FLOATS, properties=ALL_PROPERTIES, budget=10, seed=0) + units(
    CATALOGUE, device="cuda", dtypes=FLOATS, properties=ALL_PROPERTIES, budget=10, seed=0
)


def _name(unit: object) -> str:
    return f"{unit.implementation.identifier}-{unit.path.name}-{unit.device}-{unit.dtype}"  # type: ignore[attr-defined]


@pytest.mark.parametrize("unit", EVERY, ids=_name)
def test_conforms_or_deviates_as_known(unit: object, pytestconfig: pytest.Config) -> None:
    """Every property passes, does not apply, or is a known deviation that still shows."""
    if unit.device != pytestconfig.getoption("--device"):  # type: ignore[attr-defined]
        pytest.skip("of the other device")
    results = judge_unit(unit).results  # type: ignore[arg-type]
    good = {Verdict.PASS, Verdict.DEVIATION, Verdict.NOT_APPLICABLE}
    wrong = [f"{r.cell.property}: {r.verdict} {r.reason}" for r in results if r.verdict not in good]
    assert not wrong
