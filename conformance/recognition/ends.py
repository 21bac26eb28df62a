"""Where the values of one setting that an optimizer takes end, found by asking for more and more digits."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from impls.catalogue.entries import Ends
from spec.rule import Domain, Hyperparameter

WIDEST = 10.0
"""No larger number is drawn of a setting without an upper end, and none larger of a sign."""
LEAST = 1e-9
"""No two numbers that are drawn beside an end of a domain are nearer to each other."""
CLOSE = 1e-3
"""Between a value that is taken and one that is not, relative to them, an end is known to three digits."""
COMMON = (1e-8, 1e-5, 1e-3, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999, 1.0 - 2.0**-24, 1.0, 2.0)
"""Values that people use, and one next to 1."""


def probes(item: Hyperparameter) -> tuple[float, ...]:
    """Return legal values of a setting in their order: its ends, what lies next to them, and common ones."""
    domain, below, above = item.domain, [], []
    if domain.low > -math.inf:
        below = [domain.low, domain.low + LEAST, domain.low + WIDEST]
    if domain.high < math.inf:
        above = [domain.high, math.nextafter(domain.high, -math.inf)]
    signed = [-number for number in COMMON] if domain.low < 0 else []
    return tuple(sorted({v for v in (*below, *above, *COMMON, *signed, item.default) if v in domain}))


@dataclass
class Bracket:
    """One end of the values that are taken: between one that is ``taken`` and one that is ``refused``."""

    taken: float
    refused: float

    @property
    def between(self) -> float | None:
        """The value of the fewest digits halfway between both, or nothing where the end is known."""
        low, high = sorted((self.taken, self.refused))
        if high - low <= max(LEAST, CLOSE * max(abs(low), abs(high))):
            return None
        middle = math.sqrt(low * high) if low > 0 and high > 8 * low else (low + high) / 2
        if low == 0.0:
            middle = max(high / 1000, LEAST)
        found = (float(f"{middle:.{digits}e}") for digits in range(17))
        return next((value for value in found if low < value < high), None)

    def narrow(self, value: float, *, taken: bool) -> None:
        """Take note of whether a value between both is taken."""
        if taken:
            self.taken = value
        else:
            self.refused = value

    @property
    def end(self) -> tuple[float, bool]:
        """The end, and whether it is left out: it is the one of both that has fewer digits."""
        return (self.refused, True) if _digits(self.refused) < _digits(self.taken) else (self.taken, False)


@dataclass
class Taken:
    """The values of a setting around ``base`` that are taken; a missing bracket is an end of the domain."""

    domain: Domain
    low: Bracket | None = None
    high: Bracket | None = None

    @classmethod
    def around(cls, domain: Domain, base: float, taken: set[float], refused: set[float]) -> Taken:
        """Return the values around ``base`` from those that were asked for."""
        found = cls(domain)
        below, above = {v for v in refused if v < base}, {v for v in refused if v > base}
        if below:
            found.low = Bracket(min({v for v in taken if v > max(below)} | {base}), max(below))
        if above:
            found.high = Bracket(max({v for v in taken if v < min(above)} | {base}), min(above))
        return found

    @property
    def brackets(self) -> Iterator[Bracket]:
        """Both ends, as far as they are not those of the domain."""
        yield from (bracket for bracket in (self.low, self.high) if bracket is not None)

    @property
    def ends(self) -> Ends:
        """Both ends, and whether each is left out."""
        low, low_open = self.low.end if self.low else (self.domain.low, self.domain.low_open)
        high, high_open = self.high.end if self.high else (self.domain.high, self.domain.high_open)
        return low, high, low_open, high_open


def _digits(value: float) -> int:
    """Return how many digits a number needs."""
    return len(f"{value!r}".partition("e")[0].replace(".", "").replace("-", "").strip("0"))
