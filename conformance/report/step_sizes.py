"""How far a rule's reference steps under three gradients: what the pages of the rules draw."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from conformance.report.model import LineEntry, PlotEntry
from reference import rules as references
from reference.experiments.experiment import steps
from reference.formats import Array
from spec.rule import UpdateRule

STEPS, RARE = 200, 10
GRADIENTS: Mapping[str, Callable[[int], float]] = {
    "constant": lambda _: 1.0,
    "alternating": lambda count: (-1.0) ** count,
    "sparse, every tenth": lambda count: float(count % RARE == 1),
}


def step_sizes(rule: UpdateRule) -> PlotEntry | None:
    """Return the step over the learning rate at each t, from the NumPy reference at default settings.

    A rule for matrices is given one of two rows and two columns.  Nothing where there is no reference.
    """
    if rule.name not in references.references():
        return None
    shape = (2, 2) if rule.matrices else (1,)
    curves = tuple(
        LineEntry(name, tuple(range(1, STEPS + 1)), _lengths(rule, shape, gradient))
        for name, gradient in GRADIENTS.items()
    )
    return PlotEntry("Step size at default settings", "t", "|change|/lr", curves)


def _lengths(rule: UpdateRule, shape: tuple[int, ...], gradient: Callable[[int], float]) -> tuple[float, ...]:
    settings = {h.symbol.name: h.default for h in rule.hyperparameters}
    rate = settings["eta"]
    previous, lengths = np.ones(shape), []

    def gradients(count: int, _: Array) -> Array:
        return np.full(shape, gradient(count))

    with np.errstate(all="ignore"):
        for after in steps(rule, settings, previous, gradients, [rate] * STEPS):
            lengths.append(float(np.abs(after["theta"] - previous).flat[0]) / rate)
            previous = after["theta"]
    return tuple(float(f"{length:.6g}") for length in lengths)
