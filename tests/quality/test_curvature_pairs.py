"""States that belong together are drawn together, and now and then apart."""

from __future__ import annotations

import numpy as np

from conformance.optimizers.cases import TensorCase
from conformance.optimizers.tensor_values import expand
from impls.session import Session
from reference.formats import FLOAT32
from spec import rules as book
from tests.builders import entry, result_of, unit_of

TENSORS = 64


def test_most_cases_of_a_quasi_newton_step_are_decided(session: Session) -> None:
    """Pairs of positive curvature leave less than a fifth of L-BFGS's element-cases undecided."""
    result = result_of(unit_of(entry("reference.lbfgs"), "agreement/local", cases=30), session)
    assert result.figures.element_cases > 10_000
    assert result.figures.undecided < result.figures.element_cases / 5


def test_some_pairs_are_drawn_apart() -> None:
    """In most tensors every product of step and change is positive, in a few it has either sign."""
    rule = book.build("lbfgs")
    together = 0
    for seed in range(TENSORS):
        values, _ = expand(TensorCase((64,), 5, seed), rule, FLOAT32, {"eta": 1.0})
        together += bool(np.all(values["Y1"] * values["S1"] >= 0.0))
    assert TENSORS / 2 < together < TENSORS
