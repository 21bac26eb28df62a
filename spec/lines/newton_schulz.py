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
LEAST, n_t = sp.symbols("epsilon n_t", nonnegative=True)


def newton_schulz(count: int, kept_in: str, *, added: bool = False) -> list[Assignment]:
    """Return the lines of ``count`` Newton-Schulz iterations from U_t to O_t.

    As torch has them each line is rounded once.  As Jordan et al. wrote them epsilon is ``added`` to the norm,
    and each operation is rounded.
    """
    shorter, norm = sp.Symbol("Y_t", real=True), Norm(sp.Symbol("Y_t", real=True))
    first = _matrix("X", 0)
    lines = [Assignment("shorter side first", shorter, Wide(U_t), kept_in=kept_in)]
    if added:
        alone = sp.Symbol("N_t", nonnegative=True)
        lines.append(Assignment("norm", alone, norm, kept_in=kept_in))
        lines.append(Assignment("norm and epsilon", n_t, alone + LEAST, kept_in=kept_in))
    else:
        lines.append(Assignment("norm", n_t, sp.Max(norm, LEAST), kept_in=kept_in))
    lines.append(Assignment("normalized", first, shorter / n_t, kept_in=kept_in))
    for index in range(count):
        lines += _iteration(index, kept_in, singly=added)
    return [*lines, Assignment("orthogonalized", O_t, ShapedAs(_matrix("X", count), theta), kept_in=kept_in)]


def _iteration(index: int, kept_in: str, *, singly: bool) -> list[Assignment]:
    """Return the lines of one iteration: each with one operation, or as few as there may be."""
    x, gram, inner, after = (_matrix(*named) for named in (("X", index), ("A", index), ("D", index), ("X", index + 1)))
    lines = [(f"Gram matrix {index}", gram, MatrixProduct(x, Transposed(x)))]
    if singly:
        linear, scaled, square = (_matrix(name, index) for name in ("P", "Q", "R"))
        kept, turned = (_matrix(name, index) for name in ("S", "T"))
        lines += [
            (f"part of degree three {index}", linear, b * gram),
            (f"scaled Gram matrix {index}", scaled, c * gram),
            (f"part of degree five {index}", square, MatrixProduct(scaled, gram)),
            (f"inner {index}", inner, linear + square),
            (f"part of degree one {index}", kept, a * x),
            (f"turned {index}", turned, MatrixProduct(inner, x)),
            (f"iterate {index + 1}", after, kept + turned),
        ]
    else:
        lines += [
            (f"inner {index}", inner, b * gram + c * MatrixProduct(gram, gram)),
            (f"iterate {index + 1}", after, a * x + MatrixProduct(inner, x)),
        ]
    return [Assignment(*line, kept_in=kept_in) for line in lines]


def _matrix(name: str, index: int) -> sp.Symbol:
    return sp.Symbol(f"{name}{index}", real=True)
