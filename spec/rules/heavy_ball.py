"""Momentum with a buffer that starts from zero: a moving average, or one that holds the learning rate."""

from __future__ import annotations

import sympy as sp

from spec import rule_claims as claim
from spec.family import Citation, Family, FormulaClaim, Option, Pairs
from spec.lines.assignments import COUPLED_DECAY, MAXIMIZE, used_gradient, with_decay
from spec.lines.momentum import MOMENTUM, b, b_t, mu
from spec.rule import UNIT, Assignment, Hyperparameter, UpdateRule
from spec.rules.sgd import BUFFER, dampening, s_t, sgd
from spec.symbols import LEARNING_RATE, PARAMETER, g, lr, t, theta, theta_t

OPTIONS = (
    Option(
        "buffer",
        {
            "average": "mu*b + (1 - mu)*g: Luo et al. 2019, Muon, MXNet's NAG",
            "rate_inside": "mu*b + lr*g: Sutskever et al. 2013, Keras",
        },
    ),
    Option("nesterov", {"no": "heavy ball: Polyak 1964", "yes": "look-ahead: Keras"}),
    COUPLED_DECAY,
    MAXIMIZE,
)


def heavy_ball(buffer: str = "average", nesterov: str = "no", decay: str = "none", maximize: str = "no") -> UpdateRule:
    """Build the program of momentum from an empty buffer for one choice of its options."""
    program, gradient = used_gradient(maximize=maximize, coupled=decay == "coupled")
    weight = 1 - mu if buffer == "average" else lr
    direction = mu * b_t + weight * gradient if nesterov == "yes" else b_t
    program += [
        Assignment("momentum buffer", b_t, mu * b + weight * gradient),
        Assignment("direction", s_t, direction),
        Assignment("update", theta_t, theta - (lr * s_t if buffer == "average" else s_t)),
    ]
    chosen = {"buffer": buffer, "nesterov": nesterov, "decay": decay, "maximize": maximize}
    momentum = Hyperparameter(mu, MOMENTUM.keyword, 0.9, UNIT, "weight of the momentum buffer")
    used = with_decay(decay, LEARNING_RATE, momentum)
    return UpdateRule("heavy_ball", chosen, PARAMETER, (BUFFER,), used, tuple(program))


SUTSKEVER = "Sutskever, Martens, Dahl and Hinton 2013, section 2"
SUM, AVERAGE, INSIDE = sgd(), heavy_ball(), heavy_ball("rate_inside")
METHOD = "substitution of buffers that are multiples of each other"


def _as_the_sum(other: UpdateRule, factor: sp.Expr, rate: sp.Expr) -> Pairs:
    """Return: a buffer ``factor`` times that of the sum stays so, and steps alike at ``rate``."""
    summed = SUM.composed(b_t).subs({t: t + 1, dampening: 0}).args[-1][0]
    after, moved = (other.composed(target).subs(b, factor * b) for target in (b_t, theta_t))
    return ((after, factor * summed), (moved.subs(lr, rate), theta - lr * summed))


def claims() -> tuple[FormulaClaim, ...]:
    """Return what is claimed of it."""
    return (
        FormulaClaim(
            "buffer/average",
            "The moving average with lr/(1 - mu) steps as the sum of gradients does.",
            SUTSKEVER,
            METHOD,
            lambda: _as_the_sum(AVERAGE, 1 - mu, lr / (1 - mu)),
        ),
        FormulaClaim(
            "buffer/rate-inside",
            "At a constant lr it does not matter whether the buffer holds it.",
            SUTSKEVER,
            METHOD,
            lambda: _as_the_sum(INSIDE, lr, lr),
        ),
        claim.accumulates(AVERAGE, SUTSKEVER, {b: g * (1 - mu**t)}),
        claim.coupled(heavy_ball(decay="coupled")),
    )


FAMILY = Family(
    "heavy_ball",
    "Momentum from an empty buffer",
    Citation(
        "I. Sutskever, J. Martens, G. Dahl and G. Hinton",
        2013,
        "On the importance of initialization and momentum in deep learning",
        "ICML, PMLR 28(3)",
        "equations 1 and 2",
    ),
    OPTIONS,
    heavy_ball,
    claims,
)
