"""The deviations of a report: those that its cells show, and those of users' ledgers that it did not judge."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from conformance.engine.ledger import OURS, Entry, load
from conformance.engine.verdict import CellResult, Verdict
from conformance.report.gates import IN_FORCE
from conformance.report.model import DeviationEntry

GONE = "no longer shown"
NAMED = 20
"""So many entries that were not judged are named; of more their number."""
_ASKED = frozenset({Verdict.PASS, Verdict.FAIL, Verdict.DEVIATION, Verdict.UNDECIDED})
"""The verdicts of cells in which the ledger was asked."""


def deviations(cells: Iterable[CellResult]) -> tuple[DeviationEntry, ...]:
    """Return the entries of all layers of the ledger that the cells show, or no longer show."""
    judged = list(cells)
    used = {name for r in judged for name in (r.deviation, *r.further) if name}
    gone = {r.deviation for r in judged if r.verdict is not Verdict.DEVIATION}
    return tuple(_told(entry, entry.identifier in gone) for entry in load() if entry.identifier in used)


def _told(entry: Entry, gone: bool) -> DeviationEntry:
    return DeviationEntry(
        entry.identifier,
        ", ".join(entry.implementations),
        entry.condition,
        entry.reason,
        entry.link,
        entry.rest,
        GONE if gone else IN_FORCE,
        entry.ledger,
    )


def unjudged(cells: Sequence[CellResult], versions: Mapping[str, str]) -> Iterator[str]:
    """Yield a sentence for each user's ledger with entries of which no judged cell was asked.

    ``versions`` maps an implementation to the version of its library.
    """
    used = {name for r in cells for name in (r.deviation, *r.further)}
    asked = [(r.cell, versions.get(r.cell.implementation, "")) for r in cells if r.verdict in _ASKED]
    left: dict[str, list[str]] = {}
    for entry in load():
        if entry.ledger == OURS or entry.identifier in used:
            continue
        if not any(entry.matches(cell, version) for cell, version in asked):
            left.setdefault(entry.ledger, []).append(entry.identifier)
    for file, names in left.items():
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        said = ", ".join(names[:NAMED]) + more
        yield f"not run: entries of the ledger {file} not judged in this run: {len(names)} ({said})"
