"""The running error bounds forms that use an uncertain value twice, and stays close to the truth."""

from __future__ import annotations

import numpy as np

from reference.formats import FLOAT32, Array
from reference.intervals.interval import Interval, IntervalArithmetic, Rounding, Unrounded
from reference.intervals.running_error import Measured, RunningError
from reference.profile import UNITS

EXACT = IntervalArithmetic(Unrounded(FLOAT32), UNITS)
RUNNING = RunningError(EXACT, Rounding(FLOAT32), UNITS)
SIZE = 4000


def known(value: Array) -> Measured:
    """Return known values."""
    return RUNNING.known(Interval.exactly(value.astype(np.float64)))


def drawn(seed: int) -> tuple[Array, Array, Array]:
    """Return m, g and a weight in (0, 1), float32, over many magnitudes."""
    generator = np.random.Generator(np.random.PCG64(seed))
    m, g = (
        (generator.standard_normal(SIZE) * 2.0 ** generator.integers(-20, 20, SIZE)).astype(np.float32)
        for _ in range(2)
    )
    return m, g, generator.uniform(0, 1, SIZE).astype(np.float32)


def enclosed(m: Array, g: Array, w: Array) -> Interval:
    """Return the enclosure of m + w*(g - m)."""
    measured = RUNNING.add(known(m), RUNNING.multiply(known(w), RUNNING.subtract(known(g), known(m))))
    exact = m.astype(np.float64) * (1 - w.astype(np.float64)) + w.astype(np.float64) * g
    return RUNNING.finished(measured, Interval.exactly(exact))


def test_every_computed_lerp_lies_inside() -> None:
    """m + w*(g - m), computed in float32, lies in its enclosure."""
    for seed in range(5):
        m, g, w = drawn(seed)
        assert enclosed(m, g, w).contains((m + w * (g - m)).astype(np.float64)).all()


def test_the_bound_is_within_a_few_roundings_of_the_largest_term() -> None:
    """The enclosure of a lerp is at most six units of its largest intermediate wide."""
    m, g, w = drawn(9)
    legal = enclosed(m, g, w)
    largest = np.abs(m) + 2 * np.abs(g - m) + np.abs(g)
    assert ((legal.hi - legal.lo) <= 6 * 2.0**-23 * largest).all()


def test_a_lerp_with_a_weight_off_by_a_thousandth_lies_outside() -> None:
    """A wrong weight leaves the enclosure for most elements."""
    m, g, w = drawn(3)
    wrong = (m + np.float32(1.001) * w * (g - m)).astype(np.float64)
    assert enclosed(m, g, w).contains(wrong).mean() < 0.5


def test_a_divisor_that_may_be_zero_gives_no_bound() -> None:
    """1/x is unbounded where the error of x reaches zero."""
    near = Measured(Interval.exactly(np.array([1e-3])), np.array([1e-2]))
    quotient = RUNNING.divide(known(np.ones(1)), near)
    assert np.isinf(RUNNING.settled(quotient)).all()


def test_a_branch_that_the_error_leaves_open_counts_the_distance_to_the_other() -> None:
    """Where a comparison may go either way the bound reaches both branches."""
    near = Measured(Interval.exactly(np.array([1e-3])), np.array([1e-2]))
    zero, one, two = (known(np.array([value])) for value in (0.0, 1.0, 2.0))
    chosen = RUNNING.choose("greater", near, zero, two, one)
    assert RUNNING.settled(chosen)[0] >= 1.0
    sure = RUNNING.choose("greater", one, zero, two, one)
    assert RUNNING.settled(sure)[0] == 0.0


def test_an_exact_zero_has_no_error() -> None:
    """A product with an exact zero is zero, so the root of a sum of such products is a number."""
    zero, weight = known(np.zeros(1)), known(np.full(1, 0.1, np.float32))
    square = RUNNING.multiply(RUNNING.multiply(weight, zero), zero)
    legal = RUNNING.finished(RUNNING.add(square, zero), Interval.exactly(np.zeros(1)))
    assert (legal.lo[0], legal.hi[0]) == (0.0, 0.0)
