"""Adafactor: a second moment in factored form, steps relative to the parameter, updates clipped."""

from __future__ import annotations

from typing import Any

import torch

from ..engine import settings
from ..engine.arrays import Array, Scalar, maximum, norm, sqrt
from ..engine.optimizer import RuleOptimizer
from ..engine.rule import Group, Rule, State, States
from ..engine.settings import given

ROWS, COLUMNS, SECOND = State("row_var", reduced=(-1,)), State("col_var", reduced=(-2,)), State("variance")


def states(_group: Group, p: torch.Tensor) -> tuple[State, ...]:
    """Return the means over rows and over columns, and of a vector the second moment."""
    return (ROWS, COLUMNS) if p.dim() > 1 else (SECOND,)


def step(theta: Array, g: Array, state: States, group: Group, t: Scalar) -> Array:
    """Return the parameter after a step of Adafactor (Shazeer and Stern 2018, Algorithm 4).

    As in torch `lr` is the most that the relative step size is, and epsilon the least second moment: `eps[0]`
    is by default the machine epsilon of the parameter's format.
    """
    lr, clipped_to = group["lr"], group["d"]
    least, least_scale = group["eps"]
    least = torch.finfo(group["dtype"]).eps if least is None else least
    weight = t ** group["beta2_decay"]
    v = second_moment(g, state, weight, least)
    direction = g / sqrt(maximum(v, least * least))
    count = theta.numel() ** 0.5
    size = maximum(norm(theta) / count, least_scale) * min(lr, 1 / sqrt(t))
    clip = maximum(norm(direction) / (count * clipped_to), 1.0)
    return theta * (1 - lr * group["weight_decay"]) - direction * (size / clip)


def second_moment(g: Array, state: States, weight: Scalar, least: float) -> Array:
    """Return the second moment, of a matrix as the product of its factors."""
    square = g * g
    if "variance" in state:
        state["variance"] = weighted(state["variance"], square, weight)
        return state["variance"]
    rows = state["row_var"] = weighted(state["row_var"], square.mean(-1, keepdim=True), weight)
    columns = state["col_var"] = weighted(state["col_var"], square.mean(-2, keepdim=True), weight)
    return rows * columns / maximum(rows.mean(-2, keepdim=True), least)


def weighted(before: Array, value: Array, weight: Scalar) -> Array:
    """Return `(1 - weight)*before + weight*value`."""
    return before * (1 - weight) + value * weight


RULE = Rule(
    "Adafactor",
    (
        settings.LEARNING_RATE,
        settings.number("beta2_decay", settings.NONPOSITIVE),
        settings.numbers("eps", settings.NONNEGATIVE, settings.NONNEGATIVE, absent=(True, False)),
        settings.number("d", settings.AT_LEAST_ONE),
        settings.WEIGHT_DECAY,
    ),
    states,
    step,
    elementwise=False,
)


class Adafactor(RuleOptimizer):
    """Adafactor, a drop-in for `torch.optim.Adafactor`.

    Args:
        params: parameters or param groups.
        lr: the largest relative step size, and what decay is multiplied by, in [0, inf) (default: 1e-2).
        beta2_decay: exponent of the decay rate, in (-inf, 0] (default: -0.8).
        eps: the least root of the second moment, of the format's precision where it is None, and the least
            scale of a parameter, in [0, inf) (default: (None, 1e-3)).
        d: root mean square to which an update is clipped, in [1, inf) (default: 1.0).
        weight_decay: share that the parameter loses, times the learning rate, in [0, inf) (default: 0.0).
        foreach: step all tensors by torch's operations on lists (default: None).
        maximize: climb (default: False).
        rounding: of parameters of 16 bits, one of `nearest`, `stochastic`, `kahan` and `master` (default: nearest).
        wide_states: keep the states of parameters of 16 bits in float32 (default: False).
    """

    rule = RULE

    def __init__(
        self,
        params: Any,
        lr: float | torch.Tensor = 1e-2,
        beta2_decay: float = -0.8,
        eps: tuple[float | None, float] = (None, 1e-3),
        d: float = 1.0,
        weight_decay: float = 0.0,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        rounding: str = "nearest",
        wide_states: bool = False,
    ) -> None:
        super().__init__(params, given(locals()))
