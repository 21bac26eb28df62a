"""A decay by gamma at each of a list of milestones."""

from __future__ import annotations

import sympy as sp

from spec import schedule_claims as claim
from spec.family import Citation, Family, FormulaClaim, Option
from spec.lines.schedule_settings import BASE, GAMMA
from spec.schedule import Given, Recurrence, Schedule, base, gamma, previous, t
from spec.schedule_claims import d, k

passed = sp.Function("n", integer=True, nonnegative=True)
MILESTONES = Given(passed, "milestones", "milestones", "number of milestones at or before t")
BOUNDARY = Option(
    "boundary",
    {
        "at": "the step of the milestone decays: torch, optax",
        "after": "the step after it does: Keras PiecewiseConstantDecay",
        "before": "the step before it does: timm MultiStepLRScheduler",
    },
)


def multi_step(boundary: str = "at") -> Schedule:
    """Build the schedule."""
    after = sp.Piecewise((passed(t - 1), t >= 1), (0, True))
    count = {"at": passed(t), "after": after, "before": passed(t + 1)}[boundary]
    closed = base * gamma**count
    before = count.subs(t, t - 1)
    following = previous * gamma ** (count - before)
    start = base * gamma ** count.subs(t, 0)
    return Schedule(
        "multi_step", {"boundary": boundary}, (BASE, GAMMA), closed, Recurrence(start, following), given=(MILESTONES,)
    )


def counted(*milestones: sp.Expr) -> sp.Expr:
    """Return the factor at t for these milestones, written with the number of them passed."""
    count = sum((sp.Piecewise((1, t >= m), (0, True)) for m in milestones), sp.S.Zero)
    return base * gamma**count


PLAIN, AFTER, BEFORE = (multi_step(boundary) for boundary in BOUNDARY.values)
SOURCE = "torch.optim.lr_scheduler.MultiStepLR"
first, gap = sp.symbols("m_1 g", integer=True, positive=True)
TWO = counted(first, first + gap)


def claims() -> tuple[FormulaClaim, ...]:
    """Return what is claimed of it."""
    return (
        claim.follows(PLAIN, ({t: k + 1},), SOURCE),
        claim.holds(
            "milestones/factor",
            "The factor at t is gamma to the number of milestones at or before t.",
            SOURCE,
            "two milestones m_1 < m_2: before, between and after, equal ones counted twice",
            (TWO.subs({first: t + k + 1}), base),
            (TWO.subs({t: first}), base * gamma),
            (TWO.subs({t: first + d}).subs(gap, d + k + 1), base * gamma),
            (TWO.subs({t: first + gap + d}), base * gamma**2),
            (counted(first, first).subs({t: first + d}), base * gamma**2),
        ),
        claim.substituted(
            "boundary/shift",
            "`after` is `at` one step later, `before` one step earlier.",
            "Keras PiecewiseConstantDecay, timm MultiStepLRScheduler",
            (AFTER.closed.subs(t, k + 1), PLAIN.closed.subs(t, k)),
            (BEFORE.closed.subs(t, k), PLAIN.closed.subs(t, k + 1)),
        ),
    )


FAMILY = Family(
    "multi_step",
    "Multi-step decay",
    Citation("torch contributors", 2017, "torch.optim.lr_scheduler", "MultiStepLR", "closed form"),
    (BOUNDARY,),
    multi_step,
    claims,
)
