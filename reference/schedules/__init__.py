"""Hand-written references of schedules in plain Python, one module per schedule, found by name.

A schedule of time has a function ``learning_rate`` of one time, and ``momentum`` where it cycles that;
one over metrics has ``learning_rates`` of all of them.  They are written from the paper or the library,
not from the spec.  ``STEPPROOF_RULES`` names a folder whose ``reference/schedules`` holds those of schedules of your
own.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import TypeAlias

from spec.book import modules

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
    return {name: _of_all(module) for name, module in _modules().items()}


@functools.cache
def momenta() -> dict[str, Reference]:
    """Return the reference of the momentum of every schedule that cycles one."""
    return {name: _at_each(module, "momentum") for name, module in _modules().items() if hasattr(module, "momentum")}


def _modules() -> dict[str, ModuleType]:
    return {
        name: importlib.import_module(f"{__name__}.{name}") for name in modules(__name__, own="reference/schedules")
    }


def _of_all(module: ModuleType) -> Reference:
    """Return a module's reference as a function of all times or metrics."""
    if hasattr(module, "learning_rates"):
        return lambda options, settings, _, metrics: module.learning_rates(options, settings, metrics)
    return _at_each(module, "learning_rate")


def _at_each(module: ModuleType, name: str) -> Reference:
    """Return a module's function of one time as a function of all times."""
    return lambda options, settings, given, times: [getattr(module, name)(options, settings, given, t) for t in times]
