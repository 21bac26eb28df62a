"""RMSProp: plain, centered, and with momentum."""

from __future__ import annotations

from typing import Any

import torch

from ..engine import settings
from ..engine.arrays import Array, Scalar, average, maximum, present, sqrt
from ..engine.optimizer import RuleOptimizer
from ..engine.rule import Group, Rule, State, States
from ..engine.settings import given

SECOND, MEAN, BUFFER = State("square_avg"), State("grad_avg"), State("momentum_buffer")


def states(group: Group, _p: torch.Tensor) -> tuple[State, ...]:
    """Return the second moment, and what momentum and centering need beside it."""
    buffer = (BUFFER,) if present(group["momentum"]) else ()
    return (SECOND, *buffer, *((MEAN,) if group["centered"] else ()))


def step(theta: Array, g: Array, state: States, group: Group, _t: Scalar) -> Array:
    """Return the parameter after a step of RMSProp (Tieleman and Hinton 2012; centered: Graves 2013, equation 39).

    The variance of a centered step is never below 0, whatever rounding makes of it.
    """
    lr, alpha, momentum = group["lr"], group["alpha"], group["momentum"]
    if present(group["weight_decay"]):
        g = g + theta * group["weight_decay"]
    v = state["square_avg"] = average(state["square_avg"], g * g, alpha)
    if group["centered"]:
        mean = state["grad_avg"] = average(state["grad_avg"], g, alpha)
        v = maximum(v - mean * mean, 0.0)
    direction = g / (sqrt(v) + group["eps"])
    if present(momentum):
        direction = state["momentum_buffer"] = state["momentum_buffer"] * momentum + direction
    return theta - direction * lr


RULE = Rule(
    "RMSprop",
    (
        settings.LEARNING_RATE,
        settings.number("alpha", settings.UNIT),
        settings.EPSILON,
        settings.WEIGHT_DECAY,
        settings.number("momentum", settings.NONNEGATIVE),
    ),
    states,
    step,
)


class RMSprop(RuleOptimizer):
    """RMSProp, a drop-in for `torch.optim.RMSprop`.

    Args:
        params: parameters or param groups.
        lr: learning rate, in [0, inf) (default: 1e-2).
        alpha: decay rate of the second moment, in [0, 1) (default: 0.99).
        eps: keeps the denominator from zero, in [0, inf) (default: 1e-8).
        weight_decay: L2 in the gradient, in [0, inf) (default: 0).
        momentum: share of the buffer that is kept, in [0, inf) (default: 0).
        centered: subtract the square of the average gradient from the second moment (default: False).
        capturable: keep counts on the device and never wait for it (default: False).
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
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        *,
        fused: bool | None = None,
        rounding: str = "nearest",
        wide_states: bool = False,
    ) -> None:
        super().__init__(params, given(locals()))
