"""A cosine or a polynomial whose clock is a power of the share of time."""

from __future__ import annotations

import sympy as sp

from spec import schedule_claims as claim
from spec.family import Citation, Family, FormulaClaim, Option
from spec.lines.half_cosine import half_cosine
from spec.lines.schedule_settings import BASE, LOWEST, exponent, steps
from spec.schedule import Joint, Schedule, base, horizon, lowest, t
from spec.schedule_claims import d
from spec.schedules import polynomial

order = sp.Symbol("k", positive=True)
UNTIL = steps(horizon, "T_max", 100, "steps until the end", 50)
ORDER = exponent(order, "k_decay", 1.5, "power of the share of time")
OF = Option(
    "of",
    {
        "cosine": "half a cosine: Zhang and Li 2020, timm CosineLRScheduler",
        "polynomial": "a power of the share left: timm PolyLRScheduler",
    },
)
PASSED = t**order / horizon**order


def falling(of: str) -> sp.Expr:
    """Return the value before the end."""
    if of == "cosine":
        return half_cosine(t**order, horizon**order)
    return lowest + (base - lowest) * (1 - PASSED) ** polynomial.power


def k_decay(of: str = "cosine") -> Schedule:
    """Build the schedule; from T on it stays at the lowest value."""
    closed = sp.Piecewise((falling(of), t < horizon), (lowest, True))
    powers = (polynomial.POWER,) if of == "polynomial" else ()
    return Schedule(
        "k_decay", {"of": of}, (BASE, UNTIL, ORDER, *powers, LOWEST), closed, joints=(Joint("end", horizon),)
    )


ZHANG = "Zhang and Li 2020"
WHOLE = [k_decay(of).closed for of in OF.values]
FALLS = [falling(of) for of in OF.values]
WAY, ANGLE = base - lowest, sp.pi * PASSED / 2
PLAIN = [half_cosine(t, horizon), polynomial.LEFT * WAY + lowest]


def claims() -> tuple[FormulaClaim, ...]:
    """Return what is claimed of it."""
    return (
        claim.substituted(
            "values/ends",
            "It starts at eta_0; it is eta_min from T on.",
            ZHANG,
            *[(whole.subs(t, 0), base) for whole in WHOLE],
            *[(whole.subs(t, horizon + d), lowest) for whole in WHOLE],
        ),
        claim.substituted(
            "order/one",
            "With k = 1 it is the cosine or the polynomial.",
            ZHANG,
            *[(fall.subs(order, 1), plain) for fall, plain in zip(FALLS, PLAIN, strict=True)],
        ),
        claim.holds(
            "range/squares",
            "It lies between eta_min and eta_0, as squares show.",
            ZHANG,
            "half angles",
            (base - FALLS[0], WAY * sp.sin(ANGLE) ** 2),
            (FALLS[0] - lowest, WAY * sp.cos(ANGLE) ** 2),
        ),
        claim.continuous(lambda: tuple((fall.subs(t, horizon), lowest) for fall in FALLS), "at T", ZHANG),
    )


FAMILY = Family(
    "k_decay",
    "k-decay",
    Citation(
        "T. Zhang and W. Li",
        2020,
        "k-decay: a new method for learning rate schedule",
        "arXiv:2004.05909",
        "cosine and polynomial",
    ),
    (OF,),
    k_decay,
    claims,
)
