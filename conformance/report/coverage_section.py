"""What the cases of a run showed of each part of a formula, as the report holds it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from conformance.engine.coverage import ERRORS, PartCoverage, added
from conformance.engine.exhibits import CoverageEntry
from conformance.optimizers import coverage
from conformance.report.model import PartEntry, PartInFormat, PartStatus
from spec.mutants.parts import FormulaPart
from spec.rule import UpdateRule

Shown: TypeAlias = Mapping[str, Mapping[str, Mapping[str, PartCoverage]]]
"""By formula, part and format, what was seen."""
NONE_SHOWN: Shown = {}


def shown_by(entries: Iterable[CoverageEntry]) -> Shown:
    """Return what all cells of a run showed together."""
    return added(entries)


def part_entries(rule: UpdateRule, shown: Shown) -> tuple[PartEntry, ...]:
    """Return what became of each part of a rule's formula; nothing where this run did not measure it."""
    if rule.label not in shown:
        return ()
    return tuple(_entry(part, shown[rule.label].get(part.identifier, {})) for part in coverage.of(rule))


def _entry(part: FormulaPart, seen: Mapping[str, PartCoverage]) -> PartEntry:
    formats = tuple(_in_format(dtype, seen[dtype]) for dtype in sorted(seen))
    if any(held.mattered for held in formats):
        status = PartStatus.VERIFIED
    else:
        status = PartStatus.WITHOUT_EFFECT if coverage.without_effect(part) else PartStatus.NOT_VERIFIED
    return PartEntry(part.name, part.line, part.sort, status, formats)


def _in_format(dtype: str, seen: PartCoverage) -> PartInFormat:
    smallest = min((error for error, count in zip(ERRORS, seen.caught, strict=True) if count), default=None)
    return PartInFormat(dtype, seen.looked_at, seen.caught[0], smallest, tuple(seen.caught))
