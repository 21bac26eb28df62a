"""A rule's step under a group's settings, as lines that a compiler takes and the numbers of this step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .arrays import Scalar
from .formula import written
from .rule import Group, Rule


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
    after: dict[str, float] = {}

    def step(theta: Any, gradient: Any, states: dict[str, Any]) -> Any:
        states |= numbers
        moved = rule.update(theta, -gradient if group["maximize"] else gradient, states, group, t)
        after.update((key, states.pop(key)) for key in numbers)
        return moved

    lines = written(step, tuple(keys), absent)
    return TracedStep(lines.program, tuple(lines.numbers), lines.made, after)
