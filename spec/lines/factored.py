"""A second moment kept as row and column means, and the direction that it gives a gradient."""

from __future__ import annotations

import sympy as sp

from spec.lines.assignments import weighted_average
from spec.rule import COLUMN, NONNEGATIVE, ROW, Assignment, Domain, Form, Hyperparameter, State
from spec.symbols import t
from spec.tensor_functions import ColumnMean, ColumnNorm, Height, Mean, RowMean, RowNorm, Width

R, R_t, C, C_t, V, V_t = sp.symbols("R R_t C C_t V V_t", nonnegative=True)
square, rows, columns, Vhat_t = sp.symbols("s_t r_t q_t Vhat_t", nonnegative=True)
mean = sp.Symbol("a_t", positive=True)
epsilon1 = sp.Symbol("epsilon1", nonnegative=True)
exponent = sp.Symbol("gamma", nonpositive=True)
u_t = sp.Symbol("u_t", real=True)
EXPONENT = Hyperparameter(exponent, "beta2_decay", -0.8, Domain(-float("inf"), 0.0), "exponent of the decay rate")
FLOOR = Hyperparameter(epsilon1, "eps[0]", 1e-30, NONNEGATIVE, "keeps the second moment from zero")
ROWS = State(R, R_t, "row_var", "second moment of each row", degree=2, per=ROW)
COLUMNS = State(C, C_t, "col_var", "second moment of each column", degree=2, per=COLUMN)
SECOND = State(V, V_t, "variance", "second moment", degree=2)


def second_moment(
    gradient: sp.Symbol, factored: bool, *, added: bool
) -> tuple[list[Assignment], sp.Expr, tuple[State, ...]]:
    """Return the lines of the second moment, what stands under the root, and the states.

    Epsilon is ``added`` to the squared gradient, or else the floor of the moment.
    """
    lines = [Assignment("square", square, gradient**2 + (epsilon1 if added else 0))]
    if not factored:
        lines += [_averaged("variance", V_t, V, square), Assignment("second moment", Vhat_t, V_t)]
        return lines, Vhat_t if added else sp.Max(Vhat_t, epsilon1**2), (SECOND,)
    row_forms = (Form("by norm", RowNorm(gradient) ** 2 / Width(gradient)),)
    column_forms = (Form("by norm", ColumnNorm(gradient) ** 2 / Height(gradient)),)
    lines += [
        Assignment("row means", rows, RowMean(square), () if added else row_forms),
        Assignment("column means", columns, ColumnMean(square), () if added else column_forms),
        _averaged("row moment", R_t, R, rows),
        _averaged("column moment", C_t, C, columns),
        Assignment("mean of the rows", mean, Mean(R_t) if added else sp.Max(Mean(R_t), epsilon1)),
        Assignment("product of the factors", Vhat_t, R_t * C_t / mean),
    ]
    return lines, Vhat_t if added else sp.Max(Vhat_t, epsilon1**2), (ROWS, COLUMNS)


def _averaged(name: str, target: sp.Symbol, previous: sp.Symbol, value: sp.Symbol) -> Assignment:
    """Return a moving average whose decay rate is 1 - t^gamma; its weight may be 1 less that rate."""
    line = weighted_average(name, target, previous, t**exponent, value)
    rate = sp.UnevaluatedExpr(1 - t**exponent)
    from_rate = Form("weight from the rate", rate * previous + (1 - rate) * value)
    return Assignment(name, target, line.expression, (*line.forms, from_rate))


def direction(gradient: sp.Symbol, below: sp.Expr, factored: bool) -> Assignment:
    """Return the gradient over the root of its second moment; the factors may be inverted apart."""
    forms = [Form("reciprocal", gradient * sp.UnevaluatedExpr(1 / sp.sqrt(below)))]
    if factored and below == Vhat_t:
        row = sp.UnevaluatedExpr(1 / sp.sqrt(sp.UnevaluatedExpr(R_t / mean)))
        forms.append(Form("factors apart", gradient * sp.UnevaluatedExpr(row * sp.UnevaluatedExpr(1 / sp.sqrt(C_t)))))
    return Assignment("direction", u_t, gradient / sp.sqrt(below), tuple(forms))
