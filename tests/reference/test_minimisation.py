"""The reference of L-BFGS reaches minima, and balls hold whatever its arithmetic returns."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.searches.judging import judge
from conformance.searches.runs import of_reference
from reference.balls.rounded import Computing, Decisions, OpenComparisonError, dot, largest, total
from reference.formats import FLOAT32, FLOAT64, Format
from reference.lbfgs.minimiser import Settings
from reference.lbfgs.problems import PROBLEMS

SEARCH = "strong_wolfe"
finite = st.floats(-1e6, 1e6).filter(lambda x: x == 0 or abs(x) > 1e-6)


@pytest.mark.parametrize("name", PROBLEMS)
def test_the_reference_finds_the_minimum(name: str) -> None:
    """A search ends where the gradient is below the tolerance."""
    course = of_reference(PROBLEMS[name], Settings(line_search_fn=SEARCH), 6, FLOAT64)
    assert np.abs(course.points[-1] - PROBLEMS[name].least).max() < 1e-5
    assert course.losses[-1] < 1e-9


@pytest.mark.parametrize("storage", [FLOAT64, FLOAT32], ids=str)
@pytest.mark.parametrize("search", [None, SEARCH])
@pytest.mark.parametrize("name", PROBLEMS)
def test_the_reference_lies_in_its_own_propagated_enclosure(name: str, search: str | None, storage: Format) -> None:
    """No point of the reference is outside, as far as no comparison is open."""
    settings = Settings(line_search_fn=search, max_iter=4)
    course = of_reference(PROBLEMS[name], settings, 5, storage)
    judgement = judge(PROBLEMS[name], settings, course, storage)
    assert judgement.fault is None
    assert judgement.judged > 3


@given(finite, finite)
def test_a_ball_holds_every_operation_of_float64(x: float, y: float) -> None:
    """Sum, difference, product and quotient of floats lie in those of their balls."""
    a, b = (Computing(FLOAT64).number(value) for value in (x, y))
    assert (a + b).contains(x + y)
    assert (a - b).contains(x - y)
    assert (1.0 - b).contains(1.0 - y)
    assert (a * b).contains(x * y)
    assert (a**2).contains(x**2)
    if y:
        assert (a / b).contains(x / y)
        assert (1.0 / b).contains(1.0 / y)
    assert abs(a).sqrt().contains(float(np.sqrt(abs(x))))


@given(st.lists(st.tuples(finite, finite), min_size=1, max_size=12), st.randoms(use_true_random=False))
def test_a_dot_product_holds_every_order_of_summation(pairs: list[tuple[float, float]], order: object) -> None:
    """The products added in any order lie in the ball of the dot product."""
    order.shuffle(pairs)  # type: ignore[attr-defined]
    xs, ys = (np.array(column) for column in zip(*pairs, strict=True))
    balls = Computing(FLOAT64)
    legal = dot(balls.array(xs), balls.array(ys))
    added = 0.0
    for x, y in pairs:
        added += x * y
    assert legal.contains(added)
    assert legal.contains(float(np.dot(xs, ys)))
    exact = sum(Fraction(x) * Fraction(y) for x, y in pairs)
    assert legal.contains(float(exact)) or legal.width == 0.0
    assert total(balls.array(xs)).contains(float(np.sum(xs)))
    assert largest(balls.array(xs)).contains(float(np.abs(xs).max()))


def test_an_open_comparison_is_taken_as_it_was_said() -> None:
    """Two balls that overlap are ordered by the decisions given, and without one not at all."""
    computing = Computing(FLOAT64, Decisions((True, False)))
    near = computing.number(0.1) * 3.0
    assert near < 0.3 + 2.0**-54
    assert not near < 0.3 + 2.0**-54
    with pytest.raises(OpenComparisonError):
        bool(near < 0.3 + 2.0**-54)
    assert near < 0.4


def test_the_root_of_a_number_about_zero_is_bounded() -> None:
    """Where rounding leaves the sign open the root reaches from zero to that of the largest value."""
    third = Computing(FLOAT32).number(1.0) / 3.0
    about = (third * 3.0 - 1.0).sqrt()
    assert about.contains(0.0)
    assert 0.0 < about.width < 2.0**-10


def test_a_scalar_of_the_host_may_be_cast_where_it_meets_float32() -> None:
    """0.1 is not a number of float32, so that both it and the nearest one may have been multiplied by."""
    two = Computing(FLOAT32).number(2.0) * 0.1
    assert two.contains(0.2)
    assert two.contains(2.0 * float(np.float32(0.1)))
    assert (Computing(FLOAT32).number(2.0) * 0.5).width == 0.0
