"""Claims of the literature: each is proven, and none that is false."""

from __future__ import annotations

import pytest

from spec.claims import claims
from spec.claims.step_size import bound
from spec.family import FormulaClaim
from spec.proofs import prove


@pytest.mark.parametrize("claim", claims(), ids=lambda claim: claim.identifier)
def test_a_claim_is_proven(claim: FormulaClaim) -> None:
    """Every equation of the claim is shown."""
    proof = prove(claim)
    assert proof.proven
    assert proof.equations > 0


@pytest.mark.parametrize("claim", claims(), ids=lambda claim: claim.identifier)
def test_a_false_claim_is_not(claim: FormulaClaim) -> None:
    """The claim with one side moved by one is not proven."""
    left, right = claim.equations()[-1]
    assert not prove(FormulaClaim("x", "x", "x", "x", lambda: ((left, right + 1),))).proven


def test_a_single_step_is_as_long_as_the_learning_rate() -> None:
    """At the first step the sharp bound is one for all decay rates."""
    assert bound(0.5, 0.25 + 0.5, 1) == 1.0
