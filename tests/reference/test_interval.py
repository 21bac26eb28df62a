"""Interval arithmetic holds what floating point returns, and little more."""

from __future__ import annotations

import numpy as np
import pytest

from reference.formats import BFLOAT16, FLOAT16, FLOAT32, FLOAT64, FORMATS, Array, Format
from reference.intervals.interval import Interval, IntervalArithmetic, Rounding
from reference.intervals.roundings import tensor_arithmetic
from reference.profile import UNITS, Profile


def numbers(storage: Format, seed: int, size: int = 4000) -> Array:
    """Return numbers of a format over its whole range, with its special places."""
    generator = np.random.default_rng(seed)
    low, high = storage.minimum_exponent - storage.precision, int(np.log2(storage.largest))
    value = generator.uniform(1, 2, size) * 2.0 ** generator.integers(low, high, size)
    value = value * generator.choice([-1.0, 1.0], size)
    special = [0.0, storage.largest, storage.smallest_subnormal, storage.smallest_normal, 1.0]
    value[: 2 * len(special)] = [*special, *(-x for x in special)]
    return value.astype(storage.dtype)


OPERATIONS = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": np.divide,
    "maximum": np.maximum,
}


@pytest.mark.parametrize("storage", FORMATS.values(), ids=lambda item: item.name)
@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_holds_its_rounded_result(name: str, storage: Format) -> None:
    """The enclosure of an operation holds the format's own result everywhere."""
    arithmetic = tensor_arithmetic(Profile(), storage)
    a, b = numbers(storage, 1), numbers(storage, 2)[::-1].copy()
    with np.errstate(all="ignore"):
        got = OPERATIONS[name](a, b).astype(storage.work)
        x, y = (Interval.exactly(value.astype(storage.work)) for value in (a, b))
        enclosure = getattr(arithmetic, name)(x, y)
    assert enclosure.contains(got).all()


@pytest.mark.parametrize("storage", [FLOAT32, FLOAT16, BFLOAT16], ids=lambda item: item.name)
def test_a_contracted_product_is_held(storage: Format) -> None:
    """A sum whose product was not rounded, as by a fused multiply-add, is inside."""
    arithmetic = tensor_arithmetic(Profile(), storage)
    a, b, c = (numbers(storage, seed).astype(np.float64) for seed in (3, 4, 5))
    with np.errstate(all="ignore"):
        fused = storage.nearest(a * b + c)
        x, y, z = (Interval.exactly(value) for value in (a, b, c))
        enclosure = arithmetic.add(arithmetic.multiply(x, y), z)
    assert enclosure.contains(fused).all()


def test_without_a_rounding_the_result_is_outside() -> None:
    """An arithmetic of a wider format does not hold float16's results."""
    arithmetic = IntervalArithmetic(Rounding(FLOAT32), UNITS)
    a, b = numbers(FLOAT16, 6), numbers(FLOAT16, 7)[::-1].copy()
    with np.errstate(all="ignore"):
        enclosure = arithmetic.multiply(*(Interval.exactly(v.astype(np.float64)) for v in (a, b)))
        assert not enclosure.contains((a * b).astype(np.float64)).all()


def test_the_root_of_what_may_be_negative_may_be_nan() -> None:
    """A radicand that reaches below zero sets the NaN flag, a positive one does not."""
    arithmetic = tensor_arithmetic(Profile(), FLOAT64)
    wide = np.array([-1.0, 1.0], FLOAT64.work)
    root = arithmetic.root(Interval(wide, np.array([1.0, 2.0], FLOAT64.work)))
    assert list(np.broadcast_to(root.nan, 2)) == [True, False]


def test_a_divisor_about_zero_leaves_the_quotient_undecided() -> None:
    """One over an interval about zero is unbounded on both sides and undecided."""
    arithmetic = tensor_arithmetic(Profile(), FLOAT32)
    one, about = np.ones(1), Interval(-np.ones(1), np.ones(1))
    with np.errstate(all="ignore"):
        quotient = arithmetic.divide(Interval.exactly(one), about)
    assert quotient.lo[0] == -np.inf
    assert quotient.hi[0] == np.inf
    assert quotient.undecided().all()


def test_a_flushing_device_may_return_zero() -> None:
    """With flush declared a subnormal result may be zero, without it may not."""
    small = np.full(1, FLOAT32.smallest_normal)
    half = np.full(1, 0.5)
    for flush in (False, True):
        arithmetic = tensor_arithmetic(Profile(flush=flush), FLOAT32)
        product = arithmetic.multiply(Interval.exactly(small), Interval.exactly(half))
        assert bool(product.contains(np.zeros(1))[0]) is flush
