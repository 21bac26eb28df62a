"""A rule from outside the tree: the sign of a moving average, scaled by its root."""

from __future__ import annotations

import sympy as sp

from spec import rule_claims as claim
from spec.family import Citation, Family, FormulaClaim
from spec.lines import assignments as lines
from spec.lines import moments
from spec.lines.moments import beta1, m, m_t
from spec.rule import Assignment, UpdateRule
from spec.symbols import LEARNING_RATE, PARAMETER, g, lr, t, theta, theta_t


def signed(maximize: str = "no") -> UpdateRule:
    """Build the program."""
    program, gradient = lines.used_gradient(maximize=maximize, coupled=False)
    program += [
        lines.moving_average("first moment", m_t, m, beta1, gradient),
        Assignment("update", theta_t, theta - lr * sp.sign(m_t) * sp.sqrt(sp.Abs(m_t))),
    ]
    used = (LEARNING_RATE, moments.BETA1)
    return UpdateRule("signed", {"maximize": maximize}, PARAMETER, (moments.FIRST,), used, tuple(program))


def claims() -> tuple[FormulaClaim, ...]:
    """Return what is claimed of it."""
    return (claim.accumulates(signed(), "by induction", {m: g * (1 - beta1**t)}),)


FAMILY = Family(
    "signed",
    "Signed root",
    Citation("nobody", 2026, "A rule for a test", "unpublished", "the only one"),
    (lines.MAXIMIZE,),
    signed,
    claims,
)
