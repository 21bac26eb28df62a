"""Adadelta: steps in the units of the parameter, without a learning rate of its own."""

from __future__ import annotations

import sympy as sp

from spec import rule_claims as claim
from spec.family import Citation, Family, FormulaClaim
from spec.lines import assignments as lines
from spec.lines.moments import epsilon, v, v_t
from spec.rule import NONNEGATIVE, UNIT, Assignment, Form, Hyperparameter, State, UpdateRule, with_default
from spec.symbols import LEARNING_RATE, PARAMETER, g, lr, t, theta, theta_t

rho, u, u_t, delta_t = sp.symbols("rho u u_t Delta_t", nonnegative=True)
delta_t = sp.Symbol("Delta_t", real=True)
HYPERPARAMETERS = (
    with_default(LEARNING_RATE, 1.0),
    Hyperparameter(rho, "rho", 0.9, UNIT, "decay rate of both averages"),
    Hyperparameter(epsilon, "eps", 1e-6, NONNEGATIVE, "starts the steps"),
)
STATES = (
    State(v, v_t, "square_avg", "average squared gradient", degree=2),
    State(u, u_t, "acc_delta", "average squared step", degree=0),
)
OPTIONS = (lines.COUPLED_DECAY, lines.MAXIMIZE)


def adadelta(decay: str = "none", maximize: str = "no") -> UpdateRule:
    """Build Adadelta's program for one choice of its options."""
    program, gradient = lines.used_gradient(maximize=maximize, coupled=decay == "coupled")
    numerator, inverse = sp.sqrt(u + epsilon), sp.UnevaluatedExpr(1 / sp.sqrt(v_t + epsilon))
    reciprocal = Form("reciprocal", numerator * inverse * gradient)
    program += [
        lines.moving_average_of_square("average squared gradient", v_t, v, rho, gradient),
        Assignment("step", delta_t, numerator / sp.sqrt(v_t + epsilon) * gradient, (reciprocal,)),
        lines.moving_average_of_square("average squared step", u_t, u, rho, delta_t),
        Assignment("update", theta_t, theta - lr * delta_t),
    ]
    chosen = {"decay": decay, "maximize": maximize}
    used = lines.with_decay(decay, *HYPERPARAMETERS)
    return UpdateRule("adadelta", chosen, PARAMETER, STATES, used, tuple(program))


ZEILER = "Zeiler 2012, Algorithm 1"
PLAIN, COUPLED = adadelta(), adadelta(decay="coupled")


def claims() -> tuple[FormulaClaim, ...]:
    """Return what is claimed of it."""
    return (
        claim.accumulates(PLAIN, ZEILER, {v: g**2 * (1 - rho**t)}),
        claim.first_step(
            PLAIN,
            -lr * sp.sqrt(epsilon) * g / sp.sqrt((1 - rho) * g**2 + epsilon),
            "The first step is -lr*sqrt(eps)*g/sqrt((1 - rho)*g^2 + eps): epsilon starts the rule.",
            ZEILER,
        ),
        claim.coupled(COUPLED),
    )


FAMILY = Family(
    "adadelta",
    "Adadelta",
    Citation(
        "M. D. Zeiler",
        2012,
        "ADADELTA: an adaptive learning rate method",
        "arXiv:1212.5701",
        "Algorithm 1, times a learning rate",
    ),
    OPTIONS,
    adadelta,
    claims,
)
