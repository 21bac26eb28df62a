"""Adamax: Adam with the infinity norm in place of the second moment."""

from __future__ import annotations

import sympy as sp

from spec import rule_claims as claim
from spec.family import Citation, Family, FormulaClaim, Option
from spec.lines import assignments as lines
from spec.lines import moments
from spec.lines.moments import beta1, beta2, c1, m, m_t
from spec.rule import Assignment, Cast, Form, State, UpdateRule, with_default
from spec.symbols import LEARNING_RATE, PARAMETER, g, lr, t, theta, theta_t

u, u_t = sp.symbols("u u_t", nonnegative=True)
NORM = State(u, u_t, "exp_inf", "infinity norm", degree=1)
HYPERPARAMETERS = (with_default(LEARNING_RATE, 2e-3), moments.BETA1, moments.BETA2, moments.EPSILON)
OPTIONS = (
    Option("epsilon", {"in_maximum": "added to |g|: torch, optax", "denominator": "added to u: Keras"}),
    lines.COUPLED_DECAY,
    lines.MAXIMIZE,
)


def adamax(epsilon: str = "in_maximum", decay: str = "none", maximize: str = "no") -> UpdateRule:
    """Build Adamax's program for one choice of its options."""
    program, gradient = lines.used_gradient(maximize=maximize, coupled=decay == "coupled")
    floor, below = (moments.epsilon, 0) if epsilon == "in_maximum" else (0, moments.epsilon)
    step_size_first = theta - sp.UnevaluatedExpr(lr / c1) * m_t / (u_t + below)
    corrected = Form("reciprocal correction", theta - lr * (m_t * sp.UnevaluatedExpr(1 / Cast(c1))) / (u_t + below))
    nested = () if below else _size_below()
    program += [
        lines.moving_average("first moment", m_t, m, beta1, gradient),
        Assignment("infinity norm", u_t, sp.Max(beta2 * u, sp.Abs(gradient) + floor)),
        Assignment("first bias correction", c1, 1 - beta1**t),
        Assignment(
            "update",
            theta_t,
            theta - lr * (m_t / c1) / (u_t + below),
            (Form("step size first", step_size_first), corrected, *nested),
        ),
    ]
    chosen = {"epsilon": epsilon, "decay": decay, "maximize": maximize}
    used = lines.with_decay(decay, *HYPERPARAMETERS)
    return UpdateRule("adamax", chosen, PARAMETER, (moments.FIRST, NORM), used, tuple(program))


def _size_below() -> tuple[Form, ...]:
    """Return the forms that divide by the correction over the learning rate; a device multiplies by its reciprocal."""
    divided, multiplied = -c1 / lr, -c1 * sp.UnevaluatedExpr(1 / lr)
    reciprocal = theta + m_t / (u_t * sp.UnevaluatedExpr(multiplied))
    return (
        *moments.only_above_zero("step size below", theta + m_t / (u_t * sp.UnevaluatedExpr(divided))),
        Form("reciprocal rate below", reciprocal, by_name=True),
    )


KINGMA = "Kingma and Ba 2015, section 7.1"
PLAIN, COUPLED = adamax(), adamax(decay="coupled")


def claims() -> tuple[FormulaClaim, ...]:
    """Return what is claimed of it."""
    return (
        claim.accumulates(PLAIN, KINGMA, {m: g * (1 - beta1**t)}),
        claim.first_step(
            PLAIN, -lr * g / (sp.Abs(g) + moments.epsilon), "The first step is -lr*g/(|g| + eps) for all betas.", KINGMA
        ),
        claim.coupled(COUPLED),
        claim.scale_free(PLAIN, moments.epsilon, "Adamax", KINGMA),
    )


FAMILY = Family(
    "adamax",
    "Adamax",
    Citation(
        "D. P. Kingma and J. Ba", 2015, "Adam: a method for stochastic optimization", "arXiv:1412.6980", "Algorithm 2"
    ),
    OPTIONS,
    adamax,
    claims,
)
