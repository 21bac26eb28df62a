"""The same enclosures for one element with exact end points, rounded exactly.

Independent of NumPy: end points are binary numbers of ``PRECISION`` bits, and rounding to a format is
done on integers.  It confirms what the vectorised enclosures claim.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flint import arb

from reference.formats import Format
from reference.intervals.interval import Rounding

INFINITY = arb("inf")


@dataclass(frozen=True)
class ExactRange:
    """The range from ``lo`` to ``hi``, both exact, and whether NaN or both branches are possible."""

    lo: arb
    hi: arb
    nan: bool = False
    both: bool = False

    @classmethod
    def exactly(cls, value: float) -> ExactRange:
        """Return one known value."""
        return cls(arb(value), arb(value))

    def contains(self, value: float) -> bool:
        """Tell whether ``value`` may have been returned."""
        if value != value:  # noqa: PLR0124 - NaN is not equal to itself
            return self.nan
        return bool(self.lo <= arb(value)) and bool(arb(value) <= self.hi)


def nearest(value: arb, target: Format) -> arb:
    """Round an exact number to ``target``, to nearest even; beyond the largest to infinity."""
    if not value.is_finite() or value == 0:
        return value
    mantissa, exponent = (int(part) for part in value.mid().man_exp())
    top = abs(mantissa).bit_length() + exponent - 1
    quantum = max(top, target.minimum_exponent) - target.precision + 1
    shift = quantum - exponent
    if shift > 0:
        quotient, rest = divmod(abs(mantissa), 1 << shift)
        half = 1 << (shift - 1)
        quotient += rest > half or (rest == half and quotient % 2 == 1)
        rounded = arb(quotient) * arb(2) ** quantum
        value = -rounded if mantissa < 0 else rounded
    if abs(value) > arb(target.largest):
        return INFINITY if mantissa > 0 else -INFINITY
    return value


def _least(values: list[arb]) -> arb:
    best = values[0]
    for value in values[1:]:
        best = min(best, value)
    return best


def _most(values: list[arb]) -> arb:
    return -_least([-value for value in values])


@dataclass(frozen=True)
class ExactRangeArithmetic:
    """Arithmetic on ranges in which each operation is exact and then rounded once."""

    rounding: Rounding
    units: dict[str, float]
    order_matters: bool = True

    def rounded(self, lo: arb, hi: arb, nan: bool, both: bool, units: float) -> ExactRange:
        """Return the hull of the exact range and its roundings through every format."""
        target = self.rounding.target
        if units > 0.5:
            room = arb(2.0 * units * target.unit_roundoff)
            lo = (lo - abs(lo) * room).lower() if lo.is_finite() else lo
            hi = (hi + abs(hi) * room).upper() if hi.is_finite() else hi
        if self.rounding.either:
            room = arb(target.unit_roundoff)
            lo = (lo - abs(lo) * room - self.rounding.half).lower() if lo.is_finite() else lo
            hi = (hi + abs(hi) * room + self.rounding.half).upper() if hi.is_finite() else hi
        lows, highs = [lo], [hi]
        for wider in self.rounding.through:
            lows.append(nearest(lo, wider))
            highs.append(nearest(hi, wider))
        low_rounded = [self._flushed(nearest(low, target), up=False) for low in lows]
        high_rounded = [self._flushed(nearest(high, target), up=True) for high in highs]
        if self.rounding.flush and self.rounding.through:
            tiny = [value for value in (*lows, *highs) if abs(value) < target.smallest_normal]
            low_rounded += [arb(0)] * bool(tiny)
            high_rounded += [arb(0)] * bool(tiny)
        if self.rounding.keep_exact:
            low_rounded += lows
            high_rounded += highs
        return ExactRange(_least(low_rounded), _most(high_rounded), nan, both)

    def _flushed(self, value: arb, *, up: bool) -> arb:
        if not self.rounding.flush or value == 0 or abs(value) >= self.rounding.target.smallest_normal:
            return value
        normal = arb(self.rounding.target.smallest_normal)
        if up:
            return normal if value > 0 else arb(0)
        return arb(0) if value > 0 else -normal

    def _corners(self, a: ExactRange, b: ExactRange, operation: Callable[[arb, arb], arb]) -> tuple[arb, arb]:
        results = [operation(x, y) for x in (a.lo, a.hi) for y in (b.lo, b.hi)]
        known = [arb(0) if r.is_nan() else r for r in results]
        return _least([r.lower() for r in known]), _most([r.upper() for r in known])

    def constant(self, value: float) -> ExactRange:
        """Return one exactly representable number."""
        return ExactRange.exactly(value)

    def negate(self, a: ExactRange) -> ExactRange:
        """Enclose -a."""
        return ExactRange(-a.hi, -a.lo, a.nan, a.both)

    def add(self, a: ExactRange, b: ExactRange) -> ExactRange:
        """Enclose a + b."""
        lo, hi = (a.lo + b.lo), (a.hi + b.hi)
        clash = _infinite(a) and _infinite(b) and (lo.is_nan() or hi.is_nan() or a.lo == -a.hi)
        lo = -INFINITY if lo.is_nan() else lo.lower()
        hi = INFINITY if hi.is_nan() else hi.upper()
        return self.rounded(lo, hi, a.nan or b.nan or clash, a.both or b.both, self.units["add"])

    def subtract(self, a: ExactRange, b: ExactRange) -> ExactRange:
        """Enclose a - b."""
        return self.add(a, self.negate(b))

    def multiply(self, a: ExactRange, b: ExactRange) -> ExactRange:
        """Enclose a * b."""
        lo, hi = self._corners(a, b, lambda x, y: x * y)
        clash = (_infinite(a) and _zero(b)) or (_infinite(b) and _zero(a))
        return self.rounded(lo, hi, a.nan or b.nan or clash, a.both or b.both, self.units["multiply"])

    def divide(self, a: ExactRange, b: ExactRange) -> ExactRange:
        """Enclose a / b; a divisor that may be zero leaves the quotient unbounded."""
        if _zero(b):
            return self._unbounded(a, b)
        lo, hi = self._corners(a, b, lambda x, y: x / y)
        clash = _infinite(a) and _infinite(b)
        return self.rounded(lo, hi, a.nan or b.nan or clash, a.both or b.both, self.units["divide"])

    def _unbounded(self, a: ExactRange, b: ExactRange) -> ExactRange:
        """Enclose a / b for a divisor that may be zero: of one sign, or of either."""
        both = a.both or b.both
        if b.lo < 0:
            return ExactRange(-INFINITY, INFINITY, nan=True, both=both)
        lo = -INFINITY if a.lo < 0 else _over_nonnegative(a.lo, b.hi).lower()
        hi = INFINITY if a.hi > 0 else _over_nonnegative(a.hi, b.hi).upper()
        nan = a.nan or b.nan or _zero(a) or (_infinite(a) and _infinite(b))
        return self.rounded(lo, hi, nan, both, self.units["divide"])

    def power(self, a: ExactRange, exponent: int) -> ExactRange:
        """Enclose a**exponent."""
        ends = [a.lo**exponent, a.hi**exponent]
        lo, hi = _least([e.lower() for e in ends]), _most([e.upper() for e in ends])
        if exponent % 2 == 0 and _zero(a):
            lo = arb(0)
        units = self.units["multiply" if exponent == 2 else "power"]
        return self.rounded(lo, hi, a.nan, a.both, units)

    def root(self, a: ExactRange) -> ExactRange:
        """Enclose the square root of a."""
        zero = arb(0)
        low, high = (x if x > 0 else zero for x in (a.lo, a.hi))
        nan = a.nan or bool(a.lo < 0)
        return self.rounded(low.sqrt().lower(), high.sqrt().upper(), nan, a.both, self.units["root"])

    def maximum(self, a: ExactRange, b: ExactRange) -> ExactRange:
        """Enclose max(a, b)."""
        return ExactRange(_most([a.lo, b.lo]), _most([a.hi, b.hi]), a.nan or b.nan, a.both or b.both)

    def minimum(self, a: ExactRange, b: ExactRange) -> ExactRange:
        """Enclose min(a, b)."""
        return ExactRange(_least([a.lo, b.lo]), _least([a.hi, b.hi]), a.nan or b.nan, a.both or b.both)

    def real_power(self, a: ExactRange, exponent: ExactRange) -> ExactRange:
        """Enclose a**exponent for a positive a."""
        lo, hi = self._corners(a, exponent, lambda x, y: x**y)
        nan, both = a.nan or exponent.nan or bool(a.lo < 0), a.both or exponent.both
        return self.rounded(lo, hi, nan, both, self.units["power"])

    def expm1(self, a: ExactRange) -> ExactRange:
        """Enclose exp(a) - 1."""
        lo, hi = (arb(-1) if end == -INFINITY else end.expm1() for end in (a.lo, a.hi))
        return self.rounded(lo.lower(), hi.upper(), a.nan, a.both, self.units["expm1"])

    def log1p(self, a: ExactRange) -> ExactRange:
        """Enclose log(1 + a)."""
        lo, hi = (end.log1p() if end > -1 else -INFINITY for end in (a.lo, a.hi))
        nan = a.nan or bool(a.lo < -1)
        return self.rounded(lo.lower(), hi.upper(), nan, a.both, self.units["log1p"])

    def choose(
        self, relation: str, left: ExactRange, right: ExactRange, if_true: ExactRange, if_false: ExactRange
    ) -> ExactRange:
        """Enclose the branch a comparison takes; where it may go either way, both."""
        if relation in {"less", "at most"}:
            left, right = right, left
        if relation == "equal":
            surely = bool(left.lo == right.hi) and bool(left.hi == right.lo)
            never = bool(left.lo > right.hi) or bool(left.hi < right.lo)
        elif relation in {"greater", "less"}:
            surely, never = bool(left.lo > right.hi), bool(left.hi <= right.lo)
        else:
            surely, never = bool(left.lo >= right.hi), bool(left.hi < right.lo)
        if surely or never:
            return if_true if surely else if_false
        hull = self.hull(if_true, if_false)
        return ExactRange(hull.lo, hull.hi, hull.nan, both=True)

    def absolute(self, a: ExactRange) -> ExactRange:
        """Enclose |a|."""
        ends = [abs(a.lo), abs(a.hi)]
        return ExactRange(arb(0) if _zero(a) else _least(ends), _most(ends), a.nan, a.both)

    def sign(self, a: ExactRange) -> ExactRange:
        """Enclose the sign of a."""
        low, high = (arb((x > 0) - (x < 0)) for x in (a.lo, a.hi))
        return ExactRange(low, high, a.nan, a.both or not low == high)  # noqa: SIM201

    def whole(self, kind: str, operands: list[ExactRange]) -> ExactRange:
        """An exact range confirms one element, for which others do not count."""
        raise NotImplementedError(kind)

    def hull(self, a: ExactRange, b: ExactRange) -> ExactRange:
        """Return the smallest range that holds both."""
        return ExactRange(_least([a.lo, b.lo]), _most([a.hi, b.hi]), a.nan or b.nan, a.both or b.both)


def _zero(a: ExactRange) -> bool:
    return bool(a.lo <= 0) and bool(a.hi >= 0)


def _over_nonnegative(value: arb, divisor: arb) -> arb:
    """Return a quotient; over zero it is infinite, and 0 stands for 0 / 0, which is NaN."""
    if divisor > 0:
        return value / divisor
    return arb(0) if value == 0 else INFINITY if value > 0 else -INFINITY


def _infinite(a: ExactRange) -> bool:
    return not (a.lo.is_finite() and a.hi.is_finite())
