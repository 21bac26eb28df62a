"""Adagrad: a learning rate for each element that falls with the sum of squared gradients."""

from __future__ import annotations

from typing import Any

import torch

from ..engine import settings
from ..engine.arrays import Array, Scalar, present, sqrt
from ..engine.optimizer import RuleOptimizer
from ..engine.rule import Group, Rule, State, States
from ..engine.settings import given

SUM = State("sum", initial="initial_accumulator_value")


def states(_group: Group, _p: torch.Tensor) -> tuple[State, ...]:
    """Return the sum of squared gradients, which starts at its group's own value."""
    return (SUM,)


def step(theta: Array, g: Array, state: States, group: Group, t: Scalar) -> Array:
    """Return the parameter after a step of Adagrad (Duchi, Hazan and Singer 2011, section 1.2)."""
    if present(group["weight_decay"]):
        g = g + theta * group["weight_decay"]
    total = state["sum"] = state["sum"] + g * g
    lr = group["lr"] / (1 + (t - 1) * group["lr_decay"])
    return theta - g / (sqrt(total) + group["eps"]) * lr


RULE = Rule(
    "Adagrad",
    (
        settings.LEARNING_RATE,
        settings.number("lr_decay", settings.NONNEGATIVE),
        settings.WEIGHT_DECAY,
        settings.number("initial_accumulator_value", settings.NONNEGATIVE),
        settings.EPSILON,
    ),
    states,
    step,
)


class Adagrad(RuleOptimizer):
    """Adagrad, a drop-in for `torch.optim.Adagrad`.

    Args:
        params: parameters or param groups.
        lr: learning rate, in [0, inf) (default: 1e-2).
        lr_decay: how fast the learning rate falls with the steps, in [0, inf) (default: 0).
        weight_decay: L2 in the gradient, in [0, inf) (default: 0).
        initial_accumulator_value: first value of the sum, in [0, inf) (default: 0).
        eps: keeps the denominator from zero, in [0, inf) (default: 1e-10).
        foreach: step all tensors by torch's operations on lists (default: None).
        maximize: climb (default: False).
        differentiable: let autograd go through the step (default: False).
        fused: one pass over memory (default: None).
        rounding: of parameters of 16 bits, one of `nearest`, `stochastic`, `kahan` and `master` (default: nearest).
        wide_states: keep the states of parameters of 16 bits in float32 (default: False).
    """

    rule = RULE

    def __init__(
        self,
        params: Any,
        lr: float | torch.Tensor = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        rounding: str = "nearest",
        wide_states: bool = False,
    ) -> None:
        super().__init__(params, given(locals()))
