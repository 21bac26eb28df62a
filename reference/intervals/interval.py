"""Intervals of everything a legal evaluation may return, one for each element of an array.

End points are computed in a wider format (``Format.work``) and moved outwards by its own error, so
that every operation encloses its exact result; then the result of rounding it is added.  Because
rounding is monotone, the set of values between the exact end points and the rounded ones holds
what a correctly rounded operation returns, and also what a fused multiply-add, a wider register or
an operation in a wider format returns.

The ends themselves must not underflow in ``work``: inputs of the four formats and hyperparameters
above ``SMALLEST_SCALAR`` keep every product of a step far from that where ``work`` has a wider range
than the format, as it has for float64 where long double is the 80-bit format (Linux on x86-64).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from reference.formats import Array, Format

Flag: TypeAlias = "Array | bool"
SMALLEST_SCALAR = 2.0**-200


class Interval:
    """Arrays of lower and upper ends, with flags for elements that may be NaN or took both branches.

    Where the smallest lower and the largest upper end of the whole array are finite, or of one sign,
    cheaper rules apply to all elements; ``ends`` are these two, where they are known already.
    """

    __slots__ = ("_least", "_most", "both", "hi", "lo", "nan", "point")

    def __init__(
        self,
        lo: Array,
        hi: Array,
        nan: Flag = False,
        both: Flag = False,
        *,
        point: bool = False,
        ends: Sequence[float | None] = (None, None),
    ) -> None:
        self.lo, self.hi, self.nan, self.both, self.point = lo, hi, nan, both, point
        self._least, self._most = ends

    @classmethod
    def exactly(cls, value: Array) -> Interval:
        """Return the interval of one known value for each element."""
        return cls(value, value, nan=False, point=True)

    @property
    def least(self) -> float:
        """The smallest lower end of the whole array."""
        if self._least is None:
            self._least = float(self.lo.min())
        return self._least

    @property
    def most(self) -> float:
        """The largest upper end of the whole array."""
        if self._most is None:
            self._most = float(self.hi.max())
        return self._most

    @property
    def bounded(self) -> bool:
        """Tell whether every end is finite."""
        return self.least > -np.inf and self.most < np.inf

    @property
    def flags(self) -> tuple[Flag, Flag]:
        """The possible NaN and the both-branches flag."""
        return self.nan, self.both

    def contains(self, value: Array) -> Array:
        """Tell for each element whether ``value`` may have been returned."""
        inside: Array = (self.lo <= value) & (value <= self.hi)
        return inside | (np.isnan(value) & self.nan)

    def undecided(self) -> Array:
        """Tell for each element whether a side is unbounded, NaN is possible or a switch is near."""
        if self.bounded and self.nan is False and self.both is False:
            return np.zeros(self.lo.shape, bool)
        return np.isinf(self.lo) | np.isinf(self.hi) | self.nan | self.both


def either(first: tuple[Flag, Flag], second: tuple[Flag, Flag]) -> tuple[Flag, Flag]:
    """Return flags that are set where one of two intervals has them."""
    nan = first[0] if second[0] is False else (first[0] | second[0])
    both = first[1] if second[1] is False else (first[1] | second[1])
    return nan, both


def hull(a: Interval, b: Interval) -> Interval:
    """Return the smallest interval that holds both."""
    return Interval(np.minimum(a.lo, b.lo), np.maximum(a.hi, b.hi), *either(a.flags, b.flags))


@dataclass(frozen=True)
class Rounding:
    """How one operation's result may be rounded.

    ``steps`` are the formats it may pass through on its way (a wider one first); ``keep_exact``
    allows the unrounded value as well (contraction, wider registers).  A device that flushes
    subnormals returns zero for them.  Where ``either`` neighbour may be taken, as at random, ends move outwards
    by half a unit in the last place before they are rounded to the nearest.
    """

    target: Format
    through: tuple[Format, ...] = ()
    keep_exact: bool = True
    flush: bool = False
    either: bool = False

    @property
    def slack(self) -> float:
        """The relative amount by which ends move outwards before they are rounded."""
        passed = sum(4.0 * f.unit_roundoff for f in self.through if f.work == self.target.work)
        return self.target.slack + passed + self.target.unit_roundoff * self.either

    @property
    def half(self) -> float:
        """Half a subnormal, by which ends move outwards where numbers are subnormal on the way, or either is taken."""
        passed = [f.smallest_subnormal for f in self.through]
        return 0.5 * max([*passed, self.target.smallest_subnormal] if self.either else passed, default=0.0)

    def __call__(self, lo: Array, hi: Array, flags: tuple[Flag, Flag] = (False, False), units: float = 0.5) -> Interval:
        """Return the enclosure of rounding exact results between ``lo`` and ``hi``.

        ``units`` is the error of the operation in units in the last place; 0.5 rounds correctly.
        """
        slack = self.slack
        if units > 0.5:
            slack += 2.0 * units * self.target.unit_roundoff
        low, high = lo - np.abs(lo) * slack, hi + np.abs(hi) * slack
        if self.through:  # the wider format has subnormals of its own
            low, high = self._underflowed(lo, low, -1.0), self._underflowed(hi, high, 1.0)
        low_rounded, high_rounded = self.target.nearest(low), self.target.nearest(high)
        if self.flush:
            low_rounded, high_rounded = self._flushed(low_rounded, high_rounded)
            if self.through:  # flushed in the wider format, what the target rounds up to a normal number too
                normal = self.target.smallest_normal
                low_rounded = np.where((low > 0) & (low < normal), 0.0, low_rounded)
                high_rounded = np.where((high < 0) & (high > -normal), 0.0, high_rounded)
        if self.keep_exact:
            low, high = np.minimum(low, low_rounded), np.maximum(high, high_rounded)
        else:
            low, high = low_rounded, high_rounded
        result = Interval(low, high, *flags)
        if np.isnan(result.least) or np.isnan(result.most):  # an end was infinite: inf - inf
            low, high = np.where(np.isinf(lo), lo, low), np.where(np.isinf(hi), hi, high)
            result = Interval(low, high, *flags)
        return result

    def _underflowed(self, exact: Array, moved: Array, side: float) -> Array:
        """Move an end by half a subnormal, never across zero; where either is taken a tiny number grows to one."""
        room: Array = np.minimum(np.abs(exact) * (1.0 - 2.0 * self.slack), self.half)
        if self.either:
            room = np.where(side * exact > 0.0, self.half, room)
        return moved + side * room

    def _flushed(self, low: Array, high: Array) -> tuple[Array, Array]:
        normal = self.target.smallest_normal
        low = np.where((low > 0) & (low < normal), 0.0, low)
        low = np.where((low < 0) & (low > -normal), -normal, low)
        high = np.where((high < 0) & (high > -normal), 0.0, high)
        high = np.where((high > 0) & (high < normal), normal, high)
        return low, high


@dataclass(frozen=True)
class Unrounded:
    """No rounding at all: the exact range, moved outwards by the error of ``work`` alone."""

    target: Format

    def __call__(self, lo: Array, hi: Array, flags: tuple[Flag, Flag] = (False, False), units: float = 0.5) -> Interval:
        """Return the exact range."""
        del units
        slack = self.target.slack
        low, high = lo - np.abs(lo) * slack, hi + np.abs(hi) * slack
        low, high = np.where(np.isinf(lo), lo, low), np.where(np.isinf(hi), hi, high)
        return Interval(low, high, *flags)


@dataclass(frozen=True)
class IntervalArithmetic:
    """Arithmetic on intervals in which each operation is exact and then rounded once."""

    rounding: Rounding | Unrounded
    units: dict[str, float]
    order_matters: bool = True

    def constant(self, value: float) -> Interval:
        """Return the interval of one exactly representable number."""
        return Interval.exactly(np.asarray(value, self.rounding.target.work))

    def add(self, a: Interval, b: Interval) -> Interval:
        """Enclose a + b."""
        flags = either(a.flags, b.flags)
        lo, hi = a.lo + b.lo, a.hi + b.hi
        if not (a.bounded and b.bounded):
            clash = (a.hi == np.inf) & (b.lo == -np.inf) | (a.lo == -np.inf) & (b.hi == np.inf)
            flags = either(flags, (clash, False))
            lo, hi = _replace_nan(lo, -np.inf), _replace_nan(hi, np.inf)
        return self.rounding(lo, hi, flags, self.units["add"])

    def negate(self, a: Interval) -> Interval:
        """Enclose -a, which is exact."""
        return Interval(-a.hi, -a.lo, *a.flags, point=a.point)

    def subtract(self, a: Interval, b: Interval) -> Interval:
        """Enclose a - b."""
        return self.add(a, self.negate(b))

    def multiply(self, a: Interval, b: Interval) -> Interval:
        """Enclose a * b."""
        flags = either(a.flags, b.flags)
        if a.bounded and b.bounded:
            lo, hi = _product(a, b)
            return self.rounding(lo, hi, flags, self.units["multiply"])
        lo, hi = _product_of_any(a, b)
        clash = _holds_zero(a) & _holds_infinity(b) | _holds_zero(b) & _holds_infinity(a)
        return self.rounding(lo, hi, either(flags, (clash, False)), self.units["multiply"])

    def divide(self, a: Interval, b: Interval) -> Interval:
        """Enclose a / b; a divisor that may be zero leaves sides unbounded."""
        if a.bounded and b.bounded and b.least > 0.0:
            lo, hi = _quotient(a, b)
            return self.rounding(lo, hi, either(a.flags, b.flags), self.units["divide"])
        lo, hi, clash = _quotient_of_any(a, b)
        flags = either(either(a.flags, b.flags), (clash, False))
        return self.rounding(lo, hi, flags, self.units["divide"])

    def power(self, a: Interval, exponent: int) -> Interval:
        """Enclose a**exponent for a whole exponent: one rounding for a square, else a power's."""
        low, high = np.abs(a.lo), np.abs(a.hi)
        small, large = np.minimum(low, high), np.maximum(low, high)
        if not (a.least >= 0.0 or a.most <= 0.0):
            small = np.where((a.lo > 0.0) | (a.hi < 0.0), small, 0.0)
        lo, hi = small**exponent, large**exponent
        if exponent % 2 and not a.least >= 0.0:
            lo, hi = a.lo**exponent, a.hi**exponent
        units = self.units["multiply" if exponent == 2 else "power"]
        return self.rounding(lo, hi, a.flags, units)

    def root(self, a: Interval) -> Interval:
        """Enclose the square root of a; a radicand that may be negative may give NaN."""
        flags = a.flags
        lo = a.lo
        if not a.least >= 0.0:
            flags = either(flags, (a.lo < 0.0, False))
            lo = np.maximum(lo, 0.0)
        return self.rounding(np.sqrt(lo), np.sqrt(np.maximum(a.hi, 0.0)), flags, self.units["root"])

    def maximum(self, a: Interval, b: Interval) -> Interval:
        """Enclose max(a, b), which is exact."""
        flags = either(a.flags, b.flags)
        return Interval(np.maximum(a.lo, b.lo), np.maximum(a.hi, b.hi), *flags)

    def minimum(self, a: Interval, b: Interval) -> Interval:
        """Enclose min(a, b), which is exact."""
        flags = either(a.flags, b.flags)
        return Interval(np.minimum(a.lo, b.lo), np.minimum(a.hi, b.hi), *flags)

    def real_power(self, a: Interval, exponent: Interval) -> Interval:
        """Enclose a**exponent for a positive a: monotone in each, so the corners bound it."""
        corners = [x**y for x in (a.lo, a.hi) for y in (exponent.lo, exponent.hi)]
        lo, hi = np.minimum.reduce(corners), np.maximum.reduce(corners)
        flags = either(either(a.flags, exponent.flags), (a.lo < 0.0, False))
        return self.rounding(lo, hi, flags, self.units["power"])

    def expm1(self, a: Interval) -> Interval:
        """Enclose exp(a) - 1, which rises."""
        return self.rounding(np.expm1(a.lo), np.expm1(a.hi), a.flags, self.units["expm1"])

    def log1p(self, a: Interval) -> Interval:
        """Enclose log(1 + a), which rises; below -1 it may give NaN."""
        lo, hi = (np.log1p(np.maximum(end, -1.0)) for end in (a.lo, a.hi))
        return self.rounding(lo, hi, either(a.flags, (a.lo < -1.0, False)), self.units["log1p"])

    def choose(self, relation: str, left: Interval, right: Interval, if_true: Interval, if_false: Interval) -> Interval:
        """Enclose the branch a comparison takes; where it may go either way, both."""
        surely, never = comparison(relation, left, right)
        return select(surely, never, if_true, if_false)

    def absolute(self, a: Interval) -> Interval:
        """Enclose |a|, which is exact."""
        low, high = np.abs(a.lo), np.abs(a.hi)
        inner = np.where((a.lo > 0.0) | (a.hi < 0.0), np.minimum(low, high), 0.0)
        return Interval(inner, np.maximum(low, high), *a.flags)

    def sign(self, a: Interval) -> Interval:
        """Enclose the sign of a; an interval about zero takes both branches."""
        lo, hi = np.sign(a.lo), np.sign(a.hi)
        return Interval(lo, hi, *either(a.flags, (False, lo != hi)))

    def whole(self, kind: str, operands: list[Interval]) -> Interval:
        """Scalars have no norm and no mean; see ``reference.intervals.summation``."""
        raise NotImplementedError(kind)

    def hull(self, a: Interval, b: Interval) -> Interval:
        """Return the smallest interval that holds both."""
        return hull(a, b)


