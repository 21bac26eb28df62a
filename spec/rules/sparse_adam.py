"""SparseAdam: Adam for gradients with few rows; a row without a gradient stays as it is."""

from __future__ import annotations

import dataclasses

import sympy as sp

from spec import rule_claims as claim
from spec.family import Citation, Family, FormulaClaim
from spec.lines import moments
from spec.lines.assignments import MAXIMIZE, used_gradient
from spec.lines.moments import beta1, beta2, c1, c2, d_t, m, m_t, v, v_t
from spec.rule import ANY_RANK, POSITIVE, Assignment, Form, UpdateRule
from spec.rules.adam import adam
from spec.symbols import LEARNING_RATE, PARAMETER, g, lr, lr_t, theta, theta_t

OPTIONS = (MAXIMIZE,)


def difference_added(line: Assignment, previous: sp.Symbol, weight: sp.Expr, value: sp.Expr) -> Assignment:
    """Return a moving average with its other form: the weighted difference, added."""
    form = Form("difference added", previous + weight * (value - previous))
    return dataclasses.replace(line, forms=(form,))


def sparse_adam(maximize: str = "no") -> UpdateRule:
    """Build the program for the rows that have a gradient."""
    program, gradient = used_gradient(maximize=maximize, coupled=False)
    first, second = moments.averages(gradient)
    program += [
        difference_added(first, m, 1 - beta1, gradient),
        difference_added(second, v, 1 - beta2, gradient**2),
        *moments.corrections(),
        Assignment("step size", lr_t, lr * sp.sqrt(c2) / c1),
        Assignment("denominator", d_t, sp.sqrt(v_t) + moments.epsilon),
        Assignment(
            "update",
            theta_t,
            theta - lr_t * m_t / d_t,
            (Form("quotient first", theta - lr_t * sp.UnevaluatedExpr(m_t / d_t)),),
        ),
    ]
    positive = (dataclasses.replace(item, domain=POSITIVE) for item in (LEARNING_RATE, moments.EPSILON))
    used = (*positive, moments.BETA1, moments.BETA2)
    states = (moments.FIRST, moments.SECOND)
    return UpdateRule("sparse_adam", {"maximize": maximize}, PARAMETER, states, used, tuple(program), (1, ANY_RANK))


KINGMA = "Kingma and Ba 2015, section 2"
PLAIN = sparse_adam()


def claims() -> tuple[FormulaClaim, ...]:
    """Return what is claimed of it."""
    return (
        claim.same_step(
            "rows/all",
            "Where all rows have gradients it is Adam with epsilon beside the root of v.",
            KINGMA,
            PLAIN,
            adam(epsilon="before_correction"),
            {},
        ),
        claim.holds(
            "weights/sum",
            "A moving average of ones stays one once it is one.",
            KINGMA,
            "substitution",
            PLAIN.composed(m_t).subs({m: 1, g: 1}),
            sp.S.One,
        ),
    )


FAMILY = Family(
    "sparse_adam",
    "SparseAdam",
    Citation(
        "D. P. Kingma and J. Ba",
        2015,
        "Adam: a method for stochastic optimization",
        "arXiv:1412.6980",
        "section 2, before Algorithm 1's correction; torch.optim.SparseAdam",
    ),
    OPTIONS,
    sparse_adam,
    claims,
)
