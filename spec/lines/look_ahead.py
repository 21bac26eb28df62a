"""The look-ahead of NAdam: the coming momentum, risen, constant or shared, in place of this step's."""

from __future__ import annotations

import sympy as sp

from spec.lines import assignments as lines
from spec.lines.moments import beta1, c1, d_t, decay_inside, m_t
from spec.rule import Assignment, Cast, Form, State
from spec.symbols import lr, t, theta_t

psi, product, product_t = sp.symbols("psi P P_t", nonnegative=True)
mu, ahead = sp.symbols("mu_t mu_next", nonnegative=True)
now_t, next_t = sp.symbols("alpha_t gamma_t", real=True)
ahead_t = sp.Symbol("n_t", real=True)
PRODUCT = State(
    product, product_t, "mu_product", "product of the momenta so far", degree=0, initial=sp.S.One, scalar=True
)


def scheduled(step: sp.Expr) -> sp.Expr:
    """Return the momentum of a step: it rises from beta1/2 to beta1."""
    return beta1 * (1 - sp.Rational(1, 2) * sp.Rational(96, 100) ** (step * psi))


MOMENTA = [
    Assignment("momentum", mu, scheduled(t)),
    Assignment("next momentum", ahead, scheduled(t + 1)),
    Assignment("product of momenta", product_t, product * mu),
]


def rising(parameter: sp.Expr, gradient: sp.Symbol) -> list[Assignment]:
    """Return the step of Dozat 2016: gradient and moment with corrections of their own."""
    inverse = [sp.UnevaluatedExpr(1 / (1 - p)) for p in (product_t, product_t * ahead)]
    sizes = [sp.UnevaluatedExpr(lr * (1 - mu) * inverse[0]), sp.UnevaluatedExpr(lr * ahead * inverse[1])]
    inverted = parameter - sizes[0] * gradient / d_t - sizes[1] * m_t / d_t
    return [
        Assignment("step size of the gradient", now_t, lr * (1 - mu) / (1 - product_t)),
        Assignment("step size of the moment", next_t, lr * ahead / (1 - product_t * ahead)),
        Assignment(
            "update",
            theta_t,
            parameter - now_t * gradient / d_t - next_t * m_t / d_t,
            (Form("reciprocal step sizes", inverted),),
        ),
    ]


def constant(parameter: sp.Symbol, gradient: sp.Symbol) -> list[Assignment]:
    """Return the step with beta1 as momentum: the moment corrected as of the coming step."""
    parts = (beta1, m_t, 1 - beta1 ** (t + 1)), (1 - beta1, gradient, c1)
    seen = sp.Add(*(weight * (value / correction) for weight, value, correction in parts))
    inverse = [w * (x * sp.UnevaluatedExpr(1 / Cast(c))) for w, x, c in parts]
    forms = (Form("reciprocal correction", sp.Add(*inverse)),)
    return [
        Assignment("look-ahead", ahead_t, seen, forms),
        Assignment("update", theta_t, parameter - lr * ahead_t / d_t, decay_inside(parameter, ahead_t / d_t)),
    ]


def shared(parameter: sp.Expr, gradient: sp.Symbol) -> list[Assignment]:
    """Return the step with beta1 as momentum and one correction for both terms."""
    first = Form("step size first", parameter - sp.UnevaluatedExpr(lr / c1) * ahead_t / d_t)
    return [
        lines.moving_average("look-ahead", ahead_t, m_t, beta1, gradient),
        Assignment("update", theta_t, parameter - lr * (ahead_t / c1) / d_t, (first,)),
    ]
