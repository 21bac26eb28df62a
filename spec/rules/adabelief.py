"""AdaBelief: the second moment of the gradient's deviation from its average."""

from __future__ import annotations

import sympy as sp

from spec import rule_claims as claim
from spec.family import Citation, Family, FormulaClaim, Option
from spec.lines import assignments as lines
from spec.lines import moments
from spec.lines import rectification as rectifying
from spec.lines.moments import beta1, beta2, epsilon, m, m_t, mhat_t, v_t
from spec.rule import NONNEGATIVE, Assignment, Form, Hyperparameter, State, UpdateRule
from spec.symbols import LEARNING_RATE, PARAMETER, g, t

s = moments.v
SURPRISE = State(s, v_t, "exp_avg_var", "second moment of the surprise", degree=2)
HYPERPARAMETERS = (
    LEARNING_RATE,
    moments.BETA1,
    moments.BETA2,
    Hyperparameter(epsilon, "eps", 1e-16, NONNEGATIVE, "added to the second moment at every step"),
)
RECTIFICATION = Option("rectification", {"no": "Algorithm 2", "from_5": "as RAdam's: the authors' code, timm"})
OPTIONS = (RECTIFICATION, lines.DECAY, lines.MAXIMIZE)


def adabelief(rectification: str = "no", decay: str = "none", maximize: str = "no") -> UpdateRule:
    """Build AdaBelief's program for one choice of its options."""
    program, gradient = lines.used_gradient(maximize=maximize, coupled=decay == "coupled")
    shrunk, parameter = moments.decayed_parameter(decay)
    rectified = rectification != "no"
    surprise = sp.Symbol("e_t", real=True)
    average = beta2 * s + (1 - beta2) * surprise**2 + epsilon
    weighted = beta2 * s + sp.UnevaluatedExpr((1 - beta2) * surprise) * surprise + epsilon
    half = lines.factored(s, beta2, surprise**2)
    program += [
        lines.moving_average("first moment", m_t, m, beta1, gradient),
        Assignment("surprise", surprise, gradient - m_t),
        Assignment(
            "second moment",
            v_t,
            average,
            (Form("weight first", weighted), Form("factored", half.expression + epsilon, half.when)),
        ),
        *moments.corrections(),
        *moments.corrected_moments(),
        *(rectifying.rectification() if rectified else ()),
        rectifying.adaptive_rate(before_correction=True) if rectified else moments.denominator("outside"),
        *shrunk,
        rectifying.rectified_update(parameter, rectifying.length >= 5, before_correction=True)
        if rectified
        else moments.update(parameter),
    ]
    chosen = {"rectification": rectification, "decay": decay, "maximize": maximize}
    used = lines.with_decay(decay, *HYPERPARAMETERS)
    return UpdateRule("adabelief", chosen, PARAMETER, (moments.FIRST, SURPRISE), used, tuple(program))


ZHUANG = "Zhuang et al. 2020, Algorithm 2"
PLAIN = adabelief()


def claims() -> tuple[FormulaClaim, ...]:
    """Return what is claimed of it."""
    return (
        claim.accumulates(PLAIN, ZHUANG, {m: g * (1 - beta1**t)}),
        claim.weights_sum_to_one(PLAIN, m, beta1, mhat_t, ZHUANG),
        claim.decoupled(adabelief(decay="decoupled")),
        claim.coupled(adabelief(decay="coupled")),
    )


FAMILY = Family(
    "adabelief",
    "AdaBelief",
    Citation(
        "J. Zhuang et al.",
        2020,
        "AdaBelief optimizer: adapting stepsizes by the belief in observed gradients",
        "arXiv:2010.07468",
        "Algorithm 2, epsilon also added to s",
    ),
    OPTIONS,
    adabelief,
    claims,
)
