"""How long a step of Adam can be: the bound of Kingma and Ba, and the sharp one.

With w_i and u_i the weights of the gradients in the corrected moments, Cauchy and Schwarz bound
|mhat|/sqrt(vhat) by the root of B = sum w_i^2/u_i, which gradients proportional to w_i/u_i reach.
Up to the corrections B follows a recurrence: S <- beta1^2/beta2*S + (1 - beta1)^2/(1 - beta2).
"""

from __future__ import annotations

import sympy as sp

from spec.family import FormulaClaim, Pairs
from spec.symbols import g, t

S, V, M = sp.symbols("S V M", positive=True)
"""The squared bound without corrections, and the moments that it bounds: M^2 <= S*V."""
a1, a2 = sp.symbols("alpha1 alpha2", positive=True)
b1, b2 = sp.symbols("b1 b2", positive=True)
KINGMA = "Kingma and Ba 2015, section 2.1"


def bound(first: sp.Expr, second: sp.Expr, steps: sp.Expr) -> sp.Expr:
    """Return the squared sharp bound on |mhat|/sqrt(vhat) after ``steps``, for given decay rates."""
    ratio = first**2 / second
    uncorrected = (1 - first) ** 2 / (1 - second) * (1 - ratio**steps) / (1 - ratio)
    return uncorrected * (1 - second**steps) / (1 - first**steps) ** 2


def _step() -> Pairs:
    """Return the identity of one step: S'V' - M'^2 as terms that cannot be negative."""
    after_s = b1**2 / b2 * S + a1**2 / a2
    after_v, after_m = b2 * V + a2 * g**2, b1 * M + a1 * g
    square = (b1 * sp.sqrt(S * a2 / b2) * g - a1 * sp.sqrt(b2 * V / a2)) ** 2
    slack = 2 * b1 * a1 * g * (sp.sqrt(S * V) - M)
    return ((after_s * after_v - after_m**2, b1**2 * (S * V - M**2) + square + slack),)


def _closed_form() -> Pairs:
    """Return base and step of: S at t is a geometric sum, with r for beta1^2/beta2."""
    ratio, added = sp.symbols("r c", positive=True)
    claim = added * (1 - ratio**t) / (1 - ratio)
    return ((claim.subs(t, 0), sp.S.Zero), (ratio * claim.subs(t, t - 1) + added, claim))


def _reached() -> Pairs:
    """Return for the first steps: gradients (beta1/beta2)^(t - i) reach the bound."""
    pairs = []
    for steps in range(1, 5):
        gradients = [(b1 / b2) ** (steps - i) for i in range(1, steps + 1)]
        first = sum((1 - b1) * b1 ** (steps - i) * g_i for i, g_i in enumerate(gradients, 1))
        second = sum((1 - b2) * b2 ** (steps - i) * g_i**2 for i, g_i in enumerate(gradients, 1))
        corrected = first**2 / (1 - b1**steps) ** 2 / (second / (1 - b2**steps))
        pairs.append((sp.cancel(corrected - bound(b1, b2, sp.Integer(steps))), sp.S.Zero))
    return tuple(pairs)


def _broken() -> Pairs:
    """Return: at 0.9 and 0.999 the sharp bound after 1000 steps is beyond the published one."""
    first, second = sp.Rational(9, 10), sp.Rational(999, 1000)
    published = (1 - first) ** 2 / (1 - second)
    sharp = bound(first, second, sp.Integer(1000))
    return ((sp.Max(published, sharp), sharp),)


CLAIMS = (
    FormulaClaim(
        "adam/sharp-bound",
        "|m|/sqrt(v) never exceeds the root of the sum of w_i^2/u_i.",
        f"{KINGMA}; Cauchy-Schwarz",
        "induction over t: what a step adds is a sum of squares",
        lambda: (*_step(), *_closed_form()),
    ),
    FormulaClaim(
        "adam/sharp-bound-reached",
        "Gradients proportional to (beta1/beta2)^(t - i) reach the bound.",
        KINGMA,
        "substitution for t = 1 to 4",
        _reached,
    ),
    FormulaClaim(
        "adam/published-bound-broken",
        "At betas 0.9 and 0.999 such gradients break the bound lr*(1 - beta1)/sqrt(1 - beta2).",
        KINGMA,
        "exact arithmetic at t = 1000",
        _broken,
    ),
)
