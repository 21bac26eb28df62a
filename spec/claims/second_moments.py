"""How fast the second moments of Adam and Yogi can move, and what the place of epsilon changes."""

from __future__ import annotations

import sympy as sp

from spec.family import FormulaClaim, Pairs
from spec.lines.moments import beta2, v, v_t
from spec.rules.adam import PLAIN
from spec.rules.yogi import yogi
from spec.symbols import g

ZAHEER = "Zaheer et al. 2018, section 3"
root, small = sp.symbols("s epsilon", positive=True)
"""The root of a second moment and epsilon, both positive."""


def _yogi() -> Pairs:
    grown = yogi().composed(v_t) - v
    weighed = (1 - beta2) * g**2
    return (
        (sp.Abs(grown) ** 2, weighed**2 * sp.Abs(sp.sign(v - g**2)) ** 2),
        (grown.subs(v, 0), weighed * sp.sign(g**2)),
    )


def _adam() -> Pairs:
    return ((PLAIN.composed(v_t).subs(g, 0), beta2 * v), (PLAIN.composed(v_t) - beta2 * v, (1 - beta2) * g**2))


def _places() -> Pairs:
    """Return squares: sqrt(v) <= sqrt(v + eps^2) <= sqrt(v) + eps, for s = sqrt(v)."""
    inside = sp.sqrt(root**2 + small**2)
    return ((inside**2 - root**2, small**2), ((root + small) ** 2 - inside**2, 2 * root * small))


CLAIMS = (
    FormulaClaim(
        "yogi/bounded-change",
        "Yogi's v moves by at most (1 - beta2)*g^2 in a step.",
        ZAHEER,
        "the square of the change",
        _yogi,
    ),
    FormulaClaim(
        "adam/forgets",
        "Adam's v shrinks by the factor beta2 without a gradient, and never more.",
        ZAHEER,
        "substitution",
        _adam,
    ),
    FormulaClaim(
        "epsilon/place",
        "eps beside the root and eps^2 under it differ by less than eps.",
        "optax eps_root; Kingma and Ba 2015, Algorithm 1",
        "squares of both sides: the differences eps^2 and 2*eps*sqrt(v) are positive",
        _places,
    ),
)
