"""Half a cosine from one value to the lowest, and what is claimed of it."""

from __future__ import annotations

import sympy as sp

from spec import schedule_claims as claim
from spec.schedule import base, horizon, lowest, t
from spec.schedule_claims import p


def half_cosine(time: sp.Expr, length: sp.Expr, top: sp.Expr = base) -> sp.Expr:
    """Return the cosine from ``top`` at time 0 to the lowest value at ``length``."""
    return lowest + (top - lowest) * (1 + sp.cos(sp.pi * time / length)) / 2


SGDR = "Loshchilov and Hutter 2017, equation 5"
x, height = sp.Symbol("x", real=True), sp.Symbol("h", nonnegative=True)
FORM = half_cosine(t, horizon)
ANGLE, HALF = sp.pi * (2 * t + 1) / (2 * horizon), sp.pi * t / (2 * horizon)
FALLEN = (base - lowest) * sp.sin(ANGLE) * sp.sin(sp.pi / (2 * horizon))
INSIDE = ANGLE.subs(horizon, t + p)
CLAIMS = (
    claim.holds(
        "range/squares",
        "It lies between eta_min and eta_0, as squares show.",
        SGDR,
        "half angles",
        (base - FORM, (base - lowest) * sp.sin(HALF) ** 2),
        (FORM - lowest, (base - lowest) * sp.cos(HALF) ** 2),
    ),
    claim.monotone(
        "It never rises until T: eta_t - eta_(t+1) has two sines of angles in [0, pi].",
        SGDR,
        lambda: tuple(map(sp.factor, (INSIDE, sp.pi - INSIDE, sp.pi / 2 - sp.pi / (2 * p)))),
        lambda: ((FORM - FORM.subs(t, t + 1), FALLEN),),
    ),
    claim.holds(
        "mean",
        "Its mean over a period of 2T steps is (eta_0 + eta_min)/2.",
        SGDR,
        "cos(x)·2·sin(h) telescopes into sines whose first and last cancel",
        (2 * sp.cos(x) * sp.sin(height), sp.sin(x + height) - sp.sin(x - height)),
        (sp.sin(2 * sp.pi - height) - sp.sin(-height), sp.S.Zero),
    ),
)
