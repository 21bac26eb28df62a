"""What a rule may ask of a whole tensor: norms, means, counts and products of matrices.

Each is written as a function of the tensor.  Rows and columns are those of the last two dimensions;
a result keeps the dimensions over which it was taken, with length one.
"""

from __future__ import annotations

import sympy as sp


class TensorFunction(sp.Function):  # type: ignore[misc]
    """A function of a tensor that does not act element by element."""

    nargs = 1
    kind = ""
    is_real = True


class Norm(TensorFunction):
    """The Euclidean norm of all elements."""

    kind = "norm"
    is_nonnegative = True


class RowNorm(TensorFunction):
    """The Euclidean norm of each row."""

    kind = "row norm"
    is_nonnegative = True


class ColumnNorm(TensorFunction):
    """The Euclidean norm of each column."""

    kind = "column norm"
    is_nonnegative = True


class Mean(TensorFunction):
    """The mean of all elements."""

    kind = "mean"


class RowMean(TensorFunction):
    """The mean of each row."""

    kind = "row mean"


class ColumnMean(TensorFunction):
    """The mean of each column."""

    kind = "column mean"


class Count(TensorFunction):
    """The number of elements."""

    kind = "count"
    is_positive = True


class Width(TensorFunction):
    """The length of a row: the number of columns."""

    kind = "width"
    is_positive = True


class Height(TensorFunction):
    """The length of a column: the number of rows."""

    kind = "height"
    is_positive = True


class Transposed(TensorFunction):
    """The matrix with rows and columns exchanged."""

    kind = "transposed"


class Wide(TensorFunction):
    """The matrix, transposed if it has more rows than columns."""

    kind = "wide"


class ShapedAs(TensorFunction):
    """The first matrix, transposed if that gives it the shape of the second."""

    nargs = 2
    kind = "shaped as"


class MatrixProduct(TensorFunction):
    """The product of two matrices."""

    nargs = 2
    kind = "matrix product"


class Dot(TensorFunction):
    """The sum of the products of all elements of two tensors; with 1 the sum of the elements of one."""

    nargs = 2
    kind = "dot"

    @classmethod
    def eval(cls, left: sp.Expr, right: sp.Expr) -> sp.Expr | None:
        """Return zero for a tensor of zeros."""
        return sp.S.Zero if left.is_zero or right.is_zero else None


TENSOR_FUNCTIONS: tuple[type[TensorFunction], ...] = (
    Norm,
    RowNorm,
    ColumnNorm,
    Mean,
    RowMean,
    ColumnMean,
    Count,
    Width,
    Height,
    Transposed,
    Wide,
    ShapedAs,
    MatrixProduct,
    Dot,
)
COUNTS = (Count, Width, Height)
OF_MATRICES = (RowNorm, ColumnNorm, RowMean, ColumnMean, Width, Height, Transposed, Wide, MatrixProduct)
"""Those that need rows and columns."""
SQUARES: dict[type[TensorFunction], tuple[type[TensorFunction], type[TensorFunction]]] = {
    Norm: (Mean, Count),
    RowNorm: (RowMean, Width),
    ColumnNorm: (ColumnMean, Height),
}


def without_norms(expression: sp.Expr) -> sp.Expr:
    """Write every norm as the root of a count times a mean of squares, for the prover."""
    for norm, (mean, count) in SQUARES.items():
        expression = expression.replace(norm, _as_mean(mean, count))
    return expression


def _as_mean(mean: type[TensorFunction], count: type[TensorFunction]) -> object:
    return lambda tensor: sp.sqrt(mean(tensor**2) * count(tensor))


def of_one_element(expression: sp.Expr) -> sp.Expr:
    """Return what an expression without norms is for a tensor of one element."""
    for function in (*COUNTS, Mean, RowMean, ColumnMean, Transposed, Wide):
        counted = function in COUNTS
        expression = expression.replace(function, lambda tensor, one=counted: sp.S.One if one else tensor)
    expression = expression.replace(ShapedAs, lambda left, _: left)
    for product in (MatrixProduct, Dot):
        expression = expression.replace(product, lambda left, right: left * right)
    return expression
