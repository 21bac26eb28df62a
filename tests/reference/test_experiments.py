"""The experiments see what the literature claims, and a wrong rule is not seen to."""

from __future__ import annotations

import numpy as np
import pytest

from reference.experiments import Experiment, experiments
from reference.experiments.counterexample import _online
from reference.experiments.experiment import steps
from spec import rules as book


@pytest.mark.parametrize("experiment", experiments(), ids=lambda experiment: experiment.identifier)
def test_the_claim_is_seen(experiment: Experiment) -> None:
    """The run shows the claim and has figures and curves."""
    outcome = experiment.run()
    assert outcome.seen
    assert outcome.figures
    assert all(len(curve.x) == len(curve.y) > 1 for curve in outcome.curves)


def test_gradient_descent_is_no_counterexample() -> None:
    """On the counterexample's gradients plain descent ends at the best point, -1."""
    rates = [0.5 / np.sqrt(count) for count in range(1, 301)]
    settings = {"mu": 0.0, "tau": 0.0}
    *_, last = steps(book.build("sgd"), settings, np.ones(1), _online, rates, (-1.0, 1.0))
    assert last["theta"][0] < -0.5
