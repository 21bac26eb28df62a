"""Stochastic gradient descent with momentum, plain and Nesterov's."""

from __future__ import annotations

from typing import Any

import torch

from ..engine import settings
from ..engine.arrays import Array, Scalar, present
from ..engine.optimizer import RuleOptimizer
from ..engine.rule import Group, Rule, State, States
from ..engine.settings import given

BUFFER = State("momentum_buffer", initial=None)


def states(group: Group, _p: torch.Tensor) -> tuple[State, ...]:
    """Return the momentum buffer, where there is momentum."""
    return (BUFFER,) if group["momentum"] else ()


def step(theta: Array, g: Array, state: States, group: Group, _t: Scalar) -> Array:
    """Return the parameter after a step (Sutskever et al. 2013, equations 1 and 2, the learning rate outside)."""
    momentum, decay = group["momentum"], group["weight_decay"]
    if present(decay):
        g = g + theta * decay
    if present(momentum):
        before = state["momentum_buffer"]
        buffer = g if before is None else before * momentum + g * (1 - group["dampening"])
        state["momentum_buffer"] = buffer
        g = g + buffer * momentum if group["nesterov"] else buffer
    return theta - g * group["lr"]


RULE = Rule(
    "SGD",
    (
        settings.LEARNING_RATE,
        settings.number("momentum", settings.NONNEGATIVE),
        settings.number("dampening", settings.CLOSED_UNIT),
        settings.WEIGHT_DECAY,
    ),
    states,
    step,
    counts=False,
)


class SGD(RuleOptimizer):
    """Gradient descent, a drop-in for `torch.optim.SGD`.

    Args:
        params: parameters or param groups.
        lr: learning rate, in [0, inf) (default: 1e-3).
        momentum: share of the buffer that is kept, in [0, inf) (default: 0).
        dampening: share of the gradient that is withheld from the buffer, in [0, 1] (default: 0).
        weight_decay: L2 in the gradient, in [0, inf) (default: 0).
        nesterov: look ahead along the buffer; it needs momentum and no dampening (default: False).
        maximize: climb (default: False).
        foreach: step all tensors by torch's operations on lists (default: None).
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
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: Any = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
        rounding: str = "nearest",
        wide_states: bool = False,
    ) -> None:
        super().__init__(params, given(locals()))

    def _check(self, group: Group) -> None:
        super()._check(group)
        if group["nesterov"] and (not group["momentum"] or group["dampening"]):
            momentum, dampening = group["momentum"], group["dampening"]
            raise ValueError(
                f"nesterov is True beside momentum {momentum!r} and dampening {dampening!r}; "
                "give a momentum in the range (0, inf) and a dampening of 0"
            )
