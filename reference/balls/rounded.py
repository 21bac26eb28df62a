"""Balls in place of floats: a program written for arrays of floats runs on arrays of them.

A comparison that rounding may decide either way asks ``Decisions``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from flint import arb

from reference.balls import operations as op
from reference.balls.error_model import ErrorModel
from reference.balls.number import Number, compare
from reference.formats import FLOAT64, Array, Format


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

    Below float64 a number is one of a tensor, and a float of the program a scalar of the host, which is
    rounded to the format where it meets a tensor.
    """

    format: Format
    decisions: Decisions = field(default_factory=Decisions)

    @property
    def tensor(self) -> bool:
        """Tell whether numbers are of another format than the host's."""
        return self.format is not FLOAT64

    @property
    def model(self) -> ErrorModel:
        """How far an operation may be off."""
        return ErrorModel(self.format)

    def number(self, value: float) -> Rounded:
        """Return a number known exactly."""
        return Rounded(Number.exactly(float(value), tensor=self.tensor), self)

    def array(self, values: Array) -> Array:
        """Return known numbers as an array of balls."""
        return np.array([self.number(value) for value in values.ravel()], dtype=object)


@dataclass(frozen=True, eq=False)
class Rounded:
    """Everything that a legal evaluation of a number may have returned."""

    number: Number
    computing: Computing

    @property
    def ball(self) -> arb:
        """The values."""
        return self.number.ball

    def _of(self, other: object) -> Number:
        if isinstance(other, Rounded):
            return other.number
        scalar = Number.exactly(float(other))  # type: ignore[arg-type]
        fits = self.computing.tensor and scalar.fits(self.computing.format)
        return dataclasses.replace(scalar, tensor=fits)

    def _made(self, number: Number) -> Rounded:
        return Rounded(number, self.computing)

    def __add__(self, other: Any) -> Rounded:
        return self._made(op.total(self.computing.model, [self.number, self._of(other)]))

    def __sub__(self, other: Any) -> Rounded:
        return self._made(op.total(self.computing.model, [self.number, op.negative(self._of(other))]))

    def __rsub__(self, other: Any) -> Rounded:
        return self._made(op.total(self.computing.model, [self._of(other), op.negative(self.number)]))

    def __mul__(self, other: Any) -> Rounded:
        return self._made(op.product(self.computing.model, [self.number, self._of(other)], []))

    __radd__, __rmul__ = __add__, __mul__

    def __truediv__(self, other: Any) -> Rounded:
        return self._made(op.product(self.computing.model, [self.number], [self._of(other)]))

    def __rtruediv__(self, other: Any) -> Rounded:
        return self._made(op.product(self.computing.model, [self._of(other)], [self.number]))

    def __pow__(self, exponent: int) -> Rounded:
        if exponent != 2:
            raise ValueError(f"the power {exponent!r} is not enclosed; only 2 is")
        return self * self

    def __neg__(self) -> Rounded:
        return self._made(op.negative(self.number))

    def __abs__(self) -> Rounded:
        return self._made(op.absolute(self.number))

    def sqrt(self) -> Rounded:
        """Return the square root; of a number that may be negative, that of its other part."""
        return self._made(op.root(self.computing.model, self.number))

    def _decided(self, mark: str, other: object) -> bool:
        theirs = self._of(other)
        if self.number.tensor:
            theirs = self.computing.model.cast(theirs)
        known = compare(mark, self.number, theirs)
        return self.computing.decisions.next() if known is None else known

    def __lt__(self, other: Any) -> bool:
        return self._decided("<", other)

    def __le__(self, other: Any) -> bool:
        return self._decided("<=", other)

    def __gt__(self, other: Any) -> bool:
        return not self <= other

    def __ge__(self, other: Any) -> bool:
        return not self < other

    def contains(self, value: float) -> bool:
        """Tell whether ``value`` may have been returned."""
        return self.number.contains(value)

    @property
    def ends(self) -> tuple[float, float]:
        """The ends of the ball, as floats."""
        return float(self.ball.lower()), float(self.ball.upper())

    @property
    def width(self) -> float:
        """The diameter of the ball."""
        return 2.0 * float(self.ball.rad())


def dot(left: Array, right: Array) -> Any:
    """Return the sum of products; of balls what any order of summation may return."""
    if left.dtype != object:
        return np.dot(left, right)
    computing: Computing = left[0].computing
    model, tensor = computing.model, computing.tensor
    terms = [a.ball * b.ball for a, b in zip(left, right, strict=True)]
    spread = model.around_one(len(terms), tensor=tensor) - 1
    error = spread * sum((abs(term).upper() for term in terms), arb(0))
    ball = sum(terms, arb(0)) + error + model.underflow(len(terms), tensor=tensor)
    return Rounded(Number(ball, tensor=tensor), computing)


def total(values: Array) -> Any:
    """Return the sum, in any order."""
    ones = np.ones(values.size) if values.dtype != object else values[0].computing.array(np.ones(values.size))
    return dot(values, ones.astype(values.dtype))


def largest(values: Array) -> Any:
    """Return the largest magnitude."""
    sizes = np.abs(values)
    if values.dtype != object:
        return np.max(sizes)
    return Rounded(op.extreme([size.number for size in sizes], largest=True), values[0].computing)
