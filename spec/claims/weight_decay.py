"""How strongly L2 in the gradient and decoupled decay shrink a parameter under Adam."""

from __future__ import annotations

import sympy as sp

from spec.family import FormulaClaim, Pairs
from spec.lines.moments import epsilon
from spec.rule import UpdateRule
from spec.rules.adam import COUPLED, DECOUPLED
from spec.symbols import g, lr, t, theta, theta_t, weight_decay

LOSHCHILOV = "Loshchilov and Hutter 2019, proposition 2 and section 2"
G, DELTA = sp.symbols("G delta", positive=True)
"""The size of a gradient, and by how much another is larger."""


def _shrinking(rule: UpdateRule) -> sp.Expr:
    """Return to first order in lambda what decay adds to the first step, for a gradient G > 0."""
    start: dict[sp.Expr, sp.Expr] = {t: sp.S.One, g: G}
    start |= {state.symbol: state.initial for state in rule.states}
    change = (rule.composed(theta_t) - theta).subs(start).replace(sp.Abs, lambda argument: argument)
    change = sp.powdenest(sp.simplify(change), force=True)
    return sp.simplify(sp.diff(change, weight_decay).subs(weight_decay, 0))


def _coupled() -> Pairs:
    shrinking = _shrinking(COUPLED)
    claimed = -lr * theta * epsilon / (G + epsilon) ** 2
    larger = sp.factor(claimed - claimed.subs(G, G + DELTA))
    positive = lr * theta * epsilon * DELTA * (2 * G + 2 * epsilon + DELTA)
    return ((shrinking, claimed), (larger, -positive / (G + epsilon) ** 2 / (G + DELTA + epsilon) ** 2))


CLAIMS = (
    FormulaClaim(
        "decay/coupled-depends-on-the-gradient",
        "L2 under Adam shrinks by lr*lambda*eps/(|g| + eps)^2: less for a larger gradient.",
        LOSHCHILOV,
        "derivative with respect to lambda at the first step",
        _coupled,
    ),
    FormulaClaim(
        "decay/decoupled-alike",
        "AdamW shrinks every parameter by lr*lambda, whatever its gradient.",
        LOSHCHILOV,
        "derivative with respect to lambda at the first step",
        lambda: ((_shrinking(DECOUPLED), -lr * theta),),
    ),
)
