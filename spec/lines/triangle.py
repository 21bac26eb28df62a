"""A triangle wave: from 0 to 1 in u steps, and back to 0 in d."""

from __future__ import annotations

import sympy as sp

from spec import schedule_claims as claim
from spec.rule import uncast
from spec.schedule import t
from spec.schedule_claims import d, p

up, down = sp.symbols("u d", integer=True, positive=True)


def within(time: sp.Expr) -> sp.Expr:
    """Return the share of the height at a time of one cycle, 0 at its ends and 1 at its top."""
    return sp.Piecewise((time / up, time <= up), ((up + down - time) / down, True))


def as_share(time: sp.Expr) -> sp.Expr:
    """Return the same from the share of the cycle that has passed, as torch computes it."""
    begun = 1 + time / (up + down)
    share, ratio = sp.UnevaluatedExpr(begun) - sp.floor(begun), up / (up + down)
    rising = share / sp.UnevaluatedExpr(ratio)
    falling = sp.UnevaluatedExpr(share - 1) / sp.UnevaluatedExpr(sp.UnevaluatedExpr(ratio) - 1)
    return sp.Piecewise((rising, share <= sp.UnevaluatedExpr(ratio)), (falling, True))


SMITH = "Smith 2017, section 3"
length = sp.Symbol("l", integer=True, positive=True)
"""u + d."""
inside = sp.Symbol("x", positive=True)
"""A time within one cycle, from its start."""
PART, RATIO = inside / (up + down), up / (up + down)
WHOLE = (t / length - sp.floor(t / length)) * length / up
RISE, FALL = t / up, (up + down - t) / down
INSIDE = (RISE.subs(up, t + p), FALL.subs(t, up + d).subs(down, d + p))
CLAIMS = (
    claim.holds(
        "forms/share of the cycle",
        "Computed from the share of the cycle it is the same.",
        SMITH,
        "both pieces",
        (PART / RATIO, inside / up),
        ((PART - 1) / (RATIO - 1), (up + down - inside) / down),
        (uncast(as_share(t).args[0][0]).subs(down, length - up), WHOLE),
    ),
    claim.continuous(
        lambda: ((RISE.subs(t, up), FALL.subs(t, up)), (FALL.subs(t, up + down), sp.S.Zero)),
        "at the top and at the bottom",
        SMITH,
    ),
    claim.bounded(
        "The share of the height stays in [0, 1].",
        SMITH,
        lambda: (*INSIDE, *(1 - height for height in INSIDE)),
        "the signs of the distances to both",
    ),
)
