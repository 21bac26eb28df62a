"""RAdam: Adam's step rectified while the variance of its adaptive learning rate is too large."""

from __future__ import annotations

import sympy as sp

from spec import rule_claims as claim
from spec.family import Citation, Family, FormulaClaim, Option
from spec.lines import assignments as lines
from spec.lines import moments
from spec.lines.moments import beta1, beta2, m, mhat_t, v
from spec.lines.rectification import adaptive_rate, length, longest, rectification, rectified, rectified_update
from spec.rule import UpdateRule
from spec.symbols import LEARNING_RATE, PARAMETER, g, t

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
    tractable = {"above_5": length > 5, "above_4": length > 4, "from_5": length >= 5}[threshold]
    program += [
        *moments.averages(gradient),
        *moments.corrections(),
        *moments.corrected_moments(),
        *rectification(),
        adaptive_rate(before_correction=before),
        *shrunk,
        rectified_update(parameter, tractable, before_correction=before),
    ]
    chosen = {"threshold": threshold, "epsilon": epsilon, "decay": decay, "maximize": maximize}
    used = lines.with_decay(decay, *HYPERPARAMETERS)
    return UpdateRule("radam", chosen, PARAMETER, (moments.FIRST, moments.SECOND), used, tuple(program))


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
