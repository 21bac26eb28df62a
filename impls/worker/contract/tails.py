"""Tails of a binomial distribution, in whole numbers."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

BITS = 32
"""A chance is a multiple of 2^-32, rounded outwards."""


def less_likely(seen: int, count: int, chances: Sequence[float], than: float) -> bool:
    """Tell whether a number so far from what is expected is less likely than a bound, with any chance in a range."""
    whole, (low, high) = 1 << BITS, (Fraction(chance) * (1 << BITS) for chance in (chances[0], chances[-1]))
    least, most = max(0, low.__floor__()), min(whole, high.__ceil__())
    bound = Fraction(than)
    return at_most(seen, count, least, whole) < bound or at_most(count - seen, count, whole - most, whole) < bound


def at_most(seen: int, count: int, chance: int, whole: int) -> Fraction:
    """The probability of so many or fewer of ``count``, each of which has ``chance`` parts of ``whole``."""
    if chance == 0 or seen >= count:
        return Fraction(1)
    if chance == whole:
        return Fraction(0)
    term = total = (whole - chance) ** count
    for n in range(seen):
        term = term * (count - n) * chance // ((n + 1) * (whole - chance))
        total += term
    return Fraction(total, whole**count)
