"""What L2 in the gradient and decoupled decay leave of parameters with small and large gradients."""

from __future__ import annotations

import numpy as np

from reference.experiments.experiment import Curve, Experiment, ExperimentOutcome, steps
from reference.formats import Array
from spec import rules as book
from spec.rule import UpdateRule

STEPS, SIZES = 2000, 10.0 ** np.arange(-3.0, 3.5, 0.5)


def _left(rule: UpdateRule) -> Array:
    """Return what is left of parameters 1 whose gradients change sign at every step."""
    settings = {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "lambda": 0.1}

    def gradients(count: int, _: Array) -> Array:
        return SIZES * (-1.0) ** count

    *_, after = steps(rule, settings, np.ones_like(SIZES), gradients, [1e-2] * STEPS)
    return after["theta"]


def shrinking() -> ExperimentOutcome:
    """Run both decays on gradients from 0.001 to 1000 and compare what is left of the parameters."""
    coupled, decoupled = _left(book.build("adam", {"decay": "coupled"})), _left(book.build("adamw"))
    figures = {
        "left at |g| = 0.001 under L2": float(coupled[0]),
        "at 1000": float(coupled[-1]),
        "spread under AdamW": float(np.ptp(decoupled)),
    }
    seen = bool(coupled[0] < coupled[-1] and np.ptp(decoupled) < np.ptp(coupled))
    curves = tuple(
        Curve(name, tuple(np.log10(SIZES)), tuple(left))
        for name, left in (("L2 in the gradient", coupled), ("AdamW", decoupled))
    )
    return ExperimentOutcome(seen, figures, curves)


EXPERIMENTS = (
    Experiment(
        "decay/spread",
        "L2 under Adam shrinks parameters with large gradients less, AdamW all alike.",
        "Loshchilov and Hutter 2019, section 2",
        ("log10 |g|", "left of a parameter 1"),
        shrinking,
    ),
)
