"""Rows without a gradient: torch's SparseAdam keeps them, and one that decays them is found."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from conformance.engine.verdict import CellResult, Verdict
from impls.catalogue.entries import Implementation
from impls.session import Session
from tests.builders import entry, result_of, unit_of

SPARSE = entry("torch.SparseAdam")
WRONG = dataclasses.replace(SPARSE, target=f"{Path(__file__).parent / 'wrong_sparse.py'}:DecaysAbsentRows")


def judged(implementation: Implementation, claim: str, session: Session) -> CellResult:
    """Return the result of one property in float32."""
    return result_of(unit_of(implementation, claim, cases=40), session)


def test_torch_keeps_absent_rows(session: Session) -> None:
    """SparseAdam leaves the rows that its gradient does not name."""
    assert judged(SPARSE, "gradients/absent-rows", session).verdict is Verdict.PASS


def test_a_decay_of_absent_rows_is_found(session: Session) -> None:
    """A first moment that decays in absent rows is a finding in that state."""
    result = judged(WRONG, "gradients/absent-rows", session)
    assert result.verdict is Verdict.FAIL
    assert [finding.quantity for finding in result.findings] == ["m"]


def test_local_agreement_does_not_see_it(session: Session) -> None:
    """With all rows in the gradient the wrong optimizer is right."""
    assert judged(WRONG, "agreement/local", session).verdict is Verdict.PASS