def comparison(relation: str, a: Interval, b: Interval) -> tuple[Array, Array]:
    """Return where ``a relation b`` surely holds and where it never does."""
    if relation in {"less", "at most"}:
        a, b = b, a
    if relation == "equal":
        surely = (a.lo == b.hi) & (a.hi == b.lo)
        never = (a.lo > b.hi) | (a.hi < b.lo)
    elif relation in {"greater", "less"}:
        surely, never = a.lo > b.hi, a.hi <= b.lo
    else:
        surely, never = a.lo >= b.hi, a.hi < b.lo
    unknown = a.nan | b.nan
    return surely & ~np.asarray(unknown), never & ~np.asarray(unknown)


def select(surely: Array, never: Array, a: Interval, b: Interval) -> Interval:
    """Return a where ``surely``, b where ``never``, and the hull of both elsewhere."""
    lo = np.where(surely, a.lo, np.where(never, b.lo, np.minimum(a.lo, b.lo)))
    hi = np.where(surely, a.hi, np.where(never, b.hi, np.maximum(a.hi, b.hi)))
    open_ = ~(surely | never)
    nan = (a.nan & ~never) | (b.nan & ~surely)
    both = (a.both & ~never) | (b.both & ~surely) | (open_ & ~((a.lo == b.lo) & (a.hi == b.hi)))
    return Interval(lo, hi, nan if np.any(nan) else False, both if np.any(both) else False)


