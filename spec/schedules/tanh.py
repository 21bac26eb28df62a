"""A hyperbolic tangent that falls from its lower bound to its upper one."""

from __future__ import annotations

import sympy as sp

from spec import schedule_claims as claim
from spec.family import Citation, Family, FormulaClaim, Option
from spec.lines.schedule_settings import BASE, LOWEST, steps
from spec.rule import Domain
from spec.schedule import Joint, Schedule, Setting, base, horizon, lowest, t
from spec.schedule_claims import d, p

lower, upper = sp.Symbol("L", negative=True), sp.Symbol("U", positive=True)
USED = (
    BASE,
    steps(horizon, "T_max", 100, "steps until the end", 50),
    LOWEST,
    Setting(
        lower, "lb", -6.0, Domain(-20.0, 0.0, high_open=True), "argument of tanh at the start", between=(-7.0, -0.5)
    ),
    Setting(upper, "ub", 3.0, Domain(0.0, 20.0, low_open=True), "argument of tanh at the end", between=(0.5, 7.0)),
)
FIRST = Option(
    "first",
    {
        "formula": "the formula from step 0 on: Hsueh et al.",
        "base": "step 0 has the optimizer's learning rate: timm, before its first step()",
    },
)
ARGUMENT = lower * (1 - t / horizon) + upper * t / horizon
FALL = lowest + (base - lowest) * (1 - sp.tanh(ARGUMENT)) / 2


def tanh(first: str = "formula") -> Schedule:
    """Build the schedule; from T on it stays at the lowest value, to which it drops."""
    closed = sp.Piecewise((FALL, t < horizon), (lowest, True))
    if first == "base":
        closed = sp.Piecewise((base, t < 1), *closed.args)
    return Schedule("tanh", {"first": first}, USED, closed, joints=(Joint("end", horizon),))


HTD = "Hsueh et al. 2019, equation 3"
x, y = sp.symbols("x y", real=True)
LEFT = base - lowest
SLOPE = sp.expand(ARGUMENT.subs(t, t + 1) - ARGUMENT)


def claims() -> tuple[FormulaClaim, ...]:
    """Return what is claimed of it."""
    return (
        claim.starts_and_ends(
            tanh(),
            {
                "It starts (1 - tanh L)/2 of the way up": ({t: 0}, lowest + LEFT * (1 - sp.tanh(lower)) / 2),
                "it is eta_min from T on": ({t: horizon + d}, lowest),
            },
            HTD,
        ),
        claim.substituted(
            "end/drop",
            "At T it drops by the share (1 - tanh U)/2 of the way.",
            HTD,
            (FALL.subs(t, horizon) - lowest, LEFT * (1 - sp.tanh(upper)) / 2),
        ),
        claim.holds(
            "symmetry",
            "It falls as much before the argument 0 as after it.",
            HTD,
            "tanh is odd",
            ((1 - sp.tanh(x)) / 2 + (1 - sp.tanh(-x)) / 2, sp.S.One),
        ),
        claim.monotone(
            "It never rises until T: the argument of tanh grows by (U - L)/T at every step.",
            HTD,
            lambda: (SLOPE.subs(horizon, p),),
            lambda: ((SLOPE, (upper - lower) / horizon),),
        ),
    )


FAMILY = Family(
    "tanh",
    "Hyperbolic-tangent decay",
    Citation(
        "B. Y. Hsueh, W. Li and I. C. Wu",
        2019,
        "Stochastic gradient descent with hyperbolic-tangent decay on classification",
        "arXiv:1806.01593",
        "equation 3",
    ),
    (FIRST,),
    tanh,
    claims,
)
