"""How far an operation may be off: the standard model of floating-point arithmetic.

Nothing in it was chosen: u is the unit roundoff of the format in which an operation is computed, and
the C library's pow and cos are within one unit in the last place: its own sources give 0.54 units for
pow and 0.55 for cos in glibc.
"""

from __future__ import annotations

import dataclasses
import functools
from dataclasses import dataclass

from flint import arb

from reference.balls.number import Number
from reference.formats import FLOAT64, Format

FUNCTION_UNITS = 2
"""An error of one unit in the last place is at most 2u, relative."""


@dataclass(frozen=True)
class ErrorModel:
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

    def around_one(self, count: int, *, tensor: bool) -> arb:
        """Return the ball around 1 of the relative error of ``count`` roundings (Higham 2002, Lemma 3.1)."""
        return _around_one(count, self.format(tensor=tensor)) if self.inexact else arb(1)

    def rounded(self, ball: arb, count: int, *, tensor: bool) -> arb:
        """Widen a result by ``count`` roundings."""
        if not self.inexact or not count:
            return ball
        around = _around_one(count, self.format(tensor=tensor))
        return ball * around + self.underflow(count, tensor=tensor)

    def underflow(self, count: int, *, tensor: bool) -> arb:
        """Return what ``count`` results may lose to underflow."""
        return _underflow(count, self.format(tensor=tensor), flush=self.flush)

    def given(self, number: Number) -> Number:
        """Return a number that a program is given, in the format of its scalars."""
        if not self.inexact or number.rational is None or number.whole:
            return number
        if number.fits(self.format(tensor=number.tensor)):
            return number
        return Number(self.rounded(number.ball, 1, tensor=number.tensor), None, tensor=number.tensor)

    def cast(self, number: Number) -> Number:
        """Return a scalar as it meets a tensor."""
        return number if number.tensor else self.given(dataclasses.replace(number, tensor=True))

    def stored(self, number: Number) -> arb:
        """Return what a group holds once the number is written to it."""
        return self.rounded(number.ball, 1, tensor=True) if self.storage is not FLOAT64 else number.ball


EXACT = ErrorModel(inexact=False)
"""The formula's own arithmetic, without any rounding."""


@functools.cache
def _around_one(count: int, format_: Format) -> arb:
    """Return the ball of a product of so many 1 + d with |d| <= u: Higham (2002), lemma 3.1.

    Its radius is gamma = n*u/(1 - n*u), and a little more, as a float that bounds it.
    """
    error = count * format_.unit_roundoff
    return arb(1, error / (1.0 - error) * (1 + 2.0**-20))


@functools.cache
def _underflow(count: int, format_: Format, *, flush: bool) -> arb:
    return arb(0, count * (format_.smallest_normal if flush else format_.smallest_subnormal))
