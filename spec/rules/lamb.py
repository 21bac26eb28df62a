"""LAMB: Adam's direction, scaled for each tensor by the ratio of two norms."""

from __future__ import annotations

import sympy as sp

from spec import rule_claims as claim
from spec.family import Citation, Family, FormulaClaim, Option
from spec.lines import moments
from spec.lines.assignments import MAXIMIZE, used_gradient
from spec.lines.moments import beta1, beta2, d_t, m, m_t, mhat_t, v, v_t, vhat_t
from spec.lines.trust_ratio import guarded, parameter_norm, phi, u_n, w_n
from spec.rule import POSITIVE, Assignment, Form, Hyperparameter, UpdateRule, with_default
from spec.rules.adam import adam
from spec.symbols import LEARNING_RATE, PARAMETER, WEIGHT_DECAY, g, lr, t, theta, theta_t, weight_decay
from spec.tensor_functions import Norm

u_t = sp.Symbol("u_t", real=True)
largest = sp.Symbol("gamma_u", positive=True)
LARGEST = Hyperparameter(largest, "max_norm", 10.0, POSITIVE, "the largest parameter norm that counts")
OPTIONS = (
    Option(
        "correction",
        {
            "yes": "You et al. 2020, Algorithm 2, timm, optax",
            "no": "You et al. 2019, first version of the code, pytorch-lamb",
        },
    ),
    Option(
        "clamp",
        {"no": "the norm itself: timm, optax", "yes": "at most gamma_u: You et al. 2020, section 3, pytorch-lamb"},
    ),
    MAXIMIZE,
)


def lamb(correction: str = "yes", clamp: str = "no", maximize: str = "no") -> UpdateRule:
    """Build LAMB's program for one choice of its options."""
    program, gradient = used_gradient(maximize=maximize, coupled=False)
    program += moments.averages(gradient)
    if correction == "yes":
        program += [*moments.corrections(), *moments.corrected_moments(), moments.denominator("outside")]
        direction = mhat_t / d_t
    else:
        program.append(Assignment("denominator", d_t, sp.sqrt(v_t) + moments.epsilon))
        direction = m_t / d_t
    norm = sp.Min(w_n, largest) if clamp == "yes" else w_n
    scaled = theta - sp.UnevaluatedExpr(lr * phi) * u_t
    program += [
        Assignment("direction", u_t, direction + weight_decay * theta),
        parameter_norm(),
        Assignment("direction norm", u_n, Norm(u_t)),
        Assignment("trust ratio", phi, guarded(norm / u_n)),
        Assignment("update", theta_t, theta - lr * phi * u_t, (Form("step size first", scaled),)),
    ]
    chosen = {"correction": correction, "clamp": clamp, "maximize": maximize}
    extra = (LARGEST,) if clamp == "yes" else ()
    decay = with_default(WEIGHT_DECAY, 0.01)
    used = (LEARNING_RATE, moments.BETA1, moments.BETA2, with_default(moments.EPSILON, 1e-6), decay, *extra)
    return UpdateRule("lamb", chosen, PARAMETER, (moments.FIRST, moments.SECOND), used, tuple(program))


YOU = "You et al. 2020, Algorithm 2"
PLAIN = lamb()


def claims() -> tuple[FormulaClaim, ...]:
    """Return what is claimed of it."""
    return (
        claim.constant_gradient(
            PLAIN, {m: g * (1 - beta1**t), v: g**2 * (1 - beta2**t)}, {mhat_t: g, vhat_t: g**2}, YOU
        ),
        claim.holds(
            "trust-ratio/none",
            "With the trust ratio 1 LAMB is AdamW.",
            YOU,
            "substitution",
            PLAIN.composed(theta_t, keep=frozenset({phi})).subs(phi, 1),
            adam("decoupled").composed(theta_t),
        ),
    )


FAMILY = Family(
    "lamb",
    "LAMB",
    Citation(
        "Y. You et al.",
        2020,
        "Large batch optimization for deep learning: training BERT in 76 minutes",
        "arXiv:1904.00962",
        "Algorithm 2",
    ),
    OPTIONS,
    lamb,
    claims,
)
