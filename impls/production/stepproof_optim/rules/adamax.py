"""Adamax: Adam with the infinity norm in place of the second moment."""

from __future__ import annotations

from typing import Any

import torch

from ..engine import settings
from ..engine.arrays import Array, Scalar, absolute, average, maximum, present
from ..engine.optimizer import RuleOptimizer
from ..engine.rule import Group, Rule, State, States
from ..engine.settings import given

FIRST, NORM = State("exp_avg"), State("exp_inf")


def states(_group: Group, _p: torch.Tensor) -> tuple[State, ...]:
    """Return the first moment and the infinity norm."""
    return FIRST, NORM


def step(theta: Array, g: Array, state: States, group: Group, t: Scalar) -> Array:
    """Return the parameter after a step of Adamax (Kingma and Ba 2015, section 7.1), epsilon in the maximum."""
    beta1, beta2 = group["betas"]
    if present(group["weight_decay"]):
        g = g + theta * group["weight_decay"]
    m = state["exp_avg"] = average(state["exp_avg"], g, beta1)
    largest = state["exp_inf"] = maximum(state["exp_inf"] * beta2, absolute(g) + group["eps"])
    return theta - m * (group["lr"] / (1 - beta1**t)) / largest


RULE = Rule("Adamax", (settings.LEARNING_RATE, settings.BETAS, settings.EPSILON, settings.WEIGHT_DECAY), states, step)


class Adamax(RuleOptimizer):
    """Adamax, a drop-in for `torch.optim.Adamax`.

    Args:
        params: parameters or param groups.
        lr: learning rate, in [0, inf) (default: 2e-3).
        betas: decay rates of the first moment and of the norm, in [0, 1) (default: (0.9, 0.999)).
        eps: keeps the denominator from zero, in [0, inf) (default: 1e-8).
        weight_decay: L2 in the gradient, in [0, inf) (default: 0).
        foreach: step all tensors by torch's operations on lists (default: None).
        maximize: climb (default: False).
        differentiable: let autograd go through the step (default: False).
        capturable: keep counts on the device and never wait for it (default: False).
        fused: one pass over memory (default: None).
        rounding: of parameters of 16 bits, one of `nearest`, `stochastic`, `kahan` and `master` (default: nearest).
        wide_states: keep the states of parameters of 16 bits in float32 (default: False).
    """

    rule = RULE

    def __init__(
        self,
        params: Any,
        lr: float | torch.Tensor = 2e-3,
        betas: tuple[float | torch.Tensor, float | torch.Tensor] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
        fused: bool | None = None,
        rounding: str = "nearest",
        wide_states: bool = False,
    ) -> None:
        super().__init__(params, given(locals()))
