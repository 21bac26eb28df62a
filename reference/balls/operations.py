"""Operations on numbers that are balls, each result widened by its roundings.

A ball holds every value that some legal evaluation can return, in any order of sums and products.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from flint import arb, fmpq

from reference.balls.error_model import ErrorModel
from reference.balls.number import Number
from reference.undefined import Undefined


def _result(
    model: ErrorModel,
    ball: arb,
    rational: fmpq | None,
    operands: Sequence[Number],
    roundings: int,
    *,
    correct: bool = True,
) -> Number:
    """Return a result of operands; ``correct`` rounding keeps one that is a number of the format."""
    tensor = any(number.tensor for number in operands)
    whole = all(number.whole for number in operands)
    both = any(number.both for number in operands)
    exact = Number(arb(0) if rational is None else arb(rational), rational, whole, tensor, both)
    if rational is not None:
        known = correct and all(number.ball.is_exact() for number in operands)
        integer = whole and rational.q == 1
        fits = roundings <= 1 and exact.fits(model.format(tensor=tensor))
        if not model.inexact or (known and (integer or fits)):
            return exact
    if tensor:
        roundings += sum(not number.tensor for number in operands)
    rounded = model.rounded(ball, roundings, tensor=tensor)
    return dataclasses.replace(exact, ball=rounded, rational=rational if whole else None)


def total(model: ErrorModel, terms: Sequence[Number]) -> Number:
    """Return the sum of terms, added in any order."""
    ball, rational = terms[0].ball, terms[0].rational
    for term in terms[1:]:
        ball = ball + term.ball
        rational = rational + term.rational if rational is not None and term.rational is not None else None
    tensor = any(term.tensor for term in terms)
    if len(terms) == 2 and not tensor:
        return _result(model, ball, rational, terms, 1)
    exact = _result(model, ball, rational, terms, 0)
    if exact.ball.is_exact() and exact.whole:
        return exact
    size = sum((abs(term.ball) for term in terms), arb(0))
    count = len(terms) - 1 + sum(not term.tensor for term in terms) * tensor
    slack = size.upper() * (model.around_one(count, tensor=tensor) - 1)
    return dataclasses.replace(exact, ball=ball + slack)


def product(model: ErrorModel, above: Sequence[Number], below: Sequence[Number]) -> Number:
    """Return a product of factors over a product of divisors, computed in any order."""
    numbers = [*above, *below]
    if any(number.rational == 0 for number in above) and all(number.rational != 0 for number in below):
        return _result(model, arb(0), fmpq(0), numbers, 0)
    ball: arb = arb(1)
    rational: fmpq | None = fmpq(1)
    for factor in above:
        ball = ball * factor.ball
        known = rational is not None and factor.rational is not None
        rational = rational * factor.rational if known else None  # type: ignore[operator]
    for divisor in below:
        ball = ball / divisor.ball
        known = rational is not None and bool(divisor.rational)
        rational = rational / divisor.rational if known else None  # type: ignore[operator]
    roundings = max(len(above), 1) - 1 + model.divisions * len(below)
    # of a product with reciprocals not even 3/3 need be exact
    correct = model.divisions == 1 or all(divisor.halves for divisor in below)
    return _result(model, ball, rational, numbers, roundings, correct=correct)


def negative(a: Number) -> Number:
    """Return -a, which is exact."""
    return dataclasses.replace(a, ball=-a.ball, rational=None if a.rational is None else -a.rational)


def absolute(a: Number) -> Number:
    """Return |a|, which is exact."""
    return dataclasses.replace(a, ball=abs(a.ball), rational=None if a.rational is None else abs(a.rational))


def sign(a: Number) -> Number:
    """Return the sign of a; any where rounding decides it."""
    if a.ball.contains(0) and a.ball != 0:
        return Number(arb(0, 1), both=True)
    return Number.exactly(int(bool(a.ball > 0)) - int(bool(a.ball < 0)))


def extreme(numbers: Sequence[Number], *, largest: bool) -> Number:
    """Return the largest of numbers, or the smallest."""
    ball = numbers[0].ball
    for number in numbers[1:]:
        ball = ball.max(number.ball) if largest else ball.min(number.ball)
    known = [number.rational for number in numbers if number.rational is not None]
    exact = (max(known) if largest else min(known)) if len(known) == len(numbers) else None
    whole, tensor = all(n.whole for n in numbers), any(n.tensor for n in numbers)
    return Number(ball, exact, whole, tensor, any(n.both for n in numbers))


def power(model: ErrorModel, a: Number, exponent: Number) -> Number:
    """Return a**exponent of the library's pow."""
    whole = exponent.rational is not None and exponent.rational.q == 1 and exponent.ball.is_exact()
    if not whole:
        ball = _real_power(a.ball, exponent.ball)
        return _result(model, ball, None, (a, exponent), model.function_units)
    n = int(exponent.rational.p)  # type: ignore[union-attr]
    ball = a.ball**n if n >= 0 else 1 / a.ball**-n
    known = a.rational is not None and (n in {0, 1} or (a.whole and 0 <= n < 4096))
    rational = a.rational**n if known else None  # type: ignore[operator]
    return _result(model, ball, rational, (a, exponent), 0 if n in {0, 1} else model.function_units)


