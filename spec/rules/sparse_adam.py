"""SparseAdam: Adam for gradients with few rows; a row without a gradient stays as it is."""

from __future__ import annotations

import dataclasses

import sympy as sp

from spec import rule as r
from spec import rule_claims as claim
from spec.lines import moments as a
from spec.lines.assignments import MAXIMIZE, used_gradient
from spec.lines.moments import beta1, beta2, c1, c2, d_t, m, m_t, v, v_t
from spec.rules.adam import adam
from spec.symbols import LEARNING_RATE, PARAMETER, g, lr, lr_t, theta, theta_t

OPTIONS = (MAXIMIZE,)


def difference_added(
    line: r.Assignment, previous: sp.Symbol, weight: sp.Expr, value: sp.Expr
) -> r.Assignment:
    """Return a moving average with its other form: the weighted difference, added."""
    form = r.Form("difference added", previous + weight * (value - previous))
    return dataclasses.replace(line, forms=(form,))


def sparse_adam(maximize: str = "no") -> r.UpdateRule:
    """Build the program for the rows that have a gradient."""
    program, gradient = used_gradient(maximize=maximize, coupled=False)
    first, second = a.moments(gradient)
    program += [
        difference_added(first, m, 1 - beta1, gradient),
        difference_added(second, v, 1 - beta2, gradient**2),
        *a.corrections(),
        r.Assignment("step size", lr_t, lr * sp.sqrt(c2) / c1),
        r.Assignment("denominator", d_t, sp.sqrt(v_t) + a.epsilon),
        r.Assignment("update", theta_t, theta - lr_t * m_t / d_t,
                     (r.Form("quotient first", theta - lr_t * sp.UnevaluatedExpr(m_t / d_t)),)),
    ]  # fmt: skip
    positive = (dataclasses.replace(item, domain=r.POSITIVE) for item in (LEARNING_RATE, a.EPSILON))
    used = (*positive, a.BETA1, a.BETA2)
    states = (a.FIRST, a.SECOND)
    return r.UpdateRule(
        "sparse_adam", {"maximize": maximize}, PARAMETER, states, used, tuple(program), (1, r.ANY_RANK)
    )


KINGMA = "Kingma and Ba 2015, section 2"
PLAIN = sparse_adam()
INVARIANTS = (
    claim.same_step("rows/all", "Where all rows have gradients it is Adam with epsilon beside the root of v.",
                    KINGMA, PLAIN, adam(epsilon="before_correction"), {}),
    claim.holds("weights/sum", "A moving average of ones stays one once it is one.", KINGMA, "substitution",
                PLAIN.composed(m_t).subs({m: 1, g: 1}), sp.S.One),
)  # fmt: skip
FAMILY = r.RuleFamily(
    "sparse_adam", "SparseAdam",
    r.Citation("D. P. Kingma and J. Ba", 2015, "Adam: a method for stochastic optimization",
               "arXiv:1412.6980", "section 2, before Algorithm 1's correction; torch.optim.SparseAdam"),
    OPTIONS, sparse_adam, {}, INVARIANTS,
)  # fmt: skip
