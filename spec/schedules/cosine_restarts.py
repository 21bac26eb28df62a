"""Half cosines one after the other, each restarting at the optimizer's learning rate."""

from __future__ import annotations

import sympy as sp

from spec import schedule_claims as claim
from spec.family import Citation, Family, FormulaClaim, Option
from spec.lines.half_cosine import SGDR, half_cosine
from spec.lines.schedule_settings import BASE, LOWEST, steps
from spec.rule import Domain
from spec.schedule import Joint, Schedule, Setting, WholeLogarithm, base, horizon, lowest, t
from spec.schedule_claims import d, k

first = sp.Symbol("T_0", integer=True, positive=True)
growth = sp.Symbol("m", integer=True, positive=True)
number = sp.Symbol("n", integer=True, positive=True)
i = sp.Symbol("i")
FIRST = steps(first, "T_0", 10, "steps of the first cycle", 12)
GROWTH = Setting(
    growth,
    "T_mult",
    1,
    Domain(1, 100),
    "factor by which each cycle is longer than the last",
    between=(1, 3),
    limits=(1, 0),
    shown=2,
    multiplies=True,
)
UNTIL = steps(horizon, "T_max", 100, "steps of all cycles", 50)
NUMBER = Setting(number, "num_cycles", 3, Domain(1, 10**4), "number of cycles", between=(1, 21))
CYCLES = Option(
    "cycles",
    {
        "endless": "each as long as the last, or m times: torch, timm, Keras",
        "equal": "n equal ones in T steps, and 0 after them: transformers",
    },
)


def start(cycle: sp.Expr) -> sp.Expr:
    """Return the time at which a cycle starts, for cycles that grow: a geometric sum."""
    return first * (growth**cycle - 1) / (growth - 1)


def cycle_at(time: sp.Expr) -> sp.Expr:
    """Return the cycle at a time, for cycles that grow."""
    return WholeLogarithm(1 + time * (growth - 1) / first, growth)


def cosine_restarts(cycles: str = "endless") -> Schedule:
    """Build the schedule; t may be fractional."""
    if cycles == "equal":
        share = number * t / horizon
        closed = sp.Piecewise((half_cosine(share - sp.floor(share), 1).subs(lowest, 0), t < horizon), (0, True))
        joints = (Joint("restart", horizon * i / number, restart=True, repeated=True), Joint("end", horizon))
        return Schedule("cosine_restarts", {"cycles": cycles}, (BASE, UNTIL, NUMBER), closed, joints=joints)
    equal = half_cosine(t - first * sp.floor(t / first), first)
    growing = half_cosine(t - start(cycle_at(t)), first * growth ** cycle_at(t))
    closed = sp.Piecewise((equal, sp.Eq(growth, 1)), (growing, True))
    restart = sp.Piecewise((first * i, sp.Eq(growth, 1)), (start(i), True))
    return Schedule(
        "cosine_restarts",
        {"cycles": cycles},
        (BASE, FIRST, GROWTH, LOWEST),
        closed,
        joints=(Joint("restart", restart, restart=True, repeated=True),),
    )


EQUAL = cosine_restarts("equal")
ALIKE, COUNTED = cosine_restarts().closed.args[0][0], EQUAL.closed
mu = sp.Symbol("mu", positive=True)
SUM = (mu**k - 1) / (mu - 1)


def claims() -> tuple[FormulaClaim, ...]:
    """Return what is claimed of it."""
    return (
        claim.holds(
            "restarts/period",
            "Cycle i has length T_0·m^i.",
            SGDR,
            "the difference of two starts",
            (first * (SUM.subs(k, k + 1) - SUM), first * mu**k),
        ),
        claim.holds(
            "restarts/index",
            "The cycle of a start is its own.",
            SGDR,
            "substitution into the logarithm",
            (1 + (first * SUM) * (mu - 1) / first, mu**k),
            (WholeLogarithm(growth**k, growth), k),
        ),
        claim.substituted(
            "restarts/value",
            "Every restart is exactly at eta_0.",
            SGDR,
            (half_cosine(sp.S.Zero, first * mu**k), base),
            (ALIKE.subs(t, k * first), base),
            (COUNTED.args[0][0].subs(horizon, number * first).subs(t, k * first), base),
        ),
        claim.substituted(
            "restarts/end",
            "A cycle tends to eta_min at its end; n equal ones are followed by 0.",
            SGDR,
            (half_cosine(first * mu**k, first * mu**k), lowest),
            (COUNTED.subs(t, horizon + d), sp.S.Zero),
        ),
        claim.substituted(
            "restarts/equal", "Cycles of equal length have the period T_0.", SGDR, (ALIKE.subs(t, t + first), ALIKE)
        ),
    )


FAMILY = Family(
    "cosine_restarts",
    "Cosine with warm restarts",
    Citation(
        "I. Loshchilov and F. Hutter",
        2017,
        "SGDR: stochastic gradient descent with warm restarts",
        "arXiv:1608.03983",
        "equation 5",
    ),
    (CYCLES,),
    cosine_restarts,
    claims,
)
