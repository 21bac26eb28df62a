"""A curve between a line and an exponential, mirrored: slow at first, fast at the end."""

from __future__ import annotations

import sympy as sp

from spec import schedule_claims as claim
from spec.family import Citation, Family, FormulaClaim
from spec.lines.schedule_settings import BASE, LOWEST, steps
from spec.schedule import Joint, Recurrence, Schedule, base, horizon, lowest, previous, t
from spec.schedule_claims import d, k, p

USED = (BASE, steps(horizon, "T_max", 100, "steps until the end", 50, lasting=100_000), LOWEST)
LEFT = 1 - t / horizon
FACTOR = LEFT / (sp.Rational(1, 2) + LEFT / 2)


def reflected_exponential() -> Schedule:
    """Build the schedule; from T on it stays at the lowest value."""
    closed = sp.Piecewise((lowest + (base - lowest) * FACTOR, t < horizon), (lowest, True))
    step = lowest + (previous - lowest) * FACTOR / FACTOR.subs(t, t - 1)
    recurrence = Recurrence(base, sp.Piecewise((step, t <= horizon), (previous, True)))
    return Schedule("reflected_exponential", {}, USED, closed, recurrence, (Joint("end", horizon),))


PLAIN = reflected_exponential()
SOURCE = "Chen et al. 2021, section 4"


def claims() -> tuple[FormulaClaim, ...]:
    """Return what is claimed of it."""
    fall = FACTOR.subs(t, k) - FACTOR.subs(t, k + 1)
    return (
        claim.follows(PLAIN, ({horizon: k + 1 + p}, {horizon: k + 1}, {t: horizon + p}), SOURCE),
        claim.starts_and_ends(
            PLAIN, {"It starts at eta_0": ({t: 0}, base), "it is eta_min from T on": ({t: horizon + d}, lowest)}, SOURCE
        ),
        claim.continuous(lambda: ((FACTOR.subs(t, horizon), sp.S.Zero),), "at T", SOURCE),
        claim.substituted(
            "half/two thirds",
            "After half of the steps two thirds of the way are left.",
            SOURCE,
            (FACTOR.subs(t, horizon / 2), sp.Rational(2, 3)),
        ),
        claim.monotone("It never rises.", SOURCE, lambda: (sp.factor(fall.subs(horizon, k + 1 + d)),)),
    )


FAMILY = Family(
    "reflected_exponential",
    "Reflected exponential (REX)",
    Citation(
        "J. Chen, C. Wolfe and A. Kyrillidis",
        2021,
        "REX: Revisiting budgeted training with an improved schedule",
        "arXiv:2107.04197",
        "section 4",
    ),
    (),
    reflected_exponential,
    claims,
)
