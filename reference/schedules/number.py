"""Numbers of host arithmetic as python-flint balls, each operation widened by its rounding.

A ball holds every value that some legal evaluation of the expression can return, in any order of
its sums and products.  Nothing in it was chosen: u is the unit roundoff of the format in which an
operation is computed, and the C library's pow and cos are within one unit in the last place: its
own sources give 0.54 units for pow and 0.55 for cos in glibc.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import flint
from flint import arb, fmpq

from reference.formats import FLOAT64, Format
from reference.undefined import Undefined

flint.ctx.prec = 300
FUNCTION_UNITS = 2
"""An error of one unit in the last place is at most 2u, relative."""


@dataclass(frozen=True)
class Number:
    """A value: its ball, the exact rational where the formula gives one, and how it is computed.

    ``whole`` says that it is made of integers alone, on which programs compare and divide exactly;
    ``tensor`` that it is computed in the tensor's format; ``both`` that a comparison was open.
    """

    ball: arb
    rational: fmpq | None = None
    whole: bool = False
    tensor: bool = False
    both: bool = False

    @classmethod
    def exactly(cls, value: float, *, tensor: bool = False) -> Number:
        """Return a float or an integer as it is."""
        if isinstance(value, int):
            return cls(arb(value), fmpq(value), whole=True, tensor=tensor)
        if value - value != 0:  # infinite
            return cls(arb("inf") if value > 0 else arb("-inf"), None, tensor=tensor)
        exact = Fraction(value)
        return cls(arb(value), fmpq(exact.numerator, exact.denominator), tensor=tensor)


@dataclass(frozen=True)
class Rounding:
    """How far an operation of host arithmetic, or of a tensor of ``storage``, may be off.

    Without ``inexact`` nothing is rounded and every ball is the formula's own value.  ``host`` is the
    format of scalars; ``function_units`` is how far pow and cos may be off, in u; ``divisions`` counts
    the roundings of a quotient, two where it is a product with the reciprocal; a device that flushes
    takes what is subnormal for zero.
    """

    storage: Format = FLOAT64
    inexact: bool = True
    host: Format = FLOAT64
    function_units: int = FUNCTION_UNITS
    divisions: int = 1
    flush: bool = False

    def format(self, *, tensor: bool) -> Format:
        """Return the format that computes."""
        return self.storage if tensor else self.host

    def unit(self, *, tensor: bool) -> float:
        """Return u of the format that computes."""
        return self.format(tensor=tensor).unit_roundoff if self.inexact else 0.0

    def rounded(self, ball: arb, count: int, *, tensor: bool) -> arb:
        """Widen a result by ``count`` roundings."""
        if not self.inexact or not count:
            return ball
        storage = self.format(tensor=tensor)
        smallest = storage.smallest_normal if self.flush else storage.smallest_subnormal
        return ball * _around_one(count, self.unit(tensor=tensor)) + _tiny(smallest, count)

    def given(self, number: Number) -> Number:
        """Return a number that a program is given, in the format of its scalars."""
        if not self.inexact or number.rational is None or number.whole:
            return number
        if representable(number.rational, self.format(tensor=number.tensor)):
            return number
        return Number(self.rounded(number.ball, 1, tensor=number.tensor), None, tensor=number.tensor)

    def stored(self, number: Number) -> arb:
        """Return what a group holds once the number is written to it."""
        return self.rounded(number.ball, 1, tensor=True) if self.storage is not FLOAT64 else number.ball


@functools.cache
def _around_one(count: int, unit: float) -> arb:
    return arb(1, count * unit * (1 + 2.0**-20))


@functools.cache
def _tiny(smallest: float, count: int) -> arb:
    return arb(0, count * smallest)


def representable(value: fmpq, storage: Format) -> bool:
    """Tell whether a rational is a number of the format, so that a correct rounding keeps it."""
    denominator, numerator = int(value.q), abs(int(value.p))
    if denominator & (denominator - 1):
        return False
    if not numerator:
        return True
    trailing = (numerator & -numerator).bit_length() - 1
    exponent = numerator.bit_length() - denominator.bit_length()
    small = exponent >= storage.minimum_exponent and abs(exponent) <= -storage.minimum_exponent
    return numerator.bit_length() - trailing <= storage.precision and small


def _result(
    rounding: Rounding, ball: arb, rational: fmpq | None, numbers: Sequence[Number], roundings: int
) -> Number:
    tensor = any(number.tensor for number in numbers)
    whole = all(number.whole for number in numbers)
    both = any(number.both for number in numbers)
    exact = all(number.ball.is_exact() for number in numbers)
    integer = exact and whole and rational is not None and rational.q == 1
    storage = rounding.format(tensor=tensor)
    known = exact and rational is not None and roundings <= 1 and representable(rational, storage)
    if rational is not None and (integer or known or not rounding.inexact):
        return Number(arb(rational), rational, whole, tensor, both)
    if tensor:
        roundings += sum(not number.tensor for number in numbers)
    return Number(
        rounding.rounded(ball, roundings, tensor=tensor), rational if whole else None, whole, tensor, both
    )


def total(rounding: Rounding, terms: Sequence[Number]) -> Number:
    """Return the sum of terms, added in any order."""
    ball, rational = terms[0].ball, terms[0].rational
    for term in terms[1:]:
        ball = ball + term.ball
        rational = rational + term.rational if rational is not None and term.rational is not None else None
    if len(terms) == 2 and not any(term.tensor for term in terms):
        return _result(rounding, ball, rational, terms, 1)
    exact = _result(rounding, ball, rational, terms, 0)
    if exact.ball.is_exact() and exact.whole:
        return exact
    tensor = any(term.tensor for term in terms)
    size = sum((abs(term.ball) for term in terms), arb(0))
    count = len(terms) - 1 + sum(not term.tensor for term in terms) * tensor
    slack = size.upper() * arb(0, count * rounding.unit(tensor=tensor) * (1 + 2.0**-20))
    return Number(ball + slack, exact.rational, exact.whole, tensor, exact.both)


def product(rounding: Rounding, above: Sequence[Number], below: Sequence[Number]) -> Number:
    """Return a product of factors over a product of divisors, computed in any order."""
    numbers = [*above, *below]
    if any(number.rational == 0 for number in above) and all(number.rational != 0 for number in below):
        return _result(rounding, arb(0), fmpq(0), numbers, 0)
    ball: arb = arb(1)
    rational: fmpq | None = fmpq(1)
    for factor in above:
        ball = ball * factor.ball
        rational = (
            rational * factor.rational if rational is not None and factor.rational is not None else None
        )
    for divisor in below:
        ball = ball / divisor.ball
        usable = rational is not None and divisor.rational is not None and divisor.rational != 0
        rational = rational / divisor.rational if usable else None  # type: ignore[operator]
    roundings = max(len(above), 1) - 1 + rounding.divisions * len(below)
    if rounding.divisions > 1 and any(not _halves(divisor) for divisor in below):
        return _reciprocal(rounding, ball, rational, numbers, roundings)
    return _result(rounding, ball, rational, numbers, roundings)


def _halves(divisor: Number) -> bool:
    """Tell whether a divisor has an exact reciprocal: a power of two."""
    return (
        divisor.rational is not None
        and divisor.rational != 0
        and representable(1 / divisor.rational, FLOAT64)
    )


def _reciprocal(
    rounding: Rounding, ball: arb, rational: fmpq | None, numbers: Sequence[Number], roundings: int
) -> Number:
    """Return a product with reciprocals, of which not even 3/3 need be exact."""
    whole = all(number.whole for number in numbers)
    if not rounding.inexact:
        return _result(rounding, ball, rational, numbers, roundings)
    both = any(number.both for number in numbers)
    tensor = any(number.tensor for number in numbers)
    rounded = rounding.rounded(ball, roundings, tensor=tensor)
    return Number(rounded, rational if whole else None, whole, tensor, both)


def negative(number: Number) -> Number:
    """Return -a, which is exact."""
    rational = None if number.rational is None else -number.rational
    return Number(-number.ball, rational, number.whole, number.tensor, number.both)


def power(rounding: Rounding, a: Number, exponent: Number) -> Number:
    """Return a**exponent: a product for 2, else the library's pow."""
    whole = exponent.rational is not None and exponent.rational.q == 1 and exponent.ball.is_exact()
    if whole:
        n = int(exponent.rational.p)  # type: ignore[union-attr]
        ball = a.ball**n if n >= 0 else 1 / a.ball**-n
        rational = (
            a.rational**n if a.rational is not None and (n >= 0 or a.rational != 0) and n < 4096 else None
        )
        exact = n in {0, 1} or (a.whole and n >= 0)
        return _result(
            rounding,
            ball,
            rational if exact else None,
            (a, exponent),
            0 if n in {0, 1} else rounding.function_units,
        )
    ball = _real_power(a.ball, exponent.ball)
    return _result(rounding, ball, None, (a, exponent), rounding.function_units)


