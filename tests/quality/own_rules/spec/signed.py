"""A rule from outside the tree: the sign of a moving average, scaled by its root."""

from __future__ import annotations

import sympy as sp

from spec import rule as r
from spec import rule_claims as claim
from spec.lines import assignments as lines
from spec.lines import moments as a
from spec.lines.moments import beta1, m, m_t
from spec.symbols import LEARNING_RATE, PARAMETER, g, lr, t, theta, theta_t


def signed(maximize: str = "no") -> r.UpdateRule:
    """Build the program."""
    program, gradient = lines.used_gradient(maximize=maximize, coupled=False)
    program += [
        lines.moving_average("first moment", m_t, m, beta1, gradient),
        r.Assignment("update", theta_t, theta - lr * sp.sign(m_t) * sp.sqrt(sp.Abs(m_t))),
    ]
    used = (LEARNING_RATE, a.BETA1)
    return r.UpdateRule("signed", {"maximize": maximize}, PARAMETER, (a.FIRST,), used, tuple(program))


FAMILY = r.RuleFamily(
    "signed",
    "Signed root",
    r.Citation("nobody", 2026, "A rule for a test", "unpublished", "the only one"),
    (lines.MAXIMIZE,),
    signed,
    {},
    (claim.accumulates(signed(), "by induction", {m: g * (1 - beta1**t)}),),
)
