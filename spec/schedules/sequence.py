"""Schedules one after the other, each in its own time."""

from __future__ import annotations

import sympy as sp

from spec import schedule_claims as claim
from spec.family import Citation, Family, FormulaClaim
from spec.lines.schedule_settings import BASE
from spec.rule import Domain
from spec.schedule import Given, Joint, Schedule, Setting, t
from spec.schedule_claims import d, p

milestone, second = sp.symbols("m m_2", integer=True, positive=True)
MILESTONE = Setting(milestone, "milestones", 10, Domain(0, 10**6), "step at which the next one begins")
a, b, c = (sp.Function(name, nonnegative=True) for name in "abc")
PARTS = (
    Given(a, "schedules[0]", "schedule", "the first schedule"),
    Given(b, "schedules[1]", "schedule", "the next, whose time starts at the milestone"),
)


def joined(first: sp.Expr, following: sp.Expr, at: sp.Expr) -> sp.Expr:
    """Return ``first`` until ``at`` and then ``following`` from its own time 0."""
    return sp.Piecewise((first, t < at), (following.subs(t, t - at), True))


def sequence() -> Schedule:
    """Build the schedule; of three or more it is a sequence of sequences."""
    closed = joined(a(t), b(t), milestone)
    return Schedule("sequence", {}, (BASE, MILESTONE), closed, joints=(Joint("milestone", milestone),), given=PARTS)


PLAIN = sequence()
LEFT = joined(joined(a(t), b(t), milestone), c(t), milestone + second)
RIGHT = joined(a(t), joined(b(t), c(t), second), milestone)
PLACES = ({milestone: t + p}, {t: milestone + d, second: d + p}, {t: milestone + second + d})
SOURCE = "torch.optim.lr_scheduler.SequentialLR"


def claims() -> tuple[FormulaClaim, ...]:
    """Return what is claimed of it."""
    return (
        claim.substituted(
            "parts/own-time",
            "Before the milestone it is the first; from it on the next, from its own 0.",
            SOURCE,
            (PLAIN.closed.subs(milestone, t + p), a(t)),
            (PLAIN.closed.subs(t, milestone + d), b(d)),
        ),
        claim.holds(
            "parts/associative",
            "A sequence of sequences is the sequence of all its parts.",
            SOURCE,
            "substitution in each of the three parts",
            *[(claim.at(LEFT, where), claim.at(RIGHT, where)) for where in PLACES],
        ),
    )


FAMILY = Family(
    "sequence",
    "Sequence",
    Citation("torch contributors", 2021, "torch.optim.lr_scheduler", "SequentialLR", "step"),
    (),
    sequence,
    claims,
)
