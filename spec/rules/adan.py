"""Adan: moving averages of the gradient, of its change, and of the square of both together."""

from __future__ import annotations

import sympy as sp

from spec import rule_claims as claim
from spec.family import Citation, Family, FormulaClaim, Option
from spec.lines import assignments as lines
from spec.lines.moments import c1, c2, d_t, epsilon, m, m_t
from spec.rule import NONNEGATIVE, UNIT, Assignment, Form, Hyperparameter, State, UpdateRule
from spec.symbols import LEARNING_RATE, PARAMETER, g, lr, t, theta, theta_t, weight_decay

beta1, beta2, beta3, n, n_t, c3 = sp.symbols("beta1 beta2 beta3 n n_t c3", nonnegative=True)
d, difference, previous, kept, change, ahead = sp.symbols("v v_t p p_t delta_t h_t", real=True)
HYPERPARAMETERS = (
    LEARNING_RATE,
    Hyperparameter(beta1, "betas[0]", 0.98, UNIT, "decay rate of the gradient's average"),
    Hyperparameter(beta2, "betas[1]", 0.92, UNIT, "decay rate of the change's average"),
    Hyperparameter(beta3, "betas[2]", 0.99, UNIT, "decay rate of the second moment"),
    Hyperparameter(epsilon, "eps", 1e-8, NONNEGATIVE, "keeps the denominator from zero"),
)
STATES = (
    State(m, m_t, "exp_avg", "average gradient", degree=1),
    State(d, difference, "exp_avg_diff", "average change of the gradient", degree=1),
    State(n, n_t, "exp_avg_sq", "second moment", degree=2),
    State(previous, kept, "previous_grad", "previous gradient", degree=1),
)
OPTIONS = (
    Option(
        "decay",
        {
            "none": "no weight decay",
            "proximal": "divides by 1 + lr*lambda: Algorithm 1",
            "decoupled": "multiplies by 1 - lr*lambda: the authors' no_prox",
        },
    ),
    lines.MAXIMIZE,
)


def adan(decay: str = "none", maximize: str = "no") -> UpdateRule:
    """Build Adan's program for one choice of its options, bias-corrected as its authors' code."""
    program, gradient = lines.used_gradient(maximize=maximize, coupled=False)
    parameter = theta * (1 - lr * weight_decay) if decay == "decoupled" else theta
    step = parameter - lr * (m_t / c1 + beta2 * difference / c2) / d_t
    shrink = 1 + lr * weight_decay if decay == "proximal" else 1
    apart = parameter - sp.UnevaluatedExpr(lr / c1) * m_t / d_t - lr * beta2 / c2 * difference / d_t
    program += [
        Assignment("change", change, sp.Piecewise((0, sp.Eq(t, 1)), (gradient - previous, True))),
        Assignment("look-ahead", ahead, gradient + beta2 * change),
        lines.moving_average("average gradient", m_t, m, beta1, gradient),
        lines.moving_average("average change", difference, d, beta2, change),
        lines.moving_average_of_square("second moment", n_t, n, beta3, ahead),
        Assignment("first bias correction", c1, 1 - beta1**t),
        Assignment("second bias correction", c2, 1 - beta2**t),
        Assignment("third bias correction", c3, 1 - beta3**t),
        Assignment("denominator", d_t, sp.sqrt(n_t) / sp.sqrt(c3) + epsilon),
        Assignment("update", theta_t, step / shrink, (Form("steps apart", apart / shrink),)),
        Assignment("gradient kept", kept, gradient),
    ]
    used = lines.with_decay(decay, *HYPERPARAMETERS)
    chosen = {"decay": decay, "maximize": maximize}
    return UpdateRule("adan", chosen, PARAMETER, STATES, used, tuple(program))


XIE = "Xie et al. 2022, Algorithm 1"
PLAIN, PROXIMAL = adan(), adan("proximal")


def claims() -> tuple[FormulaClaim, ...]:
    """Return what is claimed of it."""
    return (
        claim.first_step(
            PLAIN, -lr * g / (sp.Abs(g) + epsilon), "The first step is -lr*g/(|g| + eps) for all betas.", XIE
        ),
        claim.accumulates(PLAIN, XIE, {m: g * (1 - beta1**t)}),
        claim.holds(
            "decay/proximal",
            "The proximal decay divides the parameter by 1 + lr*lambda.",
            XIE,
            "substitution",
            PROXIMAL.composed(theta_t),
            PLAIN.composed(theta_t) / (1 + lr * weight_decay),
        ),
        claim.decoupled(adan("decoupled"), XIE),
    )


FAMILY = Family(
    "adan",
    "Adan",
    Citation(
        "X. Xie, P. Zhou, H. Li, Z. Lin and S. Yan",
        2022,
        "Adan: adaptive Nesterov momentum algorithm",
        "arXiv:2208.06677",
        "Algorithm 1",
    ),
    OPTIONS,
    adan,
    claims,
)
