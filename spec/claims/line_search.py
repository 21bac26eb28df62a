"""The line search of L-BFGS: where the interpolating cubic is least, and what its conditions give."""

from __future__ import annotations

import sympy as sp

from spec.family import FormulaClaim, Pairs

a, b, t = sp.symbols("a b t", real=True)
f_a, f_b, s_a, s_b = sp.symbols("f_a f_b s_a s_b", real=True)
"""Two step lengths, the losses there and the slopes along the direction."""
WRIGHT = "Nocedal and Wright 2006"
BEND = s_a + s_b - 3 * (f_a - f_b) / (a - b)
ROOT = sp.Symbol("r", nonnegative=True)
"""The root of BEND^2 - s_a*s_b."""
LEAST = b - (b - a) * (s_b + ROOT - BEND) / (s_b - s_a + 2 * ROOT)


def cubic() -> sp.Expr:
    """Return the cubic with the two losses and slopes."""
    share = (t - a) / (b - a)
    slope = (f_b - f_a) / (b - a)
    return f_a + slope * (t - a) + (t - a) * (1 - share) * ((s_a - slope) * (1 - share) - (s_b - slope) * share)


def _interpolates() -> Pairs:
    slope = sp.diff(cubic(), t)
    return ((cubic().subs(t, a), f_a), (cubic().subs(t, b), f_b), (slope.subs(t, a), s_a), (slope.subs(t, b), s_b))


def _with_root(expression: sp.Expr) -> sp.Expr:
    """Write the loss f_a by the root, so that the two are tied together."""
    bend = sp.Symbol("d", real=True)
    loss = f_b + (a - b) * (s_a + s_b - bend) / 3
    numerator = sp.numer(sp.together(expression.subs(f_a, loss)))
    return sp.rem(sp.expand(numerator), ROOT**2 - bend**2 + s_a * s_b, ROOT)


def _stationary() -> Pairs:
    return ((_with_root(sp.diff(cubic(), t).subs(t, LEAST)), sp.S.Zero),)


def _least() -> Pairs:
    """Return: the second derivative there is 2*r/(b - a), positive where the root is."""
    return ((_with_root(sp.diff(cubic(), t, 2).subs(t, LEAST) - 2 * ROOT / (b - a)), sp.S.Zero),)


CLAIMS = (
    FormulaClaim(
        "search/cubic",
        "The cubic takes both losses and both slopes.",
        f"{WRIGHT}, section 3.5",
        "substitution",
        _interpolates,
    ),
    FormulaClaim(
        "search/stationary",
        "The interpolated length is where the cubic's slope is zero.",
        f"{WRIGHT}, equation 3.59",
        "remainder modulo the square of the root",
        _stationary,
    ),
    FormulaClaim(
        "search/least",
        "There the cubic bends upwards by 2*r/(b - a): it is the minimum.",
        f"{WRIGHT}, equation 3.59",
        "remainder modulo the square of the root",
        _least,
    ),
)
