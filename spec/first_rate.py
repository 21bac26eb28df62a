"""The first learning rate of a run, by which some rules measure today's."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping

from spec.rule import UpdateRule
from spec.symbols import first_lr, lr


@functools.lru_cache(maxsize=4096)
def asks_first_rate(rule: UpdateRule) -> bool:
    """Tell whether a line of a rule asks for the first learning rate."""
    return any(first_lr in line.expression.free_symbols for line in rule.program)


def first_rate(rates: Iterable[float]) -> float:
    """Return the first of the learning rates of a run that is not 0, or 1."""
    return next((rate for rate in rates if rate), 1.0)


def with_first_rate(rule: UpdateRule, scalars: Mapping[str, float]) -> Mapping[str, float]:
    """Return the scalars of a step with the first learning rate: today's where a rule asks for it and nobody says."""
    if first_lr.name in scalars or not asks_first_rate(rule):
        return scalars
    return {**scalars, first_lr.name: first_rate([scalars[lr.name]])}
