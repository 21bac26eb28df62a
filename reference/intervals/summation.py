"""Enclosures of norms, means and matrix products, for a sum in any order.

Where an element may be NaN nothing is known of what is taken over all of them: implementations
differ in what they make of a NaN.

A sum of n terms in any order, in a format with unit roundoff u, differs from the exact one by at
most gamma(n) = n*u/(1 - n*u) times the sum of magnitudes (Higham 2002, section 4.2).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reference.formats import Array, Format
from reference.intervals.interval import Flag, Interval, IntervalArithmetic, Unrounded
from reference.intervals.reductions import AXES, COUNTS, Axes, exact


class TensorArithmetic(IntervalArithmetic):
    """Interval arithmetic for tensors, whose elements may be taken together."""

    def whole(self, kind: str, operands: list[Interval]) -> Interval:
        """Enclose a norm, mean, count or matrix product."""
        return enclosed(kind, operands, self)


def enclosed(kind: str, operands: list[Interval], arithmetic: IntervalArithmetic) -> Interval:
    """Enclose what any order of summation may return, rounded as one operation."""
    first = operands[0]
    if kind in COUNTS:
        return Interval.exactly(np.asarray(COUNTS[kind](first.lo), first.lo.dtype))
    if kind in {"transposed", "wide", "shaped as"}:
        others = operands[1:]
        turned = (exact(kind, [end, *(other.lo for other in others)]) for end in (first.lo, first.hi))
        if exact(kind, [first.lo, *(other.lo for other in others)]) is first.lo:
            return first
        return Interval(*turned, *(_turned(flag) for flag in first.flags), point=first.point)
    summation = _Summation.of(arithmetic)
    if kind == "matrix product":
        return summation.product(first, operands[1])
    if kind == "dot":
        return summation.dot(first, operands[1])
    axes = AXES[kind[:-4]]
    return summation.norm(first, axes) if kind.endswith("norm") else summation.mean(first, axes)


def _turned(flag: Flag) -> Flag:
    return np.swapaxes(flag, -1, -2) if np.ndim(flag) > 1 else flag


@dataclass(frozen=True)
class _Summation:
    """Sums that are accumulated in one format and rounded to that of the result."""

    arithmetic: IntervalArithmetic
    format: Format
    rounded: bool

    @classmethod
    def of(cls, arithmetic: IntervalArithmetic) -> _Summation:
        """Half formats are accumulated in the format they pass through."""
        rounding = arithmetic.rounding
        through = () if isinstance(rounding, Unrounded) else rounding.through
        accumulated = through[0] if through else rounding.target
        return cls(arithmetic, accumulated, not isinstance(rounding, Unrounded))

    def _relative(self, terms: int, dtype: np.dtype[np.floating]) -> float:
        """Return gamma(n), the error of the wide type that computes the ends included."""
        own = 2.0 * terms * float(np.finfo(dtype).eps)
        if not self.rounded:
            return own
        error = terms * self.format.unit_roundoff
        return own + error / (1.0 - error)

    def _tiny(self, terms: int) -> float:
        """Return what products of small numbers may lose to underflow."""
        if not self.rounded:
            return 0.0
        flush = getattr(self.arithmetic.rounding, "flush", False)
        return terms * (self.format.smallest_normal if flush else self.format.smallest_subnormal)

    def _bounded(self, total: Array, largest_sum: Array, *, up: bool) -> Array:
        """Return an end, infinite where a partial sum may overflow."""
        overflows = self.rounded & (largest_sum > self.format.largest * (1 - self.format.unit_roundoff))
        return np.where(overflows | np.isnan(total), np.inf if up else -np.inf, total)

    def norm(self, a: Interval, axes: Axes) -> Interval:
        """Enclose a Euclidean norm: squares, their sum, its root."""
        magnitude = self.arithmetic.absolute(a)
        terms = _length(a.lo, axes) + 2
        room, tiny = self._relative(terms, a.lo.dtype), self._tiny(terms)
        low, high = (np.sum(end**2, axis=axes, keepdims=True) for end in (magnitude.lo, magnitude.hi))
        least = np.maximum(low * (1 - room) - tiny, 0.0)
        most = self._bounded(high * (1 + room) + np.where(high > 0, tiny, 0.0), high * (1 + room), up=True)
        least = np.where(np.isinf(least), self.format.largest, least)
        flags = _any(a, axes)
        ends = np.where(flags[0], 0.0, np.sqrt(least)), np.where(flags[0], np.inf, np.sqrt(most))
        return self.arithmetic.rounding(*ends, flags, self.arithmetic.units["root"])

    def mean(self, a: Interval, axes: Axes) -> Interval:
        """Enclose a mean: a sum, and a division by the count."""
        terms = _length(a.lo, axes)
        size = np.sum(np.maximum(np.abs(a.lo), np.abs(a.hi)), axis=axes, keepdims=True)
        error = size * self._relative(terms, a.lo.dtype)
        low, high = (np.sum(end, axis=axes, keepdims=True) for end in (a.lo, a.hi))
        low, high = (
            self._bounded(low - error, size + error, up=False),
            self._bounded(high + error, size + error, up=True),
        )
        if a.least >= 0.0:
            low = np.maximum(np.where(np.isinf(low), 0.0, low), 0.0)
        flags = _any(a, axes)
        unknown = np.isinf(high) & (a.least < 0.0)
        flags = (flags[0] | unknown, flags[1])
        low, high = np.where(flags[0], -np.inf, low), np.where(flags[0], np.inf, high)
        return self.arithmetic.rounding(low / terms, high / terms, flags, self.arithmetic.units["divide"])

    def dot(self, a: Interval, b: Interval) -> Interval:
        """Enclose a dot product: that of a row with a column."""
        shape = np.broadcast_shapes(np.shape(a.lo), np.shape(b.lo))
        size = int(np.prod(shape))
        row, column = (_reshaped(x, shape, as_) for x, as_ in ((a, (1, size)), (b, (size, 1))))
        return _reshaped(self.product(row, column), (1, 1), (1,) * len(shape))

    def product(self, a: Interval, b: Interval) -> Interval:
        """Enclose a product of matrices by midpoints and radii (Rump 1999)."""
        terms = a.lo.shape[-1]
        (middle_a, radius_a, open_a), (middle_b, radius_b, open_b) = _middle(a), _middle(b)
        size_a, size_b = np.abs(middle_a) + radius_a, np.abs(middle_b) + radius_b
        size = size_a @ size_b
        spread = np.abs(middle_a) @ radius_b + radius_a @ size_b
        lost = np.where(size > 0, self._tiny(terms), 0.0)  # products with an exact zero are exact
        error = spread + size * self._relative(terms + 1, a.lo.dtype) + lost
        without_end = np.any(open_a, axis=-1, keepdims=True) | np.any(open_b, axis=-2, keepdims=True)
        middle = np.where(without_end, np.nan, middle_a @ middle_b)
        low = self._bounded(middle - error, size + error, up=False)
        high = self._bounded(middle + error, size + error, up=True)
        flags = tuple(bool(np.any(x) or np.any(y)) for x, y in zip(a.flags, b.flags, strict=True))
        unknown = np.isinf(high) | flags[0]
        return self.arithmetic.rounding(low, high, (unknown if np.any(unknown) else False, flags[1]), 0.5)


def _reshaped(a: Interval, shape: tuple[int, ...], into: tuple[int, ...]) -> Interval:
    lo, hi = (np.broadcast_to(end, shape).reshape(into) for end in (a.lo, a.hi))
    nan, both = (bool(np.any(flag)) for flag in a.flags)
    return Interval(lo, hi, nan, both, point=a.point)


def _middle(a: Interval) -> tuple[Array, Array, Array]:
    """Return midpoints and radii, and where there are none, with zeros there: products would be slow."""
    open_ = ~(np.isfinite(a.lo) & np.isfinite(a.hi))
    lo, hi = (np.where(open_, 0.0, end) for end in (a.lo, a.hi)) if open_.any() else (a.lo, a.hi)
    middle = 0.5 * (lo + hi)
    return middle, np.maximum(hi - middle, middle - lo), open_


def _length(values: Array, axes: Axes) -> int:
    return values.size if axes is None else values.shape[axes]  # type: ignore[index]


def _any(a: Interval, axes: Axes) -> tuple[Flag, Flag]:
    """Return flags that are set where any of the elements taken together has them."""
    nan, both = (
        np.any(np.broadcast_to(flag, a.lo.shape), axis=axes, keepdims=True) if np.any(flag) else False
        for flag in a.flags
    )
    return nan, both
