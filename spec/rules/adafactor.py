"""Adafactor: a second moment in factored form, steps relative to the parameter, updates clipped."""

from __future__ import annotations

import sympy as sp

from spec import invariants as claim
from spec import rule as r
from spec.assignments import MAXIMIZE, decayed, decoupled_decay, used_gradient, weighted_average
from spec.symbols import LEARNING_RATE, PARAMETER, WEIGHT_DECAY, g, lr, t, theta, theta_t
from spec.whole import ColumnMean, ColumnNorm, Count, Height, Mean, Norm, RowMean, RowNorm, Width

R, R_t, C, C_t, V, V_t = sp.symbols("R R_t C C_t V V_t", nonnegative=True)
square, rows, columns, mean, Vhat_t, rho, alpha, clip = sp.symbols(
    "s_t r_t q_t a_t Vhat_t rho_t alpha_t kappa_t", nonnegative=True
)
u_t = sp.Symbol("u_t", real=True)
epsilon1, epsilon2, d = sp.symbols("epsilon1 epsilon2 d", nonnegative=True)
exponent = sp.Symbol("gamma", nonpositive=True)
ROWS = r.State(R, R_t, "row_var", "second moment of each row", degree=2, per=r.ROW)
COLUMNS = r.State(C, C_t, "col_var", "second moment of each column", degree=2, per=r.COLUMN)
SECOND = r.State(V, V_t, "variance", "second moment", degree=2)
HYPERPARAMETERS = (
    r.with_default(LEARNING_RATE, 1e-2),
    r.Hyperparameter(exponent, "beta2_decay", -0.8, r.Domain(-float("inf"), 0.0),
                     "exponent of the decay rate"),
    r.Hyperparameter(epsilon1, "eps[0]", 1e-30, r.NONNEGATIVE, "keeps the second moment from zero"),
    r.Hyperparameter(epsilon2, "eps[1]", 1e-3, r.NONNEGATIVE, "the least scale of a parameter"),
    r.Hyperparameter(d, "d", 1.0, r.Domain(1.0, float("inf"), high_open=True),
                     "root mean square to which an update is clipped"),
    WEIGHT_DECAY,
)  # fmt: skip
OPTIONS = (
    r.Option("factored", {"yes": "matrices: rows and columns", "no": "vectors: Adam's second moment"}),
    r.Option("epsilon", {"added": "to the squared gradient: Shazeer and Stern 2018, transformers, optax",
                         "floor": "the least second moment: torch"}),
    MAXIMIZE,
)  # fmt: skip


def adafactor(factored: str = "yes", epsilon: str = "added", maximize: str = "no") -> r.UpdateRule:
    """Build Adafactor's program for one choice of its options."""
    program, gradient = used_gradient(maximize=maximize, coupled=False)
    added = epsilon == "added"
    weight = t**exponent
    row_forms: tuple[r.Form, ...]
    column_forms: tuple[r.Form, ...]
    states: tuple[r.State, ...]
    program.append(r.Assignment("square", square, gradient**2 + (epsilon1 if added else 0)))
    if factored == "yes":
        row_forms = column_forms = ()
        if not added:
            row_forms = (r.Form("by norm", RowNorm(gradient) ** 2 / Width(gradient)),)
            column_forms = (r.Form("by norm", ColumnNorm(gradient) ** 2 / Height(gradient)),)
        program += [
            r.Assignment("row means", rows, RowMean(square), row_forms),
            r.Assignment("column means", columns, ColumnMean(square), column_forms),
            weighted_average("row moment", R_t, R, weight, rows),
            weighted_average("column moment", C_t, C, weight, columns),
            r.Assignment("mean of the rows", mean, Mean(R_t) if added else sp.Max(Mean(R_t), epsilon1)),
            r.Assignment("second moment", Vhat_t, R_t * C_t / mean),
        ]
        states, ranks = (ROWS, COLUMNS), (2, 2)
    else:
        program += [weighted_average("variance", V_t, V, weight, square),
                    r.Assignment("second moment", Vhat_t, V_t)]  # fmt: skip
        states, ranks = (SECOND,), (0, 1)
    below = Vhat_t if added else sp.Max(Vhat_t, epsilon1**2)
    reciprocal = gradient * sp.UnevaluatedExpr(1 / sp.sqrt(below))
    program += [
        r.Assignment("relative step size", rho, sp.Min(lr, 1 / sp.sqrt(t))),
        r.Assignment("step size", alpha, sp.Max(epsilon2, Norm(theta) / sp.sqrt(Count(theta))) * rho),
        r.Assignment("direction", u_t, gradient / sp.sqrt(below), (r.Form("reciprocal", reciprocal),)),
        r.Assignment("clipping", clip, sp.Max(1, Norm(u_t) / (sp.sqrt(Count(u_t)) * d))),
        decoupled_decay(),
        r.Assignment("update", theta_t, decayed - alpha * u_t / clip,
                     (r.Form("step size first", decayed - sp.UnevaluatedExpr(alpha / clip) * u_t),)),
    ]  # fmt: skip
    chosen = {"factored": factored, "epsilon": epsilon, "maximize": maximize}
    return r.UpdateRule("adafactor", chosen, PARAMETER, states, HYPERPARAMETERS, tuple(program), ranks)


SHAZEER = "Shazeer and Stern 2018, Algorithm 4"
VECTOR, MATRIX = adafactor(factored="no"), adafactor()
INVARIANTS = (
    claim.holds("decay-rate/first", "The first step forgets the initial moments.", SHAZEER,
                "substitution of t = 1", sp.Matrix([VECTOR.composed(V_t), MATRIX.composed(R_t)]).subs(t, 1),
                sp.Matrix([g**2 + epsilon1, RowMean(g**2 + epsilon1)])),
    claim.holds("factored/rank-one", "A second moment of rank one is recovered: R*C/mean(R) is its element.",
                "Shazeer and Stern 2018, section 3", "substitution of a row and a column factor",
                (V * Mean(C)) * (C * Mean(V)) / (Mean(V) * Mean(C)), V * C),
)  # fmt: skip
FAMILY = r.RuleFamily(
    "adafactor", "Adafactor",
    r.Citation("N. Shazeer and M. Stern", 2018,
               "Adafactor: adaptive learning rates with sublinear memory cost", "arXiv:1804.04235",
               "Algorithm 4"),
    OPTIONS, adafactor, {}, INVARIANTS,
)  # fmt: skip
