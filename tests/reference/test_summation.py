"""Enclosures of norms, means and matrix products hold what any order of summation returns."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference.formats import FLOAT32, FLOAT64, Array, Format
from reference.intervals.interval import Interval
from reference.intervals.roundings import tensor_arithmetic
from reference.profile import Profile

KINDS = ("norm", "row norm", "column norm", "mean", "row mean", "column mean")
FORMATS = (FLOAT32, FLOAT64)


def matrix(seed: int, storage: Format, exponent: int) -> Array:
    """Return a matrix of values spread over magnitudes."""
    generator = np.random.Generator(np.random.PCG64(seed))
    values = generator.standard_normal((7, 33)) * 2.0 ** generator.integers(-exponent, exponent + 1, (7, 33))
    return values.astype(storage.dtype)


def computed(kind: str, values: Array, order: Array) -> Array:
    """Return the reduction as a loop over ``order`` computes it in the format of ``values``."""
    axis = {"row": 1, "column": 0}.get(kind.split(maxsplit=1)[0])
    rows = values.reshape(1, -1) if axis is None else values if axis == 1 else values.T
    total = np.zeros(len(rows), values.dtype)
    for place in order[order < rows.shape[1]]:
        column = rows[:, place]
        total = total + (column * column if kind.endswith("norm") else column)
    return np.sqrt(total) if kind.endswith("norm") else total / values.dtype.type(rows.shape[1])


@pytest.mark.parametrize("storage", FORMATS, ids=lambda storage: storage.name)
@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=30, derandomize=True, deadline=None)
@given(seed=st.integers(0, 999), exponent=st.sampled_from([0, 4, 30]))
def test_a_sum_in_any_order_is_enclosed(kind: str, storage: Format, seed: int, exponent: int) -> None:
    """Norms and means summed in a shuffled order lie in the enclosure of the exact elements."""
    values = matrix(seed, storage, exponent)
    order = np.random.Generator(np.random.PCG64(seed)).permutation(values.size)
    legal = tensor_arithmetic(Profile(), storage).whole(kind, [Interval.exactly(values.astype(storage.work))])
    result = computed(kind, values, order).reshape(legal.lo.shape).astype(storage.work)
    assert legal.contains(result).all()


@pytest.mark.parametrize("kind", KINDS)
def test_an_enclosure_is_narrow(kind: str) -> None:
    """A norm that is off by one part in a thousand lies outside."""
    values = np.abs(matrix(1, FLOAT32, 2))
    legal = tensor_arithmetic(Profile(), FLOAT32).whole(kind, [Interval.exactly(values.astype(np.float64))])
    assert not legal.contains(legal.hi * 1.001).any()
    assert not legal.contains(legal.lo * 0.999).any()


def test_a_product_of_matrices_is_enclosed() -> None:
    """A float32 product of matrices lies in its enclosure, and one with a wrong entry does not."""
    a, b = matrix(2, FLOAT32, 3), matrix(3, FLOAT32, 3).T
    operands = [Interval.exactly(x.astype(np.float64)) for x in (a, b)]
    legal = tensor_arithmetic(Profile(), FLOAT32).whole("matrix product", operands)
    assert legal.contains((a @ b).astype(np.float64)).all()
    wrong = a.copy()
    wrong[0, 0] *= np.float32(1.01)
    assert not legal.contains((wrong @ b).astype(np.float64)).all()


def test_nothing_is_known_of_a_norm_with_nan() -> None:
    """Where one element may be NaN the norm of all may be anything that is not negative."""
    values = np.ones((1, 3))
    unsure = Interval(values, values, np.array([[False, True, False]]))
    legal = tensor_arithmetic(Profile(), FLOAT32).whole("norm", [unsure])
    assert np.isinf(legal.hi).all()
    assert np.all(legal.nan)


def test_a_product_with_an_exact_zero_is_exact() -> None:
    """A row of zeros times any column is zero, and the rows beside it have room for rounding."""
    a, b = np.array([[0.0, 0.0], [1.0, 3.0]]), np.array([[1e-3], [1e3]])
    legal = tensor_arithmetic(Profile(), FLOAT32).whole("matrix product", [Interval.exactly(x) for x in (a, b)])
    assert legal.lo[0, 0] == legal.hi[0, 0] == 0.0
    assert legal.lo[1, 0] < 3000.001 < legal.hi[1, 0]


def test_an_end_that_is_infinite_opens_its_row_and_its_column_alone() -> None:
    """What is multiplied with an unbounded entry is unbounded, and nothing else is."""
    a = Interval(np.array([[1.0, 1.0], [2.0, 2.0]]), np.array([[1.0, np.inf], [2.0, 2.0]]), False, False)
    legal = tensor_arithmetic(Profile(), FLOAT64).whole("matrix product", [a, Interval.exactly(np.eye(2))])
    assert np.isinf(legal.hi[0]).all()
    assert np.isfinite(legal.hi[1]).all()
