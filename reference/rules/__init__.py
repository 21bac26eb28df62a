"""Hand-written NumPy references, one module per rule, each with its ``step``."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Callable, Mapping
from typing import TypeAlias

from reference.formats import Array, Format
from spec.rule import UpdateRule

Step: TypeAlias = Callable[
    [Mapping[str, str], Format, Mapping[str, float], Mapping[str, Array]], dict[str, Array]
]
"""Options, format, scalars and arrays before the step, all by name, to the arrays after it."""


@functools.cache
def references() -> dict[str, Step]:
    """Return the reference step of every rule family by name."""
    modules = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return {name: importlib.import_module(f"{__name__}.{name}").step for name in modules}


def step(
    rule: UpdateRule, storage: Format, scalars: Mapping[str, float], before: Mapping[str, Array]
) -> dict[str, Array]:
    """Make one step of a rule's reference.

    ``scalars`` are the hyperparameters and ``t``, ``before`` the parameter, the states and the
    gradient, by the names of their symbols; arrays are of ``storage``, and so is the result.
    """
    after = references()[rule.name](rule.options, storage, scalars, before)
    return {name: value.astype(storage.dtype) for name, value in after.items()}
