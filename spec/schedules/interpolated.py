"""Interpolation between values at the boundaries of a list, each a multiple of the last."""

from __future__ import annotations

import sympy as sp

from spec import schedule_claims as claim
from spec.family import Citation, Family, FormulaClaim
from spec.lines.interpolation import ANNEAL, annealed
from spec.lines.schedule_settings import BASE
from spec.schedule import Given, Schedule, base, t
from spec.schedule_claims import d, k, p

passed, place = (sp.Function(name, integer=True, nonnegative=True) for name in ("n", "b"))
scale = sp.Function("s", nonnegative=True)
j = sp.Symbol("j", integer=True, positive=True)
GIVEN = (
    Given(passed, "boundaries", "milestones", "number of boundaries at or before t"),
    Given(place, "boundaries", "places", "b(i), the i-th boundary, from b(0) = 0; then always the last"),
    Given(scale, "scales", "factors", "s(i), the factor from the boundary before to the i-th"),
)


def reached(count: sp.Expr) -> sp.Expr:
    """Return the value at a boundary: the product of the scales up to it."""
    return base * sp.Product(scale(j), (j, 1, count))


def between(count: sp.Expr, anneal: str) -> sp.Expr:
    """Return the value between two boundaries, after ``count`` of them."""
    begin, end = place(count), place(count + 1)
    value = reached(count)
    return annealed(value, value * scale(count + 1), (t - begin) / (end - begin), anneal)


def interpolated(anneal: str = "cos") -> Schedule:
    """Build the schedule; after the last boundary it stays as it is."""
    now = passed(t)
    closed = sp.Piecewise((between(now, anneal), t < place(now + 1)), (reached(now), True))
    return Schedule("interpolated", {"anneal": anneal}, (BASE,), closed, given=GIVEN)


SOURCE = "optax.piecewise_interpolate_schedule"
WAYS = [between(k, anneal) for anneal in ANNEAL.values]


def claims() -> tuple[FormulaClaim, ...]:
    """Return what is claimed of it."""
    return (
        claim.substituted(
            "boundaries/values",
            "At a boundary it is the product of the scales so far.",
            SOURCE,
            *[(way.subs(t, place(k)), reached(k)) for way in WAYS],
        ),
        claim.continuous(
            lambda: tuple((way.subs(t, place(k + 1)), reached(k) * scale(k + 1)) for way in WAYS),
            "at every boundary",
            SOURCE,
        ),
        claim.holds(
            "linear/even",
            "With `linear` it changes by the same amount at every step.",
            SOURCE,
            "the difference of two steps, in a way of d + p steps",
            (
                sp.expand(WAYS[1].subs(t, t + 1) - WAYS[1]).subs(place(k + 1), place(k) + d + p),
                reached(k) * (scale(k + 1) - 1) / (d + p),
            ),
        ),
    )


FAMILY = Family(
    "interpolated",
    "Piecewise interpolation",
    Citation("optax contributors", 2020, "optax", SOURCE, "documentation"),
    (ANNEAL,),
    interpolated,
    claims,
)
