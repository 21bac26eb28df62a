"""Adam, AdamW and AMSGrad, and where each puts epsilon and the weight decay."""

from __future__ import annotations

import dataclasses

import sympy as sp

from spec import rule_claims as claim
from spec.family import Citation, Family, FormulaClaim, Option
from spec.lines import moments
from spec.lines.assignments import MAXIMIZE, used_gradient, with_decay
from spec.lines.moments import beta1, beta2, m, m_t, mhat_t, v, v_t, vhat_t, x, x_t
from spec.lines.momentum import mu
from spec.rule import UpdateRule
from spec.rules.rmsprop import alpha, rmsprop
from spec.symbols import LEARNING_RATE, PARAMETER, g, lr, t, theta_t, weight_decay

OPTIONS = (
    Option(
        "decay",
        {
            "none": "Kingma and Ba 2015",
            "coupled": "L2 in the gradient: torch Adam",
            "decoupled": "Loshchilov and Hutter 2019, times the learning rate: torch AdamW",
        },
    ),
    Option(
        "amsgrad",
        {
            "no": "Kingma and Ba 2015",
            "raw": "maximum of v: torch, timm",
            "corrected": "maximum of the corrected v: optax",
        },
    ),
    moments.EPSILON_PLACES,
    MAXIMIZE,
    Option(
        "averages",
        {"raw": "corrected where they are used: Kingma and Ba 2015", "corrected": "kept corrected: optimi, heavyball"},
        of_states=True,
    ),
)


def adam(
    decay: str = "none", amsgrad: str = "no", epsilon: str = "outside", maximize: str = "no", averages: str = "raw"
) -> UpdateRule:
    """Build Adam's program for one choice of its options."""
    program, gradient = used_gradient(maximize=maximize, coupled=decay == "coupled")
    shrunk, parameter = moments.decayed_parameter(decay)
    below = moments.denominator(epsilon, amsgrad)
    if averages == "corrected":
        kept = dataclasses.replace(below, expression=below.expression.subs(vhat_t, v_t), forms=())
        program += [*moments.corrected_averages(gradient), kept, *shrunk, moments.step_along(parameter)]
    else:
        program += moments.averages(gradient) + moments.corrections() + moments.corrected_moments(amsgrad)
        torch = epsilon == "outside" and amsgrad != "corrected"
        size_below = moments.size_below(parameter, v_t if amsgrad == "no" else x_t) if torch else ()
        program += [below, *shrunk, moments.update(parameter, *size_below)]
    chosen = {"decay": decay, "amsgrad": amsgrad, "epsilon": epsilon, "maximize": maximize, "averages": averages}
    states = (moments.FIRST, moments.SECOND) if amsgrad == "no" else (moments.FIRST, moments.SECOND, moments.MAXIMUM)
    used = with_decay(decay, LEARNING_RATE, moments.BETA1, moments.BETA2, moments.EPSILON)
    return UpdateRule("adam", chosen, PARAMETER, states, used, tuple(program))


KINGMA, LOSHCHILOV = "Kingma and Ba 2015, section 3", "Loshchilov and Hutter 2019, Algorithm 2"
DECOUPLED, COUPLED, PLAIN = adam("decoupled"), adam("coupled"), adam()
KEPT, BEFORE = adam(averages="corrected"), {m: m * (1 - beta1 ** (t - 1)), v: v * (1 - beta2 ** (t - 1))}
STEP = PLAIN.composed(theta_t, keep=frozenset({mhat_t, vhat_t})).subs({mhat_t: m_t, vhat_t: v_t})
AMSGRAD, DELTA = adam(amsgrad="raw"), sp.Symbol("delta", nonnegative=True)


def claims() -> tuple[FormulaClaim, ...]:
    """Return what is claimed of it."""
    return (
        claim.constant_gradient(
            PLAIN, {m: g * (1 - beta1**t), v: g**2 * (1 - beta2**t)}, {mhat_t: g, vhat_t: g**2}, KINGMA
        ),
        claim.weights_sum_to_one(PLAIN, m, beta1, mhat_t, KINGMA),
        claim.weights_sum_to_one(PLAIN, v, beta2, vhat_t, KINGMA),
        claim.first_step(
            PLAIN,
            -lr * g / (sp.Abs(g) + moments.epsilon),
            "The first step is -lr*g/(|g| + eps) for all betas.",
            "Kingma and Ba 2015, section 2.1",
        ),
        claim.decoupled(DECOUPLED, LOSHCHILOV),
        claim.coupled(COUPLED, LOSHCHILOV),
        claim.same_step("decay/none", "AdamW with lambda 0 is Adam.", LOSHCHILOV, DECOUPLED, PLAIN, {weight_decay: 0}),
        FormulaClaim(
            "amsgrad/growing",
            "AMSGrad is Adam while v grows.",
            "Reddi, Kale and Kumar 2018, section 4",
            "substitution of a maximum that v has reached",
            lambda: (
                (AMSGRAD.assignment(x_t).expression.subs(x, v_t - DELTA), v_t),
                (
                    AMSGRAD.composed(theta_t, keep=frozenset({x_t})).subs(x_t, PLAIN.composed(v_t)),
                    PLAIN.composed(theta_t),
                ),
            ),
        ),
        claim.holds(
            "first-moment/none",
            "Without correction and with beta1 0 Adam is RMSProp.",
            "Kingma and Ba 2015, section 5",
            "substitution",
            PLAIN.composed(theta_t, keep=frozenset({moments.c1, moments.c2})).subs(
                {moments.c1: 1, moments.c2: 1, beta1: 0, beta2: alpha}
            ),
            rmsprop().composed(theta_t).subs(mu, 0),
        ),
        claim.scale_free(PLAIN, moments.epsilon, "Adam", "Kingma and Ba 2015, section 2.1"),
        claim.holds(
            "averages/corrected",
            "Averages that are kept corrected are the corrected averages, at every step, and make the same step.",
            KINGMA,
            "induction over t: the averages before the step are the corrected ones times their weights' sum",
            sp.Matrix([KEPT.composed(m_t), KEPT.composed(v_t), KEPT.composed(theta_t, keep=frozenset({m_t, v_t}))]),
            sp.Matrix([PLAIN.composed(mhat_t).subs(BEFORE), PLAIN.composed(vhat_t).subs(BEFORE), STEP]),
        ),
    )


FAMILY = Family(
    "adam",
    "Adam",
    Citation(
        "D. P. Kingma and J. Ba", 2015, "Adam: a method for stochastic optimization", "arXiv:1412.6980", "Algorithm 1"
    ),
    OPTIONS,
    adam,
    claims,
    legal=lambda chosen: (
        chosen.get("averages") != "corrected"
        or (chosen.get("amsgrad", "no") == "no" and chosen.get("epsilon") != "before_correction")
    ),
    aliases={"adamw": {"decay": "decoupled"}, "amsgrad": {"amsgrad": "raw"}},
)