def _real_power(a: arb, exponent: arb) -> arb:
    """Return a ball of x**y for the x of ``a`` that are not negative; raises ``Undefined`` for none."""
    if a == 0:
        return arb(0)
    if a > 0:
        return a**exponent
    if a.upper() < 0:
        raise Undefined("a negative number has no real power")
    return (a.upper() ** exponent).union(arb(0))


def cosine(rounding: Rounding, a: Number) -> Number:
    """Return cos(a) of the C library."""
    if a.rational == 0:
        return _result(rounding, arb(1), fmpq(1), (a,), 0)
    return _result(rounding, a.ball.cos(), None, (a,), rounding.function_units)


def tangent(rounding: Rounding, a: Number) -> Number:
    """Return tanh(a) of the C library, which is less exact than its pow and cos.

    The GNU C library's manual, "Known Maximum Errors in Math Functions", gives 2 units for x86_64. They
    are counted from the result that is rounded correctly: 2.5 from the true one.
    """
    if a.rational == 0:
        return _result(rounding, arb(0), fmpq(0), (a,), 0)
    return _result(rounding, a.ball.tanh(), None, (a,), 5 * rounding.function_units // 2)


def floor(a: Number) -> Number:
    """Return the floor of a; of both integers where it may lie on either side of one."""
    if a.rational is not None:
        value = int(a.rational.p // a.rational.q)
        return Number(arb(value), fmpq(value), whole=True, both=a.both)
    low, high = a.ball.lower().floor(), a.ball.upper().floor()
    if low == high:
        return Number(low, fmpq(int(float(low))), whole=a.whole, tensor=a.tensor, both=a.both)
    return Number(low.union(high), None, tensor=a.tensor, both=True)


def hull(numbers: Sequence[Number]) -> Number:
    """Return the smallest number that holds all of these, which an open comparison leaves."""
    if len(numbers) == 1:
        return numbers[0]
    ball = numbers[0].ball
    for number in numbers[1:]:
        ball = ball.union(number.ball)
    return Number(ball, None, tensor=any(n.tensor for n in numbers), both=True)


def compare(mark: str, a: Number, b: Number) -> bool | None:
    """Return whether ``a mark b`` holds; None where rounding decides."""
    left, right = a.ball, b.ball
    if mark in {">", ">="}:
        left, right, mark = right, left, "<" if mark == ">" else "<="
    if mark == "<":
        return True if left < right else False if left >= right else None
    if mark == "<=":
        return True if left <= right else False if left > right else None
    same = bool(left == right)
    apart = bool(left < right) or bool(left > right)
    return None if not (same or apart) else same == (mark == "==")
