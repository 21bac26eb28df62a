"""The elements of a case are those that its seed has always given."""

from __future__ import annotations

import numpy as np
import pytest

from conformance.optimizers.cases import TensorCase
from conformance.optimizers.tensor_values import _Lattice
from reference.formats import FLOAT32, FLOAT64, Format


def lattice(size: int, storage: Format) -> tuple[_Lattice, np.random.Generator]:
    """Return a lattice and a generator that draws the same."""
    first, second = (np.random.Generator(np.random.PCG64(3)) for _ in range(2))
    return _Lattice(first, TensorCase((size,), 1, 3), storage, {}, whole=False), second


@pytest.mark.parametrize("size", [0, 1, 3, 32, 1001])
def test_chances_and_magnitudes_are_those_of_the_generator(size: int) -> None:
    """Bytes and mantissas are taken from the generator's words as its own methods take them, call after call."""
    for storage, low, high in ((FLOAT32, -20, 4), (FLOAT64, -1074, 1023)):
        drawn, generator = lattice(size, storage)
        for one_in in (2, 32, 4):
            assert np.array_equal(drawn._chance(one_in), generator.integers(0, one_in, size, dtype=np.uint8) == 0)
            bits = generator.integers(0, 1 << 52, size, dtype=np.uint64)
            bits[generator.integers(0, 8, size, dtype=np.uint8) == 0] = 0
            exponents = generator.integers(low, high, size)
            expected = np.ldexp(1.0 + bits / 2.0**52, exponents)
            assert np.array_equal(drawn._magnitudes(low, high), expected)


def test_half_of_the_values_are_negative_by_their_sign_alone() -> None:
    """A zero gets a sign as any other number does."""
    drawn, generator = lattice(64, FLOAT32)
    values = drawn._signed(np.zeros(64))
    assert np.array_equal(np.signbit(values), generator.integers(0, 2, 64, dtype=np.uint8) == 0)
