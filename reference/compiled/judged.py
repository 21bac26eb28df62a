"""What is found of one step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reference.formats import Array
from reference.intervals.interval import Interval


@dataclass(frozen=True)
class JudgedValues:
    """What is found of one step.

    ``legal`` are the enclosures of the elements that are shown, by symbol, and ``ratios`` how far what came of
    them is from the formula, over the room that an enclosure leaves on that side: NaN where it leaves any;
    ``outside`` for each quantity with values that are not legal how many and the place of the first;
    ``undecided`` how many elements are not decided.
    """

    legal: Mapping[str, Interval]
    ratios: Array
    outside: Mapping[str, tuple[int, int]]
    undecided: int
