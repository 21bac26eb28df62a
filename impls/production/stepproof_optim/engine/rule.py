"""What the engine asks of a rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch

from .arrays import Array, Scalar
from .settings import Setting

Group = Mapping[str, Any]
"""A param group: its settings by their keyword."""
States = dict[str, Any]
"""The states of a parameter by torch's key; one that the first step makes is None before."""
Update = Callable[[Array, Array, States, Group, Scalar], Array]
"""The step on arrays: of parameter, gradient, states, settings and the number of this step, from 1.

It returns the new parameter and puts the new states in the place of the old ones.
"""


SCALE = "grad_scale"
"""The key under which a group holds by what its gradients were multiplied, for the length of a step."""


def descent(gradient: Array, group: Group) -> Array:
    """Return the gradient along which a step descends: without the loss scale, and turned where it is to climb."""
    if group.get(SCALE) is not None:
        gradient = gradient / group[SCALE]
    return -gradient if group["maximize"] else gradient


@dataclass(frozen=True)
class State:
    """A state that is kept for each parameter.

    `initial` is its first value, or the key of the group's setting that is; without one the first step makes it.
    A `single` state is one number of float64 for each parameter.  Any other has the parameter's dtype, and its
    shape but for the dimensions in `reduced`, which are of size 1.
    """

    key: str
    initial: float | str | None = 0.0
    single: bool = False
    reduced: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class Rule:
    """An update rule: its settings, the states that it keeps of a parameter under a group's settings, and the step.

    `counts` tells whether the step depends on its number.  Of a rule that is not `elementwise` the elements
    of a tensor count for each other, so that it is stepped whole, and its group names the tensor's `dtype`.
    """

    name: str
    settings: tuple[Setting, ...]
    states: Callable[[Group, torch.Tensor], tuple[State, ...]]
    update: Update
    counts: bool = True
    elementwise: bool = True
