"""Adan: moving averages of the gradient, of its change, and of the square of both together."""

from __future__ import annotations

import sympy as sp

from spec import rule_claims as claim
from spec.family import Citation, Family, FormulaClaim, Option
from spec.lines import assignments as lines
from spec.lines.moments import c1, c2, d_t, epsilon, m, m_t
from spec.rule import NONNEGATIVE, UNIT, Assignment, Domain, Form, Hyperparameter, State, UpdateRule
from spec.symbols import LEARNING_RATE, PARAMETER, g, lr, t, theta, theta_t, weight_decay

SHARE = Domain(0.0, 1.0, low_open=True)
beta1, beta2, beta3, n, n_t, c3 = sp.symbols("beta1 beta2 beta3 n n_t c3", nonnegative=True)
d, difference, previous, kept, change, ahead = sp.symbols("v v_t p p_t delta_t h_t", real=True)
KEPT = (
    Hyperparameter(beta1, "betas[0]", 0.98, UNIT, "decay rate of the gradient's average"),
    Hyperparameter(beta2, "betas[1]", 0.92, UNIT, "decay rate of the change's average"),
    Hyperparameter(beta3, "betas[2]", 0.99, UNIT, "decay rate of the second moment"),
)
NEW = (
    Hyperparameter(beta1, "betas[0]", 0.02, SHARE, "weight of the gradient in its average"),
    Hyperparameter(beta2, "betas[1]", 0.08, SHARE, "weight of the change in its average"),
    Hyperparameter(beta3, "betas[2]", 0.01, SHARE, "weight of the square in the second moment"),
)
EPSILON = Hyperparameter(epsilon, "eps", 1e-8, NONNEGATIVE, "keeps the denominator from zero")
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
    Option(
        "betas",
        {
            "kept": "weigh what is kept of an average: the authors' code, timm, pytorch_optimizer",
            "new": "weigh the new value: Algorithm 1, adan-pytorch",
        },
    ),
    lines.MAXIMIZE,
)


def adan(decay: str = "none", betas: str = "kept", maximize: str = "no") -> UpdateRule:
    """Build Adan's program for one choice of its options, bias-corrected as its authors' code."""
    program, gradient = lines.used_gradient(maximize=maximize, coupled=False)
    rate1, rate2, rate3 = (b if betas == "kept" else 1 - b for b in (beta1, beta2, beta3))
    parameter = theta * (1 - lr * weight_decay) if decay == "decoupled" else theta
    step = parameter - lr * (m_t / c1 + rate2 * difference / c2) / d_t
    shrink = 1 + lr * weight_decay if decay == "proximal" else 1
    apart = parameter - sp.UnevaluatedExpr(lr / c1) * m_t / d_t - lr * rate2 / c2 * difference / d_t
    program += [
        Assignment("change", change, sp.Piecewise((0, sp.Eq(t, 1)), (gradient - previous, True))),
        Assignment("look-ahead", ahead, gradient + rate2 * change),
        lines.moving_average("average gradient", m_t, m, rate1, gradient),
        lines.moving_average("average change", difference, d, rate2, change),
        lines.moving_average_of_square("second moment", n_t, n, rate3, ahead),
        Assignment("first bias correction", c1, 1 - rate1**t),
        Assignment("second bias correction", c2, 1 - rate2**t),
        Assignment("third bias correction", c3, 1 - rate3**t),
        Assignment("denominator", d_t, sp.sqrt(n_t) / sp.sqrt(c3) + epsilon),
        Assignment("update", theta_t, step / shrink, (Form("steps apart", apart / shrink),)),
        Assignment("gradient kept", kept, gradient),
    ]
    used = lines.with_decay(decay, LEARNING_RATE, *(KEPT if betas == "kept" else NEW), EPSILON)
    chosen = {"decay": decay, "betas": betas, "maximize": maximize}
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
        claim.holds(
            "betas/new",
            "A weight of the new value is what the decay rate leaves of 1.",
            XIE,
            "substitution of 1 - beta for each beta",
            adan(betas="new").composed(theta_t),
            PLAIN.composed(theta_t).subs({b: 1 - b for b in (beta1, beta2, beta3)}, simultaneous=True),
        ),
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
