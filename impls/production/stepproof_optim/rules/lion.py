"""Lion: the sign of an interpolated momentum."""

from __future__ import annotations

from typing import Any

import torch

from ..engine import settings
from ..engine.arrays import Array, Scalar, average, present, sign
from ..engine.optimizer import RuleOptimizer
from ..engine.rule import Group, Rule, State, States
from ..engine.settings import given

FIRST = State("exp_avg")


def states(_group: Group, _p: torch.Tensor) -> tuple[State, ...]:
    """Return the momentum."""
    return (FIRST,)


def step(theta: Array, g: Array, state: States, group: Group, _t: Scalar) -> Array:
    """Return the parameter after a step of Lion (Chen et al. 2023, Algorithm 2)."""
    lr = group["lr"]
    beta1, beta2 = group["betas"]
    m = state["exp_avg"]
    direction = sign(average(m, g, beta1))
    state["exp_avg"] = average(m, g, beta2)
    if present(group["weight_decay"]):
        theta = theta * (1 - lr * group["weight_decay"])
    return theta - direction * lr


RULE = Rule("Lion", (settings.LEARNING_RATE, settings.BETAS, settings.WEIGHT_DECAY), states, step, counts=False)


class Lion(RuleOptimizer):
    """Lion (Chen et al. 2023), which torch does not have.

    Args:
        params: parameters or param groups.
        lr: learning rate, in [0, inf) (default: 1e-4).
        betas: weights of the momentum in the step and in its average, in [0, 1) (default: (0.9, 0.99)).
        weight_decay: share that the parameter loses, times the learning rate, in [0, inf) (default: 0).
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
        lr: float | torch.Tensor = 1e-4,
        betas: tuple[float | torch.Tensor, float | torch.Tensor] = (0.9, 0.99),
        weight_decay: float = 0,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        rounding: str = "nearest",
        wide_states: bool = False,
    ) -> None:
        super().__init__(params, given(locals()))
