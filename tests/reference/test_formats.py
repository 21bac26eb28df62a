"""Rounding to a format is the rounding of NumPy and ml_dtypes, at ties, subnormals and overflow."""

from __future__ import annotations

import numpy as np
import pytest
from flint import arb

from reference.balls.exact_range import nearest
from reference.formats import FLOAT64, FORMATS, Array, Format

NARROW = [item for item in FORMATS.values() if item is not FLOAT64]


def places(storage: Format) -> Array:
    """Return numbers of every magnitude, ties between neighbours, and the ends of the format."""
    generator = np.random.Generator(np.random.PCG64(5))
    low, high = storage.minimum_exponent - storage.precision - 2, int(np.log2(storage.largest)) + 2
    exponents = np.arange(low, high, dtype=np.float64)
    drawn = 2.0 ** np.repeat(exponents, 8) * generator.uniform(1, 2, 8 * exponents.size)
    with np.errstate(over="ignore"):
        stored = drawn.astype(storage.dtype).astype(np.float64)
    stored = stored[np.isfinite(stored) & (stored > 0)]
    spacing = 2.0 ** (np.maximum(np.floor(np.log2(stored)), storage.minimum_exponent) - storage.precision + 1)
    ends = np.array([0.0, storage.largest, storage.smallest_normal, storage.smallest_subnormal, np.inf])
    every = np.concatenate([drawn, stored, stored + spacing / 2, stored + spacing / 4, ends])
    return np.concatenate([every, -every])


@pytest.mark.parametrize("storage", NARROW, ids=lambda item: item.name)
def test_nearest_is_what_integers_give(storage: Format) -> None:
    """``nearest`` is the rounding to nearest even that whole numbers of any length give."""
    numbers = places(storage)
    with np.errstate(over="ignore"):
        rounded = storage.nearest(numbers)
    expected = [float(nearest(arb(float(number)), storage)) for number in numbers]
    assert np.array_equal(rounded, np.array(expected))


@pytest.mark.parametrize("storage", FORMATS.values(), ids=lambda item: item.name)
def test_nearest_leaves_stored_numbers_alone(storage: Format) -> None:
    """A number of the format is its own rounding."""
    with np.errstate(over="ignore"):
        stored = places(storage).astype(storage.dtype).astype(storage.work)
    assert np.array_equal(storage.nearest(stored), stored)


@pytest.mark.parametrize("storage", FORMATS.values(), ids=lambda item: item.name)
def test_the_constants_of_a_format_are_those_of_its_type(storage: Format) -> None:
    """The largest number is finite and doubling it is not; half the smallest rounds to zero."""
    number = storage.dtype.type
    with np.errstate(over="ignore", under="ignore"):
        assert np.isfinite(np.float64(number(storage.largest)))
        largest = np.asarray(storage.largest, storage.work)
        assert np.isinf(storage.nearest(2 * largest))
        assert float(number(storage.smallest_subnormal)) == storage.smallest_subnormal
        smallest = np.asarray(storage.smallest_subnormal, storage.work)
        assert storage.nearest(smallest / 2) == 0


def test_a_double_becomes_bfloat16_by_way_of_float32() -> None:
    """A number just above a tie is one in float32, and goes to the even neighbour, whatever ml_dtypes does."""
    above = np.array([1 + 2.0**-8 + 2.0**-30, -(1 + 2.0**-8 + 2.0**-30), 1 + 2.0**-8 + 2.0**-20])
    assert FORMATS["bfloat16"].nearest(above).tolist() == [1.0, -1.0, 1.0078125]
