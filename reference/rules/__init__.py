"""Hand-written NumPy references, one module per rule, each with its ``step``.

``STEPPROOF_RULES`` names a folder whose ``reference`` holds those of rules of your own.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Mapping
from typing import TypeAlias

import numpy as np

from reference.formats import FLOAT64, Array, Format
from spec.book import modules
from spec.rule import State, UpdateRule

Step: TypeAlias = Callable[[Mapping[str, str], Format, Mapping[str, float], Mapping[str, Array]], dict[str, Array]]
"""Options, format, scalars and arrays before the step, all by name, to the arrays after it."""


def names() -> tuple[str, ...]:
    """Return the name of every rule family with a reference."""
    return modules(__name__, own="reference")


@functools.cache
def references() -> dict[str, Step]:
    """Return the reference step of every rule family by name."""
    return {name: importlib.import_module(f"{__name__}.{name}").step for name in names()}


def step(
    rule: UpdateRule, storage: Format, scalars: Mapping[str, float], before: Mapping[str, Array]
) -> dict[str, Array]:
    """Make one step of a rule's reference.

    ``scalars`` are the hyperparameters and ``t``, ``before`` the parameter, the states and the
    gradient, by the names of their symbols; arrays are of ``storage``, and so is the result.
    """
    after = references()[rule.name](rule.options, storage, scalars, before)
    formats = {state.symbol.name: kept_in(state, storage) for state in rule.quantities}
    return {name: formats[name].stored(np.asarray(value)) for name, value in after.items()}


def kept_in(state: State, storage: Format) -> Format:
    """Return the format of a state: a number for a whole tensor is kept in float64."""
    return FLOAT64 if state.scalar else storage
