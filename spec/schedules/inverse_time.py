"""One over time: the step sizes of stochastic approximation."""

from __future__ import annotations

import sympy as sp

from spec import schedule_claims as claim
from spec.family import Citation, Family, FormulaClaim
from spec.lines.schedule_settings import BASE
from spec.rule import POSITIVE
from spec.schedule import Recurrence, Schedule, Setting, base, previous, t
from spec.schedule_claims import k

rate = sp.Symbol("gamma", positive=True)
RATE = Setting(rate, "decay", 0.01, POSITIVE, "decay per step", limits=(0, 1))


def inverse_time() -> Schedule:
    """Build the schedule."""
    step = previous * (1 + rate * (t - 1)) / (1 + rate * t)
    return Schedule("inverse_time", {}, (BASE, RATE), base / (1 + rate * t), Recurrence(base, step))


PLAIN = inverse_time()
SOURCE = "Robbins and Monro 1951, section 3"


def claims() -> tuple[FormulaClaim, ...]:
    """Return what is claimed of it."""
    return (
        claim.follows(PLAIN, ({t: k + 1},), SOURCE),
        claim.starts_and_ends(PLAIN, {"It starts at eta_0": ({t: 0}, base)}, SOURCE),
        claim.substituted(
            "inverse/linear",
            "Its inverse grows by gamma/eta_0 at every step.",
            SOURCE,
            (1 / PLAIN.closed.subs(t, k + 1) - 1 / PLAIN.closed.subs(t, k), rate / base),
        ),
        claim.monotone(
            "It never rises.", SOURCE, lambda: (sp.factor(PLAIN.closed.subs(t, k) - PLAIN.closed.subs(t, k + 1)),)
        ),
    )


FAMILY = Family(
    "inverse_time",
    "Inverse time",
    Citation(
        "H. Robbins and S. Monro",
        1951,
        "A stochastic approximation method",
        "Annals of Mathematical Statistics 22(3)",
        "section 3",
    ),
    (),
    inverse_time,
    claims,
)
