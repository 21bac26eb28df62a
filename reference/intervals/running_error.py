"""Running error analysis, for forms that use an uncertain value twice.

Interval arithmetic treats the two uses as independent and blows up; here the exact range and a
bound on the error of computing it are carried separately (Wilkinson; Higham 2002, section 3.3).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reference.formats import Array
from reference.intervals.interval import Interval, IntervalArithmetic, Rounding, comparison


@dataclass(frozen=True)
class Measured:
    """An exact range and a bound on |computed - exact|; the last rounding is not yet counted."""

    range: Interval
    error: Array
    units: float = 0.0

    @property
    def magnitude(self) -> Array:
        """The largest magnitude of the exact value."""
        largest: Array = np.maximum(np.abs(self.range.lo), np.abs(self.range.hi))
        return largest


@dataclass(frozen=True)
class RunningError:
    """Arithmetic on measured values; ``exact`` is interval arithmetic without rounding."""

    exact: IntervalArithmetic
    rounding: Rounding
    units: dict[str, float]
    order_matters: bool = True

    def known(self, value: Interval) -> Measured:
        """Return a value without error."""
        return Measured(value, np.zeros_like(value.lo))

    def perturbed(self, exact: Interval, used: Interval) -> Measured:
        """Return a value of which ``used`` is what enters the computation."""
        error = np.maximum(np.abs(used.hi - exact.lo), np.abs(exact.hi - used.lo))
        return Measured(exact, error)

    def settled(self, value: Measured) -> Array:
        """Return the error bound with the last rounding counted."""
        if value.units == 0.0:
            return value.error
        target = self.rounding.target
        roundoff = 2.0 * value.units * target.unit_roundoff + self.rounding.slack
        normal = target.smallest_normal
        floor = normal if self.rounding.flush else target.smallest_subnormal
        size = value.magnitude + value.error
        error = value.error + roundoff * size + np.where(size == 0.0, 0.0, floor)  # an exact zero stays one
        return np.where(size > target.largest * (1 - target.unit_roundoff), np.inf, error)

    def finished(self, value: Measured, exact: Interval) -> Interval:
        """Return the enclosure: the ``exact`` range, moved by the error, rounded once more."""
        error = _infinite_for_nan(value.error)
        lo, hi = exact.lo - error, exact.hi + error
        lo, hi = np.where(np.isnan(lo), -np.inf, lo), np.where(np.isnan(hi), np.inf, hi)
        unbounded = np.isinf(error)
        flags = (unbounded | exact.nan, exact.both)
        return self.rounding(lo, hi, flags, max(value.units, 0.5))

    def constant(self, value: float) -> Measured:
        """Return an exactly representable number."""
        return self.known(self.exact.constant(value))

    def add(self, a: Measured, b: Measured) -> Measured:
        """Return a + b."""
        error = self.settled(a) + self.settled(b)
        return Measured(self.exact.add(a.range, b.range), error, self.units["add"])

    def subtract(self, a: Measured, b: Measured) -> Measured:
        """Return a - b."""
        return self.add(a, self.negate(b))

    def negate(self, a: Measured) -> Measured:
        """Return -a."""
        return Measured(self.exact.negate(a.range), a.error, a.units)

    def multiply(self, a: Measured, b: Measured) -> Measured:
        """Return a * b."""
        error_a, error_b = self.settled(a), self.settled(b)
        error = error_a * b.magnitude + error_b * a.magnitude + error_a * error_b
        product = self.exact.multiply(a.range, b.range)
        return Measured(product, _infinite_for_nan(error), self.units["multiply"])

    def power(self, a: Measured, exponent: int) -> Measured:
        """Return a**exponent for a small whole exponent."""
        result = a
        for _ in range(exponent - 1):
            result = self.multiply(result, a)
        return result

    def divide(self, a: Measured, b: Measured) -> Measured:
        """Return a / b, unbounded where the divisor may be zero."""
        error_a, error_b = self.settled(a), self.settled(b)
        least = np.minimum(np.abs(b.range.lo), np.abs(b.range.hi)) - error_b
        crosses = (b.range.lo <= 0.0) & (b.range.hi >= 0.0) | (least <= 0.0)
        quotient = self.exact.divide(a.range, b.range)
        size = np.maximum(np.abs(quotient.lo), np.abs(quotient.hi))
        error = np.where(crosses, np.inf, (error_a + error_b * size) / least)
        return Measured(quotient, _infinite_for_nan(error), self.units["divide"])

    def root(self, a: Measured) -> Measured:
        """Return the square root; |sqrt(x + e) - sqrt(x)| <= min(sqrt(e), e/sqrt(x))."""
        error = self.settled(a)
        root = self.exact.root(a.range)
        bound = np.minimum(np.sqrt(error), error / np.maximum(root.lo, np.finfo(float).tiny))
        return Measured(root, bound, self.units["root"])

    def maximum(self, a: Measured, b: Measured) -> Measured:
        """Return max(a, b), as far off as the worse of the two."""
        error = np.maximum(self.settled(a), self.settled(b))
        return Measured(self.exact.maximum(a.range, b.range), error)

    def minimum(self, a: Measured, b: Measured) -> Measured:
        """Return min(a, b), as far off as the worse of the two."""
        error = np.maximum(self.settled(a), self.settled(b))
        return Measured(self.exact.minimum(a.range, b.range), error)

    def real_power(self, a: Measured, exponent: Measured) -> Measured:
        """Powers with real exponents are of scalars, which are computed before."""
        raise NotImplementedError

    def expm1(self, a: Measured) -> Measured:
        """It is of scalars, which are computed before."""
        raise NotImplementedError

    def log1p(self, a: Measured) -> Measured:
        """It is of scalars, which are computed before."""
        raise NotImplementedError

    def choose(self, relation: str, left: Measured, right: Measured, if_true: Measured, if_false: Measured) -> Measured:
        """Return the branch taken; where the error leaves it open, the distance to the other counts."""
        surely, never = comparison(relation, self._reach(left), self._reach(right))
        chosen = self.exact.choose(relation, left.range, right.range, if_true.range, if_false.range)
        a, b = self.settled(if_true), self.settled(if_false)
        both = np.maximum(if_true.range.hi, if_false.range.hi) - np.minimum(if_true.range.lo, if_false.range.lo)
        either = np.maximum(a, b) + both
        return Measured(chosen, np.where(surely, a, np.where(never, b, either)))

    def _reach(self, value: Measured) -> Interval:
        """Return the interval that the computed value lies in."""
        error = self.settled(value)
        return Interval(value.range.lo - error, value.range.hi + error, *value.range.flags)

    def absolute(self, a: Measured) -> Measured:
        """Return |a|."""
        return Measured(self.exact.absolute(a.range), self.settled(a))

    def sign(self, a: Measured) -> Measured:
        """Return the sign of a, unknown where the error reaches zero."""
        error = self.settled(a)
        near = (a.range.lo <= error) & (a.range.hi >= -error)
        return Measured(self.exact.sign(a.range), np.where(near, 2.0, 0.0))

    def whole(self, kind: str, operands: list[Measured]) -> Measured:
        """Norms and means stand on lines of their own, which use each value once."""
        raise NotImplementedError(kind)

    def hull(self, a: Measured, b: Measured) -> Measured:
        """Return the worse of two orders of the same computation."""
        error = np.maximum(self.settled(a), self.settled(b))
        return Measured(self.exact.hull(a.range, b.range), error, max(a.units, b.units))


def _infinite_for_nan(error: Array) -> Array:
    return np.where(np.isnan(error), np.inf, error)
