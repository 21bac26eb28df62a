"""Newton-Schulz iterations, which take the singular values of a matrix towards one."""

from __future__ import annotations

import sympy as sp

from spec.rule import Assignment
from spec.symbols import theta
from spec.tensor_functions import MatrixProduct, Norm, ShapedAs, Transposed, Wide

a, b, c = sp.symbols("a b c", real=True)
"""The coefficients of degree one, three and five."""
U_t, O_t = sp.symbols("U_t O_t", real=True)
"""The matrix, and what the iterations make of it."""
epsilon, n_t = sp.symbols("epsilon n_t", nonnegative=True)


def newton_schulz(count: int, kept_in: str) -> list[Assignment]:
    """Return the lines of ``count`` Newton-Schulz iterations from U_t to O_t."""

    def matrix(name: str, index: int) -> sp.Symbol:
        return sp.Symbol(f"{name}{index}", real=True)

    first = matrix("X", 0)
    lines = [
        Assignment("shorter side first", sp.Symbol("Y_t", real=True), Wide(U_t), kept_in=kept_in),
        Assignment("norm", n_t, sp.Max(Norm(sp.Symbol("Y_t", real=True)), epsilon), kept_in=kept_in),
        Assignment("normalized", first, sp.Symbol("Y_t", real=True) / n_t, kept_in=kept_in),
    ]
    for index in range(count):
        x, gram, inner, after = (
            matrix(*named) for named in (("X", index), ("A", index), ("D", index), ("X", index + 1))
        )
        lines += [
            Assignment(f"Gram matrix {index}", gram, MatrixProduct(x, Transposed(x)), kept_in=kept_in),
            Assignment(f"inner {index}", inner, b * gram + c * MatrixProduct(gram, gram), kept_in=kept_in),
            Assignment(f"iterate {index + 1}", after, a * x + MatrixProduct(inner, x), kept_in=kept_in),
        ]
    return [*lines, Assignment("orthogonalized", O_t, ShapedAs(matrix("X", count), theta), kept_in=kept_in)]
