"""Stochastic gradient descent with heavy-ball and Nesterov momentum."""

from __future__ import annotations

import dataclasses
from typing import Any

import sympy as sp

from spec import rule_claims as claim
from spec.family import Citation, Family, FormulaClaim, Option
from spec.lines.assignments import MAXIMIZE, used_gradient
from spec.lines.moments import decayed_parameter
from spec.lines.momentum import MOMENTUM, STILL, b, b_t, mu
from spec.rule import CLOSED_UNIT, POSITIVE, Assignment, Hyperparameter, State, UpdateRule
from spec.symbols import LEARNING_RATE, PARAMETER, WEIGHT_DECAY, g, lr, t, theta, theta_t

s_t = sp.Symbol("s_t", real=True)
dampening = sp.Symbol("tau", nonnegative=True)

DAMPENING = Hyperparameter(dampening, "dampening", 0.0, CLOSED_UNIT, "share of g withheld")
HYPERPARAMETERS = (LEARNING_RATE, MOMENTUM, DAMPENING, WEIGHT_DECAY)
AHEAD: dict[str, Any] = {"default": 0.9, "domain": POSITIVE}
BUFFER = State(b, b_t, "momentum_buffer", "momentum buffer", degree=1)
OPTIONS = (
    Option("nesterov", {"no": "heavy ball: Polyak 1964", "yes": "look-ahead: torch, optax"}),
    Option(
        "decay",
        {
            "none": "gradient descent",
            "coupled": "L2 in the gradient: torch",
            "decoupled": "Loshchilov and Hutter 2019, times the learning rate: SGDW of timm",
        },
    ),
    MAXIMIZE,
)


def sgd(nesterov: str = "no", decay: str = "none", maximize: str = "no") -> UpdateRule:
    """Build the program of gradient descent for one choice of its options."""
    program, gradient = used_gradient(maximize=maximize, coupled=decay == "coupled")
    shrunk, parameter = decayed_parameter(decay)
    damped = mu * b + (gradient if nesterov == "yes" else (1 - dampening) * gradient)
    buffer = sp.Piecewise((b, STILL), (gradient, sp.Eq(t, 1)), (damped, True))
    direction = gradient + mu * b_t if nesterov == "yes" else b_t
    program += [
        Assignment("momentum buffer", b_t, buffer),
        Assignment("direction", s_t, sp.Piecewise((gradient, STILL), (direction, True))),
        *shrunk,
        Assignment("update", theta_t, parameter - lr * s_t),
    ]
    chosen = {"nesterov": nesterov, "decay": decay, "maximize": maximize}
    used = [h for h in HYPERPARAMETERS if decay != "none" or h is not WEIGHT_DECAY]
    if nesterov == "yes":  # looks ahead along an undamped buffer
        used = [dataclasses.replace(h, **AHEAD) if h is MOMENTUM else h for h in used]
        used.remove(DAMPENING)
    return UpdateRule("sgd", chosen, PARAMETER, (BUFFER,), tuple(used), tuple(program))


PLAIN, NESTEROV, COUPLED = sgd(), sgd(nesterov="yes"), sgd(decay="coupled")
HEAVY = sp.Symbol("mu", positive=True)
SUTSKEVER = "Sutskever, Martens, Dahl and Hinton 2013, section 2"


def claims() -> tuple[FormulaClaim, ...]:
    """Return what is claimed of it."""
    return (
        FormulaClaim(
            "momentum/none",
            "Momentum 0 is plain SGD, with and without Nesterov.",
            SUTSKEVER,
            "substitution",
            lambda: tuple((x.composed(theta_t).subs(mu, 0), theta - lr * g) for x in (PLAIN, NESTEROV)),
        ),
        FormulaClaim(
            "momentum/constant-gradient",
            "A constant gradient g gives the buffer g*(1 - mu^t)/(1 - mu) at every t, undampened.",
            SUTSKEVER,
            "induction over t",
            lambda: claim.recurrence(PLAIN, b, g * (1 - HEAVY**t) / (1 - HEAVY), {dampening: sp.S.Zero, mu: HEAVY}),
        ),
        claim.coupled(COUPLED),
        claim.decoupled(sgd(decay="decoupled"), "Loshchilov and Hutter 2019, Algorithm 1"),
        claim.undecayed(COUPLED, PLAIN),
    )


FAMILY = Family(
    "sgd",
    "Stochastic gradient descent",
    Citation(
        "I. Sutskever, J. Martens, G. Dahl and G. Hinton",
        2013,
        "On the importance of initialization and momentum in deep learning",
        "ICML, PMLR 28(3)",
        "equations 1 and 2, learning rate outside the buffer",
    ),
    OPTIONS,
    sgd,
    claims,
)