def _real_power(a: arb, exponent: arb) -> arb:
    """Return a ball of x**y for the x of ``a`` that are not negative; raises ``Undefined`` for none."""
    if a == 0:
        return arb(0)
    if a > 0:
        return a**exponent
    if a.upper() < 0:
        raise Undefined("a negative number has no real power")
    return (a.upper() ** exponent).union(arb(0))


def root(model: ErrorModel, a: Number) -> Number:
    """Return the square root, of a number that may be negative that of its other part; raises ``Undefined``.

    Eager roots come from a vector mathematics library, which is within a unit like the functions.
    """
    if a.ball.upper() < 0:
        raise Undefined("a negative number has no real root")
    ball = a.ball.sqrt() if a.ball >= 0 else a.ball.upper().sqrt().union(arb(0))
    return _result(model, ball, None, (a,), model.function_units)


def cosine(model: ErrorModel, a: Number) -> Number:
    """Return cos(a) of the C library."""
    if a.rational == 0:
        return _result(model, arb(1), fmpq(1), (a,), 0)
    return _result(model, a.ball.cos(), None, (a,), model.function_units)


def sine(model: ErrorModel, a: Number) -> Number:
    """Return sin(a) of the C library."""
    if a.rational == 0:
        return _result(model, arb(0), fmpq(0), (a,), 0)
    return _result(model, a.ball.sin(), None, (a,), model.function_units)


def exponential(model: ErrorModel, a: Number) -> Number:
    """Return exp(a) of the C library; what is rounded in a is amplified as exp does it."""
    if a.rational == 0:
        return _result(model, arb(1), fmpq(1), (a,), 0)
    return _result(model, a.ball.exp(), None, (a,), model.function_units)


def logarithm(model: ErrorModel, a: Number) -> Number:
    """Return log(a) of the C library; raises ``Undefined`` where a may be 0 or less."""
    if a.rational == 1:
        return _result(model, arb(0), fmpq(0), (a,), 0)
    if not a.ball > 0:
        raise Undefined("a number that is 0 or less has no logarithm")
    return _result(model, a.ball.log(), None, (a,), model.function_units)


def repeated(model: ErrorModel, a: Number, count: int) -> Number:
    """Return the product of ``count`` factors a, multiplied in any order; raises ``ValueError`` below 0."""
    if count < 0:
        raise ValueError(f"a product cannot have {count} factors; give 0 or more")
    return product(model, [a] * count or [Number.exactly(1)], [])


def tangent(model: ErrorModel, a: Number) -> Number:
    """Return tanh(a) of the C library, which is less exact than its pow and cos.

    The GNU C library's manual, "Known Maximum Errors in Math Functions", gives 2 units for x86_64. They
    are counted from the result that is rounded correctly: 2.5 from the true one.
    """
    if a.rational == 0:
        return _result(model, arb(0), fmpq(0), (a,), 0)
    return _result(model, a.ball.tanh(), None, (a,), 5 * model.function_units // 2)


def floor(a: Number) -> Number:
    """Return the floor of a; of both integers where it may lie on either side of one."""
    if a.rational is not None:
        value = int(a.rational.p // a.rational.q)
        return Number(arb(value), fmpq(value), whole=True, both=a.both)
    low, high = a.ball.lower().floor(), a.ball.upper().floor()
    if low == high:
        return dataclasses.replace(a, ball=low, rational=fmpq(int(float(low))))
    return Number(low.union(high), None, tensor=a.tensor, both=True)
