"""Adam, with weight decay in the gradient or apart from it (AdamW), and AMSGrad."""

from __future__ import annotations

from typing import Any

import torch

from ..engine import settings
from ..engine.arrays import Array, Scalar, average, maximum, present, sqrt
from ..engine.optimizer import RuleOptimizer
from ..engine.rule import Group, Rule, State, States
from ..engine.settings import given

FIRST, SECOND, LARGEST = State("exp_avg"), State("exp_avg_sq"), State("max_exp_avg_sq")


def states(group: Group, _p: torch.Tensor) -> tuple[State, ...]:
    """Return the two moments, and with `amsgrad` the largest second one so far."""
    return (FIRST, SECOND, LARGEST) if group["amsgrad"] else (FIRST, SECOND)


def step(theta: Array, g: Array, state: States, group: Group, t: Scalar) -> Array:
    """Return the parameter after a step of Adam (Kingma and Ba 2015, Algorithm 1).

    The decay is Loshchilov and Hutter's (2019, Algorithm 2); the maximum is that of Reddi, Kale and Kumar
    (2018), of the second moment that is not corrected.
    """
    lr, decay = group["lr"], group["weight_decay"]
    beta1, beta2 = group["betas"]
    apart = group["decoupled_weight_decay"]
    if present(decay) and not apart:
        g = g + theta * decay
    m = state["exp_avg"] = average(state["exp_avg"], g, beta1)
    v = state["exp_avg_sq"] = average(state["exp_avg_sq"], g * g, beta2)
    if group["amsgrad"]:
        v = state["max_exp_avg_sq"] = maximum(state["max_exp_avg_sq"], v)
    below = sqrt(v) / sqrt(1 - beta2**t) + group["eps"]
    if present(decay) and apart:
        theta = theta * (1 - lr * decay)
    return theta - m * (lr / (1 - beta1**t)) / below


RULE = Rule("Adam", (settings.LEARNING_RATE, settings.BETAS, settings.EPSILON, settings.WEIGHT_DECAY), states, step)


class Adam(RuleOptimizer):
    """Adam, a drop-in for `torch.optim.Adam`.

    Args:
        params: parameters or param groups.
        lr: learning rate, in [0, inf) (default: 1e-3).
        betas: decay rates of the moments, in [0, 1) (default: (0.9, 0.999)).
        eps: keeps the denominator from zero, in [0, inf) (default: 1e-8).
        weight_decay: L2 in the gradient, in [0, inf) (default: 0).
        amsgrad: divide by the largest second moment so far (default: False).
        maximize: climb (default: False).
        foreach: step all tensors by torch's operations on lists (default: None).
        capturable: keep counts on the device and never wait for it (default: False).
        differentiable: let autograd go through the step (default: False).
        fused: one pass over memory (default: None).
        decoupled_weight_decay: decay apart from the gradient, times the learning rate (default: False).
        rounding: of parameters of 16 bits, one of `nearest`, `stochastic`, `kahan` and `master` (default: nearest).
        wide_states: keep the states of parameters of 16 bits in float32 (default: False).
    """

    rule = RULE

    def __init__(
        self,
        params: Any,
        lr: float | torch.Tensor = 1e-3,
        betas: tuple[float | torch.Tensor, float | torch.Tensor] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
        rounding: str = "nearest",
        wide_states: bool = False,
    ) -> None:
        super().__init__(params, given(locals()))


class AdamW(Adam):
    """AdamW, a drop-in for `torch.optim.AdamW`: Adam with its decay apart from the gradient.

    Args:
        params: parameters or param groups.
        lr: learning rate, in [0, inf) (default: 1e-3).
        betas: decay rates of the moments, in [0, 1) (default: (0.9, 0.999)).
        eps: keeps the denominator from zero, in [0, inf) (default: 1e-8).
        weight_decay: share that the parameter loses, times the learning rate, in [0, inf) (default: 1e-2).
        amsgrad: divide by the largest second moment so far (default: False).
        maximize: climb (default: False).
        foreach: step all tensors by torch's operations on lists (default: None).
        capturable: keep counts on the device and never wait for it (default: False).
        differentiable: let autograd go through the step (default: False).
        fused: one pass over memory (default: None).
        rounding: of parameters of 16 bits, one of `nearest`, `stochastic`, `kahan` and `master` (default: nearest).
        wide_states: keep the states of parameters of 16 bits in float32 (default: False).
    """

    def __init__(
        self,
        params: Any,
        lr: float | torch.Tensor = 1e-3,
        betas: tuple[float | torch.Tensor, float | torch.Tensor] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        rounding: str = "nearest",
        wide_states: bool = False,
    ) -> None:
        super().__init__(params, **given(locals()), decoupled_weight_decay=True)
