"""Functions to minimise, with their gradients written out: on floats, on balls and on tensors alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from reference.balls.rounded import total
from reference.formats import Array


@dataclass(frozen=True)
class Problem:
    """A function: its value and gradient at a point, where to start, and where it is least."""

    name: str
    title: str
    evaluate: Callable[[Array], tuple[Any, Array]]
    start: tuple[float, ...]
    least: tuple[float, ...]


def quadratic(x: Array) -> tuple[Any, Array]:
    """Half the sum of k*x_k^2: axes whose curvatures are 1, 2, 3, ..."""
    curvatures = _constants(x, np.arange(1.0, x.size + 1.0))
    gradient = curvatures * x
    return total(x * gradient) * 0.5, gradient


def rosenbrock(x: Array) -> tuple[Any, Array]:
    """Rosenbrock (1960): 100*(y - x^2)^2 + (1 - x)^2, a curved valley with its floor at (1, 1)."""
    across, along = x[1] - x[0] * x[0], 1.0 - x[0]
    loss = across * across * 100.0 + along * along
    slopes = [x[0] * across * -400.0 - along * 2.0, across * 200.0]
    return loss, np.array(slopes, dtype=x.dtype)


def skewed(x: Array) -> tuple[Any, Array]:
    """Half of x^2, below zero (1 - 2^-13)/4 of that: from 1 to -2 it hardly falls, and ends half as steep."""
    gradient = x * ((1 - 2**-13) / 4 if x[0] < 0.0 else 1.0)
    return total(x * gradient) * 0.5, gradient


def _constants(x: Array, values: Array) -> Array:
    return x[0].computing.array(values) if x.dtype == object else values.astype(x.dtype)


PROBLEMS = {
    problem.name: problem
    for problem in (
        Problem(
            "quadratic",
            "A quadratic with curvatures 1 to 6",
            quadratic,
            (1.0, -0.75, 0.5, 1.25, -1.0, 0.375),
            (0.0,) * 6,
        ),
        Problem("rosenbrock", "Rosenbrock's valley", rosenbrock, (-1.25, 1.0), (1.0, 1.0)),
    )
}
EVERY = PROBLEMS | {"skewed": Problem("skewed", "A skewed parabola", skewed, (1.0,), (0.0,))}
"""The problems that are drawn, and those made for one mistake."""