def _replace_nan(value: Array, by: float) -> Array:
    return np.where(np.isnan(value), by, value)


def _holds_zero(a: Interval) -> Array:
    return (a.lo <= 0.0) & (a.hi >= 0.0)


def _holds_infinity(a: Interval) -> Array:
    return np.isinf(a.lo) | np.isinf(a.hi)


def _product(a: Interval, b: Interval) -> tuple[Array, Array]:
    """Return the exact range of a product of bounded intervals."""
    if a.point and b.point:
        product = a.lo * b.lo
        return product, product
    if a.least >= 0.0:
        a, b = b, a
    if b.least >= 0.0:
        if a.least >= 0.0:
            return a.lo * b.lo, a.hi * b.hi
        return np.minimum(a.lo * b.lo, a.lo * b.hi), np.maximum(a.hi * b.lo, a.hi * b.hi)
    return _product_of_any(a, b)


def _product_of_any(a: Interval, b: Interval) -> tuple[Array, Array]:
    corners = [_zero_for_nan(x * y) for x in (a.lo, a.hi) for y in (b.lo, b.hi)]
    lo = np.minimum(np.minimum(corners[0], corners[1]), np.minimum(corners[2], corners[3]))
    hi = np.maximum(np.maximum(corners[0], corners[1]), np.maximum(corners[2], corners[3]))
    return lo, hi


