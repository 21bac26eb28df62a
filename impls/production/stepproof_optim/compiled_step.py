"""A rule's step under a group's settings, compiled for tensors of given formats."""

from __future__ import annotations

import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from .arrays import Scalar
from .formula import written
from .kernel import Kernel, kernel
from .rule import Group, Rule


@dataclass(frozen=True)
class CompiledStep:
    """A kernel with the numbers of this step, the states that it makes, and what it makes of those of one number."""

    kernel: Kernel
    numbers: array.array[float]
    made: tuple[str, ...]
    after: Mapping[str, float]


def compiled_step(
    rule: Rule,
    group: Group,
    keys: Sequence[str],
    numbers: Mapping[str, Scalar],
    t: Scalar,
    formats: tuple[torch.dtype, torch.dtype],
    absent: tuple[str, ...] = (),
) -> CompiledStep | None:
    """Return the step for parameters and gradients of two formats, or None where nothing can compile it.

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
    found = kernel(lines.program, len(lines.numbers), (*formats, *(formats[0] for _ in keys)))
    if found is None:
        return None
    return CompiledStep(found, array.array("d", lines.numbers or [0.0]), lines.made, after)
