"""Gradients that make Adam's step as long as it can be."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from reference.experiments.experiment import Curve, Experiment, ExperimentOutcome, steps
from reference.formats import FLOAT64, Array
from spec import rules as book
from spec.claims.step_size import bound

LAST = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000)
ROUNDINGS = 8
"""Roundings of a step: each of a moving average, its correction and the quotient, once."""
COUNTS = tuple(float(np.log10(last)) for last in LAST)


def _growing(scale: float, last: int) -> Callable[[int, Array], Array]:
    """Return gradients that grow up to step ``last`` as the sharp bound asks for."""
    return lambda count, _: np.array([scale ** (last - count)])


def longest() -> ExperimentOutcome:
    """Feed Adam gradients (beta1/beta2)^(T - i) and compare its step T with both bounds."""
    beta1, beta2 = 0.9, 0.999
    settings = {"beta1": beta1, "beta2": beta2, "epsilon": 0.0}
    published = (1 - beta1) / np.sqrt(1 - beta2)
    rule, scale = book.build("adam"), beta1 / beta2
    lengths: list[float] = []
    bounds: list[float] = []
    for last in LAST:
        before = 0.0
        run = steps(rule, settings, np.zeros(1), _growing(scale, last), [1.0] * last)
        for after in run:
            previous, before = before, float(after["theta"][0])
        lengths.append(abs(before - previous))
        bounds.append(float(bound(beta1, beta2, last)) ** 0.5)
    worst = max(a / b for a, b in zip(lengths, bounds, strict=True))
    figures = {
        "longest step over lr": lengths[-1],
        "published bound": float(published),
        "longest over sharp bound": worst,
    }
    seen = lengths[-1] > published and worst < 1 + ROUNDINGS * LAST[-1] * FLOAT64.unit_roundoff
    drawn = {"longest step": lengths, "sharp bound": bounds, "published bound": [float(published)] * len(LAST)}
    return ExperimentOutcome(seen, figures, tuple(Curve(name, COUNTS, tuple(ys)) for name, ys in drawn.items()))


EXPERIMENTS = (
    Experiment(
        "adam/longest-step",
        "Growing gradients make Adam step beyond lr*(1 - beta1)/sqrt(1 - beta2).",
        "Kingma and Ba 2015, section 2.1",
        ("log10 t", "step over lr"),
        longest,
    ),
)
