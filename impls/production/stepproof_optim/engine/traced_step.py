"""A rule's step under a group's settings, as lines that a compiler takes and the numbers of this step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from .arrays import Scalar
from .formula import written
from .rule import Group, Rule, descent

TOLD = (bool, int, float, str, tuple, type(None))
"""What the settings of rules are, once a Tensor has been read."""


@dataclass(frozen=True)
class TracedStep:
    """The lines of a step, its numbers, the states that it makes, and what it makes of those of one number."""

    program: tuple[str, ...]
    numbers: tuple[float, ...]
    made: tuple[str, ...]
    after: Mapping[str, float]


def traced_step(
    rule: Rule,
    group: Group,
    keys: Sequence[str],
    numbers: Mapping[str, Scalar],
    t: Scalar,
    absent: tuple[str, ...] = (),
) -> TracedStep:
    """Return the step under a group's settings.

    `keys` are the states of the parameter's format, of which those in `absent` are not there yet, and
    `numbers` those that are one number.
    """
    told = tuple((key, value) for key, value in group.items() if isinstance(value, TOLD))
    return _traced(rule, told, tuple(keys), tuple(numbers.items()), t, absent)


@lru_cache(maxsize=64)
def _traced(
    rule: Rule,
    told: tuple[tuple[str, Any], ...],
    keys: tuple[str, ...],
    numbers: tuple[tuple[str, Scalar], ...],
    t: Scalar,
    absent: tuple[str, ...],
) -> TracedStep:
    """Return the step under settings as they are told: groups with the same ones share it."""
    group, given = dict(told), dict(numbers)
    after: dict[str, float] = {}

    def step(theta: Any, gradient: Any, states: dict[str, Any]) -> Any:
        states |= given
        moved = rule.update(theta, descent(gradient, group), states, group, t)
        after.update((key, states.pop(key)) for key in given)
        return moved

    lines = written(step, keys, absent)
    return TracedStep(lines.program, tuple(lines.numbers), lines.made, after)
