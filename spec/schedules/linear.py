"""A factor that changes linearly, and stays."""

from __future__ import annotations

import sympy as sp

from spec import schedule_claims as claim
from spec.family import Citation, Family, FormulaClaim
from spec.lines.schedule_settings import BASE, steps
from spec.rule import CLOSED_UNIT, Domain
from spec.schedule import Joint, Recurrence, Schedule, Setting, base, horizon, previous, t
from spec.schedule_claims import d, k, p

first, last = sp.symbols("s e", nonnegative=True)
FIRST = Setting(first, "start_factor", 1 / 3, Domain(0.0, 1.0, low_open=True), "factor at t = 0", shown=0.1)
LAST = Setting(last, "end_factor", 1.0, CLOSED_UNIT, "factor from the end on", edges=(0.0, 1.0))
UNTIL = steps(horizon, "total_iters", 5, "steps until the end", 60, lasting=100_000)


def linear() -> Schedule:
    """Build the schedule."""
    closed = base * sp.Piecewise((first + (last - first) * t / horizon, t < horizon), (last, True))
    growth = 1 + (last - first) / (horizon * first + (t - 1) * (last - first))
    step = sp.Piecewise((previous * growth, t <= horizon), (previous, True))
    clipped = base * (first + (last - first) * sp.Min(t, horizon) / horizon)
    return Schedule(
        "linear",
        {},
        (BASE, FIRST, LAST, UNTIL),
        closed,
        Recurrence(base * first, step),
        (Joint("end", horizon),),
        forms={"clipped": (clipped, None)},
    )


PLAIN = linear()
RAMP = first + (last - first) * t / horizon
SOURCE = "torch.optim.lr_scheduler.LinearLR"
low, rise = sp.symbols("l r", nonnegative=True)
WITHIN = base * (low + rise * t / horizon).subs(horizon, t + d + 1)


def claims() -> tuple[FormulaClaim, ...]:
    """Return what is claimed of it."""
    return (
        claim.follows(PLAIN, ({horizon: k + 1 + p}, {horizon: k + 1}, {t: horizon + p}), SOURCE),
        claim.computed(PLAIN, "clipped", ({horizon: t + p}, {t: horizon + d}), SOURCE),
        claim.starts_and_ends(
            PLAIN,
            {
                "It starts at s·eta_0": ({t: 0}, base * first),
                "it is e·eta_0 from T on": ({t: horizon + d}, base * last),
            },
            SOURCE,
        ),
        claim.continuous(lambda: ((RAMP.subs(t, horizon), last),), "at T", SOURCE),
        claim.bounded(
            "It stays between its two factors.",
            SOURCE,
            lambda: (WITHIN - base * low, base * (low + rise) - WITHIN),
            "the signs of its distances to both, for e ≥ s; for e < s the two change places",
        ),
        claim.substituted(
            "ramp/even",
            "It changes by the same amount at every step until T.",
            SOURCE,
            (RAMP.subs(t, k + 1) - RAMP.subs(t, k), (last - first) / horizon),
        ),
    )


FAMILY = Family(
    "linear",
    "Linear",
    Citation("torch contributors", 2021, "torch.optim.lr_scheduler", "LinearLR", "closed form"),
    (),
    linear,
    claims,
)
