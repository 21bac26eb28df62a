"""Adamax: Adam with the infinity norm in place of the second moment."""

from __future__ import annotations

import sympy as sp

from spec import rule as r
from spec import rule_claims as claim
from spec.lines import assignments as lines
from spec.lines import moments as a
from spec.lines.moments import beta1, beta2, c1, epsilon, m, m_t
from spec.symbols import LEARNING_RATE, PARAMETER, g, lr, t, theta, theta_t, weight_decay

u, u_t = sp.symbols("u u_t", nonnegative=True)
NORM = r.State(u, u_t, "exp_inf", "infinity norm", degree=1)
HYPERPARAMETERS = (r.with_default(LEARNING_RATE, 2e-3), a.BETA1, a.BETA2, a.EPSILON)
OPTIONS = (
    r.Option("epsilon", {"in_maximum": "added to |g|: torch, optax", "denominator": "added to u: Keras"}),
    lines.COUPLED_DECAY,
    lines.MAXIMIZE,
)


def adamax(epsilon: str = "in_maximum", decay: str = "none", maximize: str = "no") -> r.UpdateRule:
    """Build Adamax's program for one choice of its options."""
    program, gradient = lines.used_gradient(maximize=maximize, coupled=decay == "coupled")
    floor, below = (EPSILON, 0) if epsilon == "in_maximum" else (0, EPSILON)
    step_size_first = theta - sp.UnevaluatedExpr(lr / c1) * m_t / (u_t + below)
    corrected = r.Form(
        "reciprocal correction", theta - lr * (m_t * sp.UnevaluatedExpr(1 / r.Cast(c1))) / (u_t + below)
    )
    nested = (
        ()
        if below
        else a.only_above_zero("step size below", theta + m_t / (u_t * sp.UnevaluatedExpr(-c1 / lr)))
    )
    program += [
        lines.moving_average("first moment", m_t, m, beta1, gradient),
        r.Assignment("infinity norm", u_t, sp.Max(beta2 * u, sp.Abs(gradient) + floor)),
        r.Assignment("first bias correction", c1, 1 - beta1**t),
        r.Assignment("update", theta_t, theta - lr * (m_t / c1) / (u_t + below),
                     (r.Form("step size first", step_size_first), corrected, *nested)),
    ]  # fmt: skip
    chosen = {"epsilon": epsilon, "decay": decay, "maximize": maximize}
    used = lines.with_decay(decay, *HYPERPARAMETERS)
    return r.UpdateRule("adamax", chosen, PARAMETER, (a.FIRST, NORM), used, tuple(program))


EPSILON = epsilon
KINGMA = "Kingma and Ba 2015, section 7.1"
PLAIN, COUPLED = adamax(), adamax(decay="coupled")
INVARIANTS = (
    claim.accumulates(PLAIN, KINGMA, {m: g * (1 - beta1**t)}),
    claim.first_step(
        PLAIN, -lr * g / (sp.Abs(g) + epsilon), "The first step is -lr*g/(|g| + eps) for all betas.", KINGMA
    ),
    claim.coupled(COUPLED, weight_decay, "Loshchilov and Hutter 2019, equation 1"),
    claim.scale_free(
        PLAIN, epsilon, "Without epsilon Adamax does not see the scale of the gradient.", KINGMA
    ),
)
FAMILY = r.RuleFamily(
    "adamax", "Adamax",
    r.Citation("D. P. Kingma and J. Ba", 2015, "Adam: a method for stochastic optimization",
               "arXiv:1412.6980", "Algorithm 2"),
    OPTIONS, adamax, {}, INVARIANTS,
)  # fmt: skip
