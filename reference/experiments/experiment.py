"""What an experiment is: a claim, a run, figures, and curves to look at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from reference import rules as references
from reference.formats import FLOAT64, Array
from spec.rule import UpdateRule


@dataclass(frozen=True)
class Curve:
    """One line of a plot: its name and its points."""

    name: str
    x: tuple[float, ...]
    y: tuple[float, ...]


@dataclass(frozen=True)
class ExperimentOutcome:
    """Whether the claim was seen, the figures measured, and the curves."""

    seen: bool
    figures: Mapping[str, float]
    curves: tuple[Curve, ...]


@dataclass(frozen=True)
class Experiment:
    """A claim of the literature that a deterministic run shows or refutes."""

    identifier: str
    sentence: str
    source: str
    axes: tuple[str, str]
    run: Callable[[], ExperimentOutcome]


def steps(
    rule: UpdateRule,
    settings: Mapping[str, float],
    start: Array,
    gradients: Callable[[int, Array], Array],
    rates: Iterable[float],
    bounds: tuple[float, float] | None = None,
) -> Iterator[dict[str, Array]]:
    """Yield parameter and states after each step in float64, the parameter moved back into ``bounds``.

    ``gradients`` maps the step count and the parameter to the gradient; ``rates`` are the learning
    rates of the steps, as many as there are.
    """
    before = {rule.parameter.symbol.name: start}
    for state in rule.states:
        value = float(state.initial.subs({h.symbol: settings.get(h.symbol.name, 0.0) for h in rule.hyperparameters}))
        before[state.symbol.name] = np.full(state.shape(start.shape), value)
    for count, rate in enumerate(rates, 1):
        scalars = {**settings, "eta": rate, "t": float(count)}
        gradient = gradients(count, before["theta"])
        before = references.step(rule, FLOAT64, scalars, {**before, "g": gradient})
        if bounds is not None:
            before["theta"] = np.clip(before["theta"], *bounds)
        yield before


def curve(name: str, values: list[float], points: int = 200) -> Curve:
    """Return a curve over steps from 1, thinned to about ``points`` points."""
    kept = sorted({round(place) for place in np.geomspace(1, len(values), points)})
    return Curve(name, tuple(float(k) for k in kept), tuple(values[k - 1] for k in kept))
