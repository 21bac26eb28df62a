"""The momentum buffer: its symbols, its rate, and the lines of a buffer that a rate of 0 leaves alone."""

from __future__ import annotations

import sympy as sp

from spec.rule import NONNEGATIVE, Assignment, Form, Hyperparameter
from spec.symbols import lr, theta, theta_t

b, b_t = sp.symbols("b b_t", real=True)
mu = sp.Symbol("mu", nonnegative=True)
MOMENTUM = Hyperparameter(mu, "momentum", 0.0, NONNEGATIVE, "momentum; 0 keeps no buffer")
STILL = sp.Eq(mu, 0)


def buffered_step(gradient: sp.Symbol, below: sp.Symbol, *, rate_inside: bool) -> list[Assignment]:
    """Return the buffer of the gradient over ``below``, and the step along it.

    The learning rate is in the buffer or else multiplies it; ``below`` may be inverted first.
    """

    def pushed(direction: sp.Expr) -> sp.Expr:
        return sp.Piecewise((b, STILL), (mu * b + (lr * direction if rate_inside else direction), True))

    def moved(direction: sp.Expr) -> sp.Expr:
        step = b_t if rate_inside else lr * b_t
        return sp.Piecewise((theta - lr * direction, STILL), (theta - step, True))

    quotient, product = gradient / below, sp.UnevaluatedExpr(1 / below) * gradient
    return [
        Assignment(name, target, line(quotient), (Form("reciprocal", line(product)),))
        for name, target, line in (("momentum buffer", b_t, pushed), ("update", theta_t, moved))
    ]
