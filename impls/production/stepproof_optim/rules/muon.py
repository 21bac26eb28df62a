"""Muon: momentum of a matrix, made nearly orthogonal by Newton-Schulz iterations."""

from __future__ import annotations

from typing import Any

import torch

from ..engine import settings
from ..engine.arrays import Array, Scalar, average, norm, shared_out, whole
from ..engine.optimizer import RuleOptimizer
from ..engine.rule import Group, Rule, State, States
from ..engine.settings import given

BUFFER = State("momentum_buffer")
SCALES = ("original", "match_rms_adamw")


def states(_group: Group, _p: torch.Tensor) -> tuple[State, ...]:
    """Return the momentum buffer."""
    return (BUFFER,)


def step(theta: Array, g: Array, state: States, group: Group, _t: Scalar) -> Array:
    """Return the matrix after a step of Muon (Jordan et al. 2024; the scale by root mean square: Liu et al. 2025).

    Of a matrix whose rows several processes have each iterates with the whole: shards of products would be rounded
    apart.
    """
    lr, momentum = group["lr"], group["momentum"]
    buffer = state["momentum_buffer"] = average(state["momentum_buffer"], g, momentum)
    ahead = average(g, buffer, 1 - momentum) if group["nesterov"] else buffer
    direction = orthogonal(whole(ahead), group["ns_coefficients"], group["ns_steps"], group["eps"])
    rows, columns = theta.shape
    scale = max(1, rows / columns) ** 0.5
    if group["adjust_lr_fn"] == "match_rms_adamw":
        scale = 0.2 * max(rows, columns) ** 0.5
    direction = shared_out(direction.to(theta.dtype), theta)
    return theta * (1 - lr * group["weight_decay"]) - direction * (lr * scale)


def orthogonal(matrix: torch.Tensor, coefficients: tuple[float, float, float], count: int, eps: float) -> torch.Tensor:
    """Return what Newton-Schulz iterations in bfloat16 make of a matrix: one with singular values near 1."""
    a, b, c = coefficients
    x = matrix.bfloat16()
    tall = x.shape[0] > x.shape[1]
    x = x.T if tall else x
    x = x / norm(x).clamp(min=eps)
    for _ in range(count):
        gram = x @ x.T
        x = torch.addmm(x, torch.addmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x.T if tall else x


RULE = Rule(
    "Muon",
    (
        settings.LEARNING_RATE,
        settings.WEIGHT_DECAY,
        settings.MOMENTUM,
        settings.numbers("ns_coefficients", settings.ANY, settings.ANY, settings.ANY),
        settings.number("eps", settings.POSITIVE),
    ),
    states,
    step,
    counts=False,
    elementwise=False,
)


class Muon(RuleOptimizer):
    """Muon, a drop-in for `torch.optim.Muon`: for matrices of real numbers.

    Args:
        params: parameters or param groups.
        lr: learning rate, in [0, inf) (default: 1e-3).
        weight_decay: share that the parameter loses, times the learning rate, in [0, inf) (default: 0.1).
        momentum: decay rate of the buffer, in [0, 1) (default: 0.95).
        nesterov: look ahead along the buffer (default: True).
        ns_coefficients: coefficients of degree one, three and five, in (-inf, inf) (default: (3.4445, -4.775, 2.0315)).
        eps: the least norm, in (0, inf) (default: 1e-7).
        ns_steps: number of iterations, in [0, 100) (default: 5).
        adjust_lr_fn: `original` or `match_rms_adamw`: how the size of the matrix scales the step (default: None).
        maximize: climb (default: False).
        rounding: of parameters of 16 bits, one of `nearest`, `stochastic`, `kahan` and `master` (default: nearest).
        wide_states: keep the states of parameters of 16 bits in float32 (default: False).
    """

    rule = RULE

    def __init__(
        self,
        params: Any,
        lr: float | torch.Tensor = 1e-3,
        weight_decay: float = 0.1,
        momentum: float = 0.95,
        nesterov: bool = True,
        ns_coefficients: tuple[float, float, float] = (3.4445, -4.775, 2.0315),
        eps: float = 1e-7,
        ns_steps: int = 5,
        adjust_lr_fn: str | None = None,
        *,
        maximize: bool = False,
        rounding: str = "nearest",
        wide_states: bool = False,
    ) -> None:
        super().__init__(params, given(locals()))

    def _check(self, group: Group) -> None:
        super()._check(group)
        if group["ns_steps"] not in range(100):
            raise ValueError(f"ns_steps is {group['ns_steps']!r}; give a whole number in the range [0, 100)")
        if group["adjust_lr_fn"] not in {None, *SCALES}:
            raise ValueError(f"adjust_lr_fn is {group['adjust_lr_fn']!r}; give None or one of {', '.join(SCALES)}")
        for p in group.get("params", ()):
            tensor = p[1] if isinstance(p, tuple) else p
            if tensor.dim() != 2 or tensor.is_complex():
                shape = tuple(tensor.shape)
                raise ValueError(
                    f"a parameter has the shape {shape} and dtype {tensor.dtype}; Muon steps real matrices"
                )
