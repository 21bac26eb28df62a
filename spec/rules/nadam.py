"""NAdam: Adam with Nesterov's look-ahead, and the schedule of its momentum."""

from __future__ import annotations

import sympy as sp

from spec import rule_claims as claim
from spec.family import Citation, Family, FormulaClaim, Option
from spec.lines import assignments as lines
from spec.lines import look_ahead, moments
from spec.lines.look_ahead import MOMENTA, PRODUCT, mu, psi, scheduled
from spec.lines.moments import beta1, beta2, m, m_t, v
from spec.rule import NONNEGATIVE, Assignment, Hyperparameter, UpdateRule, with_default
from spec.symbols import LEARNING_RATE, PARAMETER, g, t

HYPERPARAMETERS = (
    with_default(LEARNING_RATE, 2e-3),
    moments.BETA1,
    moments.BETA2,
    moments.EPSILON,
    Hyperparameter(psi, "momentum_decay", 4e-3, NONNEGATIVE, "how fast the momentum rises"),
)
STEPS = {"rising": look_ahead.rising, "constant": look_ahead.constant, "shared": look_ahead.shared}
OPTIONS = (
    Option(
        "average",
        {
            "beta1": "the first moment decays by beta1: torch, timm",
            "scheduled": "by the scheduled momentum: Dozat 2016",
        },
    ),
    Option(
        "schedule",
        {
            "rising": "the momentum rises from beta1/2 to beta1: Dozat 2016, torch",
            "constant": "it is beta1: optax",
            "shared": "it is beta1, and one correction serves both terms: timm NAdamW",
        },
    ),
    lines.DECAY,
    lines.MAXIMIZE,
)


def nadam(average: str = "beta1", schedule: str = "rising", decay: str = "none", maximize: str = "no") -> UpdateRule:
    """Build NAdam's program for one choice of its options."""
    program, gradient = lines.used_gradient(maximize=maximize, coupled=decay == "coupled")
    shrunk, parameter = moments.decayed_parameter(decay)
    averages, rising = moments.averages(gradient), schedule == "rising"
    if average == "scheduled":
        averages[0] = Assignment("first moment", m_t, mu * m + (1 - mu) * gradient)
    corrections = moments.corrections()
    *before, update = STEPS[schedule](parameter, gradient)
    if rising:  # the momenta have corrections of their own
        program += MOMENTA
        corrections[0] = before.pop(0)
    after = [*corrections, moments.corrected_moments()[1], moments.denominator("outside"), *before]
    chosen = {"average": average, "schedule": schedule, "decay": decay, "maximize": maximize}
    used = lines.with_decay(decay, *HYPERPARAMETERS[: None if rising else -1])
    states = (moments.FIRST, moments.SECOND, PRODUCT) if rising else (moments.FIRST, moments.SECOND)
    return UpdateRule("nadam", chosen, PARAMETER, states, used, (*program, *averages, *after, *shrunk, update))


DOZAT = "Dozat 2016, Algorithm 2"
PLAIN = nadam()


def claims() -> tuple[FormulaClaim, ...]:
    """Return what is claimed of it."""
    return (
        claim.accumulates(PLAIN, DOZAT, {m: g * (1 - beta1**t), v: g**2 * (1 - beta2**t)}),
        claim.holds(
            "momentum/limits",
            "The momentum starts from beta1/2 and ends at beta1.",
            DOZAT,
            "limits",
            sp.Matrix([scheduled(sp.S.Zero), sp.limit(scheduled(t).subs(psi, 1), t, sp.oo)]),
            sp.Matrix([beta1 / 2, beta1]),
        ),
        claim.decoupled(nadam(decay="decoupled")),
        claim.coupled(nadam(decay="coupled"), moments=(m, v)),
    )


FAMILY = Family(
    "nadam",
    "NAdam",
    Citation("T. Dozat", 2016, "Incorporating Nesterov momentum into Adam", "ICLR workshop", "Algorithm 2"),
    OPTIONS,
    nadam,
    claims,
    legal=lambda chosen: chosen.get("average", "beta1") == "beta1" or chosen.get("schedule", "rising") == "rising",
)
