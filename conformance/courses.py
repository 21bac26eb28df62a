"""States on the way to a minimum: quantities that belong together, as a course of steps leaves them.

Drawn apart, a step and a change of the gradient point anywhere: their product cancels, and what is
divided by it may be anything.  Most tensors are drawn as if the function curved upwards.
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
"""Of so many tensors one keeps states that were drawn apart."""
SPREAD = 4
"""Curvatures of one tensor lie within so many powers of two."""
DOT: Mapping[str, Callable[..., Array]] = {"Dot": lambda left, right: np.sum(left * right)}


@functools.lru_cache(maxsize=256)
def _placed(rule: UpdateRule) -> tuple[tuple[str, tuple[str, ...], Callable[..., Array]], ...]:
    """Return for each state that has a place its name, what that takes, and the function."""
    found = []
    for state in rule.states:
        if state.near is not None:
            symbols = sorted(state.near.free_symbols, key=str)
            compute = sp.lambdify(symbols, state.near, [DOT, "numpy"])
            found.append((state.symbol.name, tuple(symbol.name for symbol in symbols), compute))
    return tuple(found)


def follow(
    rule: UpdateRule, values: dict[str, Array], gradient: Array, generator: np.random.Generator
) -> None:
    """Move the states of ``values`` that have a place to where a course leaves them, in most tensors."""
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
