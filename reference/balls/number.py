"""A number and everything that a legal evaluation may have made of it, as a ball."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from flint import arb, fmpq

from reference.formats import FLOAT64, Format


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

    @property
    def halves(self) -> bool:
        """Tell whether it has an exact reciprocal, as a power of two has."""
        known = self.rational
        return known is not None and known != 0 and representable(fmpq(1) / known, FLOAT64)

    def fits(self, storage: Format) -> bool:
        """Tell whether it is known to be a number of the format, so that a correct rounding keeps it."""
        return self.rational is not None and representable(self.rational, storage)

    def contains(self, value: float) -> bool:
        """Tell whether ``value`` may have been returned."""
        return bool(self.ball.contains(arb(float(value))))


def representable(value: fmpq, storage: Format) -> bool:
    """Tell whether a rational is a number of the format."""
    denominator, numerator = int(value.q), abs(int(value.p))
    if denominator & (denominator - 1):
        return False
    if not numerator:
        return True
    trailing = (numerator & -numerator).bit_length() - 1
    exponent = numerator.bit_length() - denominator.bit_length()
    small = exponent >= storage.minimum_exponent and abs(exponent) <= -storage.minimum_exponent
    return numerator.bit_length() - trailing <= storage.precision and small


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
