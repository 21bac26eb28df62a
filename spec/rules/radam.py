"""RAdam: Adam's step rectified while the variance of its adaptive learning rate is too large."""

from __future__ import annotations

import sympy as sp

from spec import rule_claims as claim
from spec.family import Citation, Family, FormulaClaim, Option
from spec.lines import assignments as lines
from spec.lines import moments
from spec.lines.moments import beta1, beta2, c1, c2, m, m_t, mhat_t, v, v_t, vhat_t
from spec.rule import Assignment, Form, UpdateRule
from spec.symbols import LEARNING_RATE, PARAMETER, g, lr, t, theta_t

longest, length = sp.symbols("rho_infty rho_t", real=True)
adaptive, rectified = sp.symbols("l_t r_t", nonnegative=True)
HYPERPARAMETERS = (LEARNING_RATE, moments.BETA1, moments.BETA2, moments.EPSILON)
OPTIONS = (
    Option("threshold", {"above_5": "torch", "above_4": "Liu et al. 2020", "from_5": "optax, timm"}),
    Option(
        "epsilon",
        {
            "before_correction": "beside the root of v: torch, timm",
            "outside": "beside the root of the corrected v: optax",
        },
    ),
    lines.DECAY,
    lines.MAXIMIZE,
)


def radam(
    threshold: str = "above_5", epsilon: str = "before_correction", decay: str = "none", maximize: str = "no"
) -> UpdateRule:
    """Build RAdam's program for one choice of its options."""
    program, gradient = lines.used_gradient(maximize=maximize, coupled=decay == "coupled")
    shrunk, parameter = moments.decayed_parameter(decay)
    before = epsilon == "before_correction"
    rate = sp.sqrt(c2) / (sp.sqrt(v_t) + moments.epsilon) if before else 1 / (sp.sqrt(vhat_t) + moments.epsilon)
    inverted = Form("reciprocal", sp.sqrt(c2) * sp.UnevaluatedExpr(1 / (sp.sqrt(v_t) + moments.epsilon)))
    tractable = {"above_5": length > 5, "above_4": length > 4, "from_5": length >= 5}[threshold]
    program += [
        *moments.averages(gradient),
        *moments.corrections(),
        *moments.corrected_moments(),
        Assignment("longest average", longest, 2 / (1 - beta2) - 1),
        Assignment("length of the average", length, longest - 2 * t * beta2**t / c2),
        Assignment(
            "rectification",
            rectified,
            sp.sqrt((length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length)),
        ),
        Assignment("adaptive learning rate", adaptive, rate, (inverted,) if before else ()),
        *shrunk,
        Assignment(
            "update",
            theta_t,
            sp.Piecewise((parameter - lr * mhat_t * rectified * adaptive, tractable), (parameter - lr * mhat_t, True)),
            _step_size_first(parameter, tractable) if before else (),
        ),
    ]
    chosen = {"threshold": threshold, "epsilon": epsilon, "decay": decay, "maximize": maximize}
    used = lines.with_decay(decay, *HYPERPARAMETERS)
    return UpdateRule("radam", chosen, PARAMETER, (moments.FIRST, moments.SECOND), used, tuple(program))


def _step_size_first(parameter: sp.Expr, tractable: sp.Basic) -> tuple[Form, ...]:
    size, root = sp.UnevaluatedExpr(lr * rectified / c1 * sp.sqrt(c2)), sp.sqrt(v_t) + moments.epsilon
    inverse = sp.UnevaluatedExpr(1 / sp.UnevaluatedExpr(root / size))
    plain = parameter - sp.UnevaluatedExpr(lr / c1) * m_t
    steps = {"step size first": m_t * inverse, "step size over root": size * m_t / root}
    return tuple(Form(name, sp.Piecewise((parameter - step, tractable), (plain, True))) for name, step in steps.items())


LIU = "Liu et al. 2020, Algorithm 2"
PLAIN = radam()


def claims() -> tuple[FormulaClaim, ...]:
    """Return what is claimed of it."""
    return (
        claim.weights_sum_to_one(PLAIN, m, beta1, mhat_t, LIU),
        claim.holds(
            "rectification/limit",
            "The rectification tends to 1: RAdam becomes Adam.",
            LIU,
            "a limit",
            sp.limit(PLAIN.assignment(rectified).expression, length, longest),
            sp.S.One,
        ),
        claim.accumulates(PLAIN, LIU, {m: g * (1 - beta1**t), v: g**2 * (1 - beta2**t)}),
        claim.decoupled(radam(decay="decoupled")),
        claim.coupled(radam(decay="coupled")),
    )


FAMILY = Family(
    "radam",
    "RAdam",
    Citation(
        "L. Liu et al.",
        2020,
        "On the variance of the adaptive learning rate and beyond",
        "arXiv:1908.03265",
        "Algorithm 2",
    ),
    OPTIONS,
    radam,
    claims,
)
