"""How nearly orthogonal Muon's five Newton-Schulz iterations make a matrix."""

from __future__ import annotations

import itertools

import sympy as sp

from spec.family import FormulaClaim, Pairs
from spec.rules.muon import COEFFICIENTS, JORDAN


def singular_value(s: sp.Expr) -> sp.Expr:
    """Return what one iteration makes of a singular value."""
    one, three, five = (sp.Rational(str(x)) for x in COEFFICIENTS)
    return one * s + three * s**3 + five * s**5


def range_of_iterate(low: sp.Rational, high: sp.Rational) -> tuple[sp.Rational, sp.Rational]:
    """Return the exact ends, and those at turning points between, of one iteration on [low, high]."""
    turns = [root for root in TURNS if low < root < high]
    values = [singular_value(end).evalf(30) for end in (low, high, *turns)]
    return min(values), max(values)


def five_iterations(low: sp.Rational, high: sp.Rational, pieces: int) -> tuple[sp.Float, sp.Float]:
    """Return bounds on the singular values after five iterations, from those in [low, high]."""
    ends = [low * (high / low) ** sp.Rational(k, pieces) for k in range(pieces + 1)]
    found: list[sp.Float] = []
    for piece in itertools.pairwise(ends):
        bounds = tuple(end.evalf(30) for end in piece)
        for _ in range(5):
            bounds = range_of_iterate(*bounds)
        found += bounds
    return min(found), max(found)


def _turns() -> tuple[sp.Float, ...]:
    """Return where one iteration turns: the roots of its derivative, in which only s^2 stands."""
    s, square = sp.symbols("s q", positive=True)
    slope = sp.expand(sp.diff(singular_value(s), s)).subs(s, sp.sqrt(square))
    return tuple(sp.sqrt(root).evalf(30) for root in sp.roots(slope, square))


TURNS = _turns()
LEAST, MOST = sp.Rational(67, 100), sp.Rational(115, 100)


def _orthogonal() -> Pairs:
    low, high = five_iterations(sp.Rational(1, 100), sp.S.One, 400)
    return ((sp.Max(LEAST, low), low), (sp.Min(MOST, high), high))


CLAIMS = (
    FormulaClaim(
        "muon/five-iterations",
        "Five iterations take every singular value from 0.01 to 1 into [0.67, 1.15].",
        JORDAN,
        "ranges over 400 pieces: end and turning points, 30 digits",
        _orthogonal,
    ),
)
