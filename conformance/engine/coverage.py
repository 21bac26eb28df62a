"""The coverage of a run: on how many element-cases each part of a formula was seen, and how small an error of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from conformance.engine.evidence import Exhibit
from conformance.engine.exhibits import CoverageEntry, SeenEntry

COVERAGE = "coverage"
"""The sort of what is shown of a cell's coverage."""
ERRORS = tuple(2.0**-bits for bits in (1, 2, 4, 8, 12, 16, 20, 24, 32, 40, 48))
"""The relative errors that are put into each part, the largest first."""


@dataclass
class PartCoverage:
    """On how many element-cases a part was looked at, and on how many each error of it was seen."""

    looked_at: int = 0
    caught: list[int] = field(default_factory=lambda: [0] * len(ERRORS))

    def add(self, other: SeenEntry) -> None:
        """Add what was seen elsewhere."""
        self.looked_at += other.looked_at
        for place, count in enumerate(other.caught):
            self.caught[place] += count


@dataclass
class Coverage:
    """What the cases of a cell showed of the parts of each formula, by its label and the part."""

    samples: dict[str, int] = field(default_factory=dict)
    """How many samples of cases each formula was looked at with."""
    seen: dict[str, dict[str, PartCoverage]] = field(default_factory=dict)

    def of(self, label: str, part: str) -> PartCoverage:
        """Return what was seen of a part so far."""
        return self.seen.setdefault(label, {}).setdefault(part, PartCoverage())

    def exhibits(self, dtype: str) -> Iterator[Exhibit]:
        """Yield what was seen of each formula, for the report."""
        for label, parts in self.seen.items():
            entries = {name: SeenEntry(seen.looked_at, _trimmed(seen.caught)) for name, seen in parts.items()}
            yield Exhibit(COVERAGE, dataclasses.asdict(CoverageEntry(label, dtype, entries)))


def _trimmed(counts: list[int]) -> tuple[int, ...]:
    """Return counts without the zeros at their end."""
    length = max((place for place, count in enumerate(counts, 1) if count), default=0)
    return tuple(counts[:length])


def added(entries: Iterable[CoverageEntry]) -> Mapping[str, Mapping[str, Mapping[str, PartCoverage]]]:
    """Return what all cells saw together: by formula, part and format."""
    found: dict[str, dict[str, dict[str, PartCoverage]]] = {}
    for entry in entries:
        for name, part in entry.parts.items():
            found.setdefault(entry.formula, {}).setdefault(name, {}).setdefault(entry.dtype, PartCoverage()).add(part)
    return found
