"""Hand-written references of schedules in plain Python, one module per schedule, found by name.

A schedule of time has a function ``learning_rate`` of one time, one over metrics ``learning_rates``
of all of them; written from the paper or the library, not from the spec.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import TypeAlias

Given: TypeAlias = Mapping[str, Sequence[float]]
"""What the user gives as lists: ``milestones``, and the ``factors`` of t from 0 or of the milestones;
to a sequence or a chain the values of its parts ``a`` and ``b`` at their own times from 0."""
Reference: TypeAlias = Callable[[Mapping[str, str], Mapping[str, float], Given, Sequence[float]], list[float]]
"""Options, settings by keyword, what the user gives, and times or metrics, to learning rates.

The settings are those of the schedule's hyperparameters, the base ``lr`` among them.  Of times there
is one learning rate for each; of metrics one before the first and one after each.
"""


@functools.cache
def references() -> dict[str, Reference]:
    """Return the reference of every schedule by the name of its family."""
    modules = sorted(module.name for module in pkgutil.iter_modules(__path__))
    found = {name: importlib.import_module(f"{__name__}.{name}") for name in modules}
    return {name: _of_all(module) for name, module in found.items()}


def _of_all(module: ModuleType) -> Reference:
    """Return a module's reference as a function of all times or metrics."""
    if hasattr(module, "learning_rates"):
        return lambda options, settings, _, metrics: module.learning_rates(options, settings, metrics)
    return lambda options, settings, given, times: [
        module.learning_rate(options, settings, given, t) for t in times
    ]
