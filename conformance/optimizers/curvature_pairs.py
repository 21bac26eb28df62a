"""Draws pairs of a step s and a change of the gradient y as on a convex quadratic, so that s.y > 0.

Drawn independently, s and y point anywhere: their product cancels, and what a quasi-Newton rule divides
by it may be anything.  One tensor of ``ADVERSARIAL`` keeps such states.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping

import numpy as np
import sympy as sp

from reference.formats import Array
from spec.rule import CURVATURE, UpdateRule
from spec.symbols import g

ADVERSARIAL = 8
"""One tensor in so many keeps states that were drawn independently."""
SPREAD = 4
"""Curvatures of one tensor lie between 1 and 2 to this power."""
DOT: Mapping[str, Callable[..., Array]] = {"Dot": lambda left, right: np.sum(left * right)}


@functools.lru_cache(maxsize=256)
def _placed(rule: UpdateRule) -> tuple[tuple[str, tuple[str, ...], Callable[..., Array]], ...]:
    """Return, for each state with a value near a minimum, its name, the arguments of that value and its function."""
    found = []
    for state in rule.states:
        if state.near is not None:
            symbols = sorted(state.near.free_symbols, key=str)
            compute = sp.lambdify(symbols, state.near, [DOT, "numpy"])
            found.append((state.symbol.name, tuple(symbol.name for symbol in symbols), compute))
    return tuple(found)


def follow(rule: UpdateRule, values: dict[str, Array], gradient: Array, generator: np.random.Generator) -> None:
    """Give the states of ``values`` that have a value near a minimum that value, in most tensors."""
    placed = _placed(rule)
    if not placed or not gradient.size or generator.integers(ADVERSARIAL) == 0:
        return
    curvature = np.exp2(generator.uniform(0.0, SPREAD, gradient.size))
    known = {**values, g.name: gradient, CURVATURE.name: curvature}
    with np.errstate(all="ignore"):
        for name, taken, compute in placed:
            place = np.broadcast_to(compute(*(known[other] for other in taken)), known[name].shape)
            known[name] = np.where(np.isfinite(place), place, known[name])
            values[name] = known[name]
