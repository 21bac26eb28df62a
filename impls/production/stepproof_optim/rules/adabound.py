"""AdaBound and AMSBound: Adam's step size between bounds that close on that of SGD."""

from __future__ import annotations

from typing import Any

import torch

from ..engine import settings
from ..engine.arrays import Array, Scalar, average, maximum, minimum, present, quotient, sqrt
from ..engine.optimizer import RuleOptimizer
from ..engine.rule import Group, Rule, State, States
from ..engine.settings import given

FIRST, SECOND, LARGEST = State("exp_avg"), State("exp_avg_sq"), State("max_exp_avg_sq")


def states(group: Group, _p: torch.Tensor) -> tuple[State, ...]:
    """Return the two moments, and with `amsbound` the largest second one so far."""
    return (FIRST, SECOND, LARGEST) if group["amsbound"] else (FIRST, SECOND)


def step(theta: Array, g: Array, state: States, group: Group, t: Scalar) -> Array:
    """Return the parameter after a step of AdaBound (Luo, Xiong, Liu and Sun 2019, section 4)."""
    lr, decay, apart = group["lr"], group["weight_decay"], group["decoupled_weight_decay"]
    final, gamma = group["final_lr"], group["gamma"]
    beta1, beta2 = group["betas"]
    if present(decay) and not apart:
        g = g + theta * decay
    m = state["exp_avg"] = average(state["exp_avg"], g, beta1)
    v = state["exp_avg_sq"] = average(state["exp_avg_sq"], g * g, beta2)
    if group["amsbound"]:
        v = state["max_exp_avg_sq"] = maximum(state["max_exp_avg_sq"], v)
    size = quotient(lr * sqrt(1 - beta2**t) / (1 - beta1**t), sqrt(v) + group["eps"])
    size = minimum(maximum(size, final * (1 - 1 / (gamma * t + 1))), final * (1 + 1 / (gamma * t)))
    if present(decay) and apart:
        theta = theta * (1 - lr * decay)
    return theta - size * m


RULE = Rule(
    "AdaBound",
    (
        settings.LEARNING_RATE,
        settings.BETAS,
        settings.number("final_lr", settings.NONNEGATIVE),
        settings.number("gamma", settings.POSITIVE),
        settings.EPSILON,
        settings.WEIGHT_DECAY,
    ),
    states,
    step,
)


class AdaBound(RuleOptimizer):
    """AdaBound (Luo et al. 2019), which torch does not have.

    Args:
        params: parameters or param groups.
        lr: learning rate, in [0, inf) (default: 1e-3).
        betas: decay rates of the moments, in [0, 1) (default: (0.9, 0.999)).
        final_lr: learning rate of the SGD that it ends as, in [0, inf) (default: 0.1).
        gamma: how fast the bounds close, in (0, inf) (default: 1e-3).
        eps: keeps the denominator from zero, in [0, inf) (default: 1e-8).
        weight_decay: L2 in the gradient, in [0, inf) (default: 0).
        amsbound: divide by the largest second moment so far (default: False).
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
        lr: float | torch.Tensor = 1e-3,
        betas: tuple[float | torch.Tensor, float | torch.Tensor] = (0.9, 0.999),
        final_lr: float = 0.1,
        gamma: float = 1e-3,
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsbound: bool = False,
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
