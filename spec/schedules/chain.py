"""Schedules at the same time: the product of their factors."""

from __future__ import annotations

import sympy as sp

from spec import schedule_claims as claim
from spec.family import Citation, Family, FormulaClaim
from spec.lines.schedule_settings import BASE
from spec.schedule import Given, Schedule, base, t
from spec.schedule_claims import k

a, b = (sp.Function(name, positive=True) for name in "ab")
PARTS = (
    Given(a, "schedulers[0]", "schedule", "factor of the first schedule"),
    Given(b, "schedulers[1]", "schedule", "factor of the second"),
)


def chain() -> Schedule:
    """Build the schedule of two factors."""
    return Schedule("chain", {}, (BASE,), base * a(t) * b(t), given=PARTS)


PLAIN = chain()
SOURCE = "torch.optim.lr_scheduler.ChainedScheduler"
RATIO = (a(k + 1) / a(k)) * (b(k + 1) / b(k))


def claims() -> tuple[FormulaClaim, ...]:
    """Return what is claimed of it."""
    return (
        claim.holds(
            "factors/recurrence",
            "Where each schedule multiplies what it finds, the product comes out.",
            SOURCE,
            "induction over t: the step from k to k + 1",
            (PLAIN.closed.subs(t, k) * RATIO, PLAIN.closed.subs(t, k + 1)),
        ),
        claim.substituted(
            "factors/order",
            "The order of the schedules does not matter.",
            SOURCE,
            (base * a(t) * b(t), base * b(t) * a(t)),
        ),
    )


FAMILY = Family(
    "chain",
    "Chain",
    Citation("torch contributors", 2022, "torch.optim.lr_scheduler", "ChainedScheduler", "step"),
    (),
    chain,
    claims,
)
