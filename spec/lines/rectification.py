"""Lines of rules that rectify their adaptive step while its variance is too large, as RAdam does."""

from __future__ import annotations

import sympy as sp

from spec.lines import moments
from spec.lines.moments import beta2, c1, c2, m_t, mhat_t, v_t, vhat_t
from spec.rule import Assignment, Form
from spec.symbols import lr, t, theta_t

longest, length = sp.symbols("rho_infty rho_t", real=True)
adaptive, rectified = sp.symbols("l_t r_t", nonnegative=True)


def rectification() -> tuple[Assignment, ...]:
    """Return the lines from the length of the average of v to the factor of the step."""
    return (
        Assignment("longest average", longest, 2 / (1 - beta2) - 1),
        Assignment("length of the average", length, longest - 2 * t * beta2**t / c2),
        Assignment(
            "rectification",
            rectified,
            sp.sqrt((length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length)),
        ),
    )


def adaptive_rate(*, before_correction: bool) -> Assignment:
    """Return the line of the adaptive rate, with epsilon beside the root of v or of the corrected v."""
    if not before_correction:
        return Assignment("adaptive learning rate", adaptive, 1 / (sp.sqrt(vhat_t) + moments.epsilon))
    root = sp.sqrt(v_t) + moments.epsilon
    inverted = Form("reciprocal", sp.sqrt(c2) * sp.UnevaluatedExpr(1 / root))
    return Assignment("adaptive learning rate", adaptive, sp.sqrt(c2) / root, (inverted,))


def rectified_update(parameter: sp.Expr, tractable: sp.Basic, *, before_correction: bool) -> Assignment:
    """Return the update: by the rectified adaptive rate where that is tractable, and by the average alone elsewhere."""
    return Assignment(
        "update",
        theta_t,
        sp.Piecewise((parameter - lr * mhat_t * rectified * adaptive, tractable), (parameter - lr * mhat_t, True)),
        _step_size_first(parameter, tractable) if before_correction else (),
    )


def _step_size_first(parameter: sp.Expr, tractable: sp.Basic) -> tuple[Form, ...]:
    size, root = sp.UnevaluatedExpr(lr * rectified / c1 * sp.sqrt(c2)), sp.sqrt(v_t) + moments.epsilon
    inverse = sp.UnevaluatedExpr(1 / sp.UnevaluatedExpr(root / size))
    plain = parameter - sp.UnevaluatedExpr(lr / c1) * m_t
    steps = {"step size first": m_t * inverse, "step size over root": size * m_t / root}
    return tuple(Form(name, sp.Piecewise((parameter - step, tractable), (plain, True))) for name, step in steps.items())
