"""Numbers of a format as python-flint balls: each operation widened by its rounding.

Arrays of them are NumPy arrays of objects, so that a program written for arrays of floats runs on them.
A comparison that rounding may decide either way asks ``Decisions``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import flint
import numpy as np
from flint import arb

from reference.formats import FLOAT64, Array, Format

flint.ctx.prec = 300


class OpenComparisonError(Exception):
    """Rounding may decide a comparison either way, and nothing was said about it."""


@dataclass
class Decisions:
    """How open comparisons are taken, one after the other; without a next one they are an error."""

    given: Sequence[bool] = ()
    taken: int = field(default=0, init=False)

    def next(self) -> bool:
        """Return how the next open comparison is taken; raises ``OpenComparisonError``."""
        if self.taken == len(self.given):
            raise OpenComparisonError
        self.taken += 1
        return self.given[self.taken - 1]


@dataclass(frozen=True)
class Computing:
    """The format that computes, and how open comparisons are taken.

    A scalar of the host is rounded to the format where it meets a tensor: below float64 every
    operand may have been.
    """

    format: Format
    decisions: Decisions = field(default_factory=Decisions)

    def around(self, operations: int) -> arb:
        """Return one, as far off as so many roundings take it."""
        unit = operations * self.format.unit_roundoff
        return arb(1, unit / (1 - unit) * (1 + 2.0**-20))

    @property
    def tiny(self) -> arb:
        """What a result may lose to underflow."""
        return arb(0, self.format.smallest_subnormal)

    @property
    def roundings(self) -> int:
        """The roundings of one operation with those of its operands."""
        return 1 if self.format is FLOAT64 else 2

    def number(self, value: float) -> Rounded:
        """Return a number known exactly."""
        return Rounded(arb(float(value)), self)

    def array(self, values: Array) -> Array:
        """Return known numbers as an array of balls."""
        return np.array([self.number(value) for value in values.ravel()], dtype=object)


@dataclass(frozen=True, eq=False)
class Rounded:
    """Everything that a legal evaluation of a number may have returned."""

    ball: arb
    computing: Computing

    def _other(self, other: object) -> arb:
        if isinstance(other, Rounded):
            return other.ball
        return arb(float(other))  # type: ignore[arg-type]

    def _made(self, ball: arb) -> Rounded:
        computing = self.computing
        return Rounded(ball * computing.around(computing.roundings) + computing.tiny, computing)

    def _entering(self, other: object) -> tuple[arb, arb]:
        """Return both operands, rounded where a scalar may be cast."""
        mine, theirs = self.ball, self._other(other)
        if self.computing.format is FLOAT64:
            return mine, theirs
        return mine * self.computing.around(1), theirs * self.computing.around(1)

    def __add__(self, other: Any) -> Rounded:
        mine, theirs = self._entering(other)
        return self._made(mine + theirs)

    def __sub__(self, other: Any) -> Rounded:
        mine, theirs = self._entering(other)
        return self._made(mine - theirs)

    def __rsub__(self, other: Any) -> Rounded:
        mine, theirs = self._entering(other)
        return self._made(theirs - mine)

    def __mul__(self, other: Any) -> Rounded:
        mine, theirs = self._entering(other)
        return self._made(mine * theirs)

    __radd__, __rmul__ = __add__, __mul__

    def __truediv__(self, other: Any) -> Rounded:
        return self._made(self.ball / self._other(other))

    def __rtruediv__(self, other: Any) -> Rounded:
        return self._made(self._other(other) / self.ball)

    def __pow__(self, exponent: int) -> Rounded:
        if exponent != 2:
            raise ValueError(f"the power {exponent!r} is not enclosed; only 2 is")
        mine, _ = self._entering(0.0)
        return self._made(mine * mine)

    def __neg__(self) -> Rounded:
        return Rounded(-self.ball, self.computing)

    def __abs__(self) -> Rounded:
        return Rounded(abs(self.ball), self.computing)

    def sqrt(self) -> Rounded:
        """Return the square root; of a number that may be negative, that of its other part."""
        inside = self.ball if self.ball >= 0 else self.ball.intersection(arb(0).union(abs(self.ball)))
        return self._made(inside.sqrt())

    def _decided(self, surely: object, never: object) -> bool:
        if surely or never:
            return bool(surely)
        return self.computing.decisions.next()

    def __lt__(self, other: Any) -> bool:
        mine, theirs = self._entering(other)
        return self._decided(mine < theirs, mine >= theirs)

    def __le__(self, other: Any) -> bool:
        mine, theirs = self._entering(other)
        return self._decided(mine <= theirs, mine > theirs)

    def __gt__(self, other: Any) -> bool:
        return not self <= other

    def __ge__(self, other: Any) -> bool:
        return not self < other

    def contains(self, value: float) -> bool:
        """Tell whether ``value`` may have been returned."""
        return bool(self.ball.contains(arb(float(value))))

    @property
    def ends(self) -> tuple[float, float]:
        """The ends of the ball, as floats."""
        return float(self.ball.lower()), float(self.ball.upper())

    @property
    def width(self) -> float:
        """The diameter of the ball."""
        return 2.0 * float(self.ball.rad())


Scalar: TypeAlias = "float | Rounded"


def dot(left: Array, right: Array) -> Any:
    """Return the sum of products; of balls what any order of summation may return."""
    if left.dtype != object:
        return np.dot(left, right)
    computing: Computing = left[0].computing
    terms = [a.ball * b.ball for a, b in zip(left, right, strict=True)]
    error = (computing.around(len(terms)) - 1) * sum((abs(term).upper() for term in terms), arb(0))
    return Rounded(sum(terms, arb(0)) + error + len(terms) * computing.tiny, computing)


def total(values: Array) -> Any:
    """Return the sum, in any order."""
    ones = np.ones(values.size) if values.dtype != object else values[0].computing.array(np.ones(values.size))
    return dot(values, ones.astype(values.dtype))


def largest(values: Array) -> Any:
    """Return the largest magnitude."""
    sizes = np.abs(values)
    if values.dtype != object:
        return np.max(sizes)
    highest = sizes[0].ball
    for size in sizes[1:]:
        highest = highest.max(size.ball)
    return Rounded(highest, values[0].computing)
