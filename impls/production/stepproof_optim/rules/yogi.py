"""Yogi: a second moment that changes by no more than (1 - beta2)*g^2 at a step."""

from __future__ import annotations

from typing import Any

import torch

from ..engine import settings
from ..engine.arrays import Array, Scalar, average, present, sign, sqrt
from ..engine.optimizer import RuleOptimizer
from ..engine.rule import Group, Rule, State, States
from ..engine.settings import given

FIRST = State("exp_avg", initial="initial_accumulator")
SECOND = State("exp_avg_sq", initial="initial_accumulator")


def states(_group: Group, _p: torch.Tensor) -> tuple[State, ...]:
    """Return the two moments, which start at their group's own value."""
    return FIRST, SECOND


def step(theta: Array, g: Array, state: States, group: Group, _t: Scalar) -> Array:
    """Return the parameter after a step of Yogi (Zaheer et al. 2018, Algorithm 2), without bias correction."""
    lr, decay, apart = group["lr"], group["weight_decay"], group["decoupled_weight_decay"]
    beta1, beta2 = group["betas"]
    if present(decay) and not apart:
        g = g + theta * decay
    m = state["exp_avg"] = average(state["exp_avg"], g, beta1)
    v, square = state["exp_avg_sq"], g * g
    v = state["exp_avg_sq"] = v - sign(v - square) * square * (1 - beta2)
    if present(decay) and apart:
        theta = theta * (1 - lr * decay)
    return theta - m * lr / (sqrt(v) + group["eps"])


RULE = Rule(
    "Yogi",
    (
        settings.LEARNING_RATE,
        settings.BETAS,
        settings.EPSILON,
        settings.WEIGHT_DECAY,
        settings.number("initial_accumulator", settings.NONNEGATIVE),
    ),
    states,
    step,
)


class Yogi(RuleOptimizer):
    """Yogi (Zaheer et al. 2018), which torch does not have.

    Args:
        params: parameters or param groups.
        lr: learning rate, in [0, inf) (default: 1e-2).
        betas: decay rates of the moments, in [0, 1) (default: (0.9, 0.999)).
        eps: keeps the denominator from zero, in [0, inf) (default: 1e-3).
        weight_decay: L2 in the gradient, in [0, inf) (default: 0).
        initial_accumulator: first value of both moments, in [0, inf) (default: 1e-6).
        decoupled_weight_decay: decay apart from the gradient, times the learning rate (default: False).
        foreach: step all tensors by torch's operations on lists (default: None).
        maximize: climb (default: False).
        capturable: keep counts on the device and never wait for it (default: False).
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
        betas: tuple[float | torch.Tensor, float | torch.Tensor] = (0.9, 0.999),
        eps: float = 1e-3,
        weight_decay: float = 0,
        initial_accumulator: float = 1e-6,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        rounding: str = "nearest",
        wide_states: bool = False,
    ) -> None:
        super().__init__(params, given(locals()))