def _quotient(a: Interval, b: Interval) -> tuple[Array, Array]:
    """Return the exact range of a quotient of bounded intervals, the divisor positive."""
    if a.least >= 0.0:
        return a.lo / b.hi, a.hi / b.lo
    return np.minimum(a.lo / b.lo, a.lo / b.hi), np.maximum(a.hi / b.lo, a.hi / b.hi)


def _quotient_of_any(a: Interval, b: Interval) -> tuple[Array, Array, Array]:
    # A zero that is computed may have either sign; at an end it is approached from inside.
    below, above = (b.lo, b.hi) if b.point else (b.lo + 0.0, np.where(b.hi == 0.0, -0.0, b.hi))
    corners = [_zero_for_nan(x / y) for x in (a.lo, a.hi) for y in (below, above)]
    lo = np.minimum(np.minimum(corners[0], corners[1]), np.minimum(corners[2], corners[3]))
    hi = np.maximum(np.maximum(corners[0], corners[1]), np.maximum(corners[2], corners[3]))
    # A divisor that is zero or reaches it: the quotient has no bound on the sides it can take.
    reaches, straddles = _holds_zero(b), (b.lo < 0.0) & (b.hi > 0.0)
    up = reaches & ((a.hi > 0.0) & (b.hi >= 0.0) | (a.lo < 0.0) & (b.lo < 0.0) | straddles)
    down = reaches & ((a.lo < 0.0) & (b.hi >= 0.0) | (a.hi > 0.0) & (b.lo < 0.0) | straddles)
    lo, hi = np.where(down, -np.inf, lo), np.where(up, np.inf, hi)
    clash = reaches & _holds_zero(a) | _holds_infinity(a) & _holds_infinity(b)
    return lo, hi, clash


def _zero_for_nan(value: Array) -> Array:
    return np.where(np.isnan(value), 0.0, value)
