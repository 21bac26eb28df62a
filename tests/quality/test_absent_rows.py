"""Rows without a gradient: torch's SparseAdam keeps them, and one that decays them is found."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from conformance.engine import Unit, judge_unit
from conformance.verdict import CellResult, Verdict
from impls.catalogue import CATALOGUE, Implementation

SPARSE = next(item for item in CATALOGUE if item.identifier == "torch.SparseAdam")
WRONG = dataclasses.replace(SPARSE, target=f"{Path(__file__).parent / 'wrong_sparse.py'}:DecaysAbsentRows")


def judged(implementation: Implementation, claim: str) -> CellResult:
    """Return the result of one property in float32."""
    unit = Unit(implementation, SPARSE.paths[0], "cpu", "float32", (claim,), 40, 0, measure_power=False)
    return judge_unit(unit).results[0]


def test_torch_keeps_absent_rows() -> None:
    """SparseAdam leaves the rows that its gradient does not name."""
    assert judged(SPARSE, "gradients/absent-rows").verdict is Verdict.PASS


@pytest.mark.parametrize("claim", ["gradients/absent-rows"])
def test_a_decay_of_absent_rows_is_found(claim: str) -> None:
    """A first moment that decays in absent rows is a finding in that state."""
    result = judged(WRONG, claim)
    assert result.verdict is Verdict.FAIL
    assert [finding.quantity for finding in result.findings] == ["m"]


def test_local_agreement_does_not_see_it() -> None:
    """With all rows in the gradient the wrong optimizer is right."""
    assert judged(WRONG, "agreement/local").verdict is Verdict.PASS
