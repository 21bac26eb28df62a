"""What a report shows of each finding, of each deviation, and of the cells without either."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from conformance.engine.verdict import Level, Verdict
from conformance.report import wording

if TYPE_CHECKING:
    from conformance.engine.verdict import Cell, CellResult, Finding, Shown
    from conformance.report.model import DeviationEntry, Report


@dataclass(frozen=True)
class Card:
    """A finding together with the cell that shows it."""

    finding: Finding
    result: CellResult


@dataclass(frozen=True)
class Standing:
    """A deviation of the ledger together with the cells that it explains."""

    entry: DeviationEntry
    cards: tuple[Card, ...]
    cells: tuple[Cell, ...]

    @property
    def shown(self) -> tuple[Card, ...]:
        """The shortest script of each property: one case says what a deviation is."""
        shortest: dict[str, Card] = {}
        for card in sorted(self.cards, key=lambda card: len(card.finding.script)):
            shortest.setdefault(card.finding.cell.property, card)
        return tuple(card for card in self.cards if card in shortest.values())

    @property
    def named(self) -> tuple[Card, ...]:
        """Every other finding, whose case and script lie in the report's folder of failures."""
        shown = self.shown
        return tuple(card for card in self.cards if card not in shown)

    @property
    def named_alike(self) -> tuple[tuple[Card, ...], ...]:
        """Those of one implementation, property and quantity beside each other."""
        alike: dict[tuple[str, str, str], list[Card]] = {}
        for card in self.named:
            cell = card.finding.cell
            alike.setdefault((cell.implementation, cell.property, card.finding.quantity), []).append(card)
        return tuple(map(tuple, alike.values()))


@dataclass(frozen=True)
class Reason:
    """The cells that ended in one verdict for one reason."""

    verdict: Shown
    reason: str
    cells: tuple[Cell, ...]


def cards(report: Report) -> tuple[Card, ...]:
    """The findings that no deviation of the report explains, what must hold first, in the order of the cells."""
    found = [
        Card(finding, result)
        for result in report.results
        if not _is_explained(result, report)
        for finding in result.findings
    ]
    return tuple(sorted(found, key=lambda card: card.result.level is Level.SHOULD))


def standings(report: Report) -> tuple[Standing, ...]:
    """Each deviation of the ledger stands with its cells and findings."""
    explained = [result for result in report.results if _is_explained(result, report)]
    return tuple(_standing(entry, explained) for entry in report.deviations)


def _standing(entry: DeviationEntry, explained: list[CellResult]) -> Standing:
    """Of deviations that are known together the first has the findings, and each has the cells."""
    mine = [result for result in explained if entry.identifier in {result.deviation, *result.further}]
    first = [result for result in mine if result.deviation == entry.identifier]
    found = tuple(Card(finding, result) for result in first for finding in result.findings)
    return Standing(entry, found, tuple(result.cell for result in mine))


def reasons(report: Report) -> tuple[Reason, ...]:
    """Every cell that neither passes nor has a finding, gathered by verdict and reason."""
    gathered: dict[tuple[Shown, str], list[Cell]] = {}
    for result in report.results:
        if result.verdict is Verdict.PASS or result.findings or _is_explained(result, report):
            continue
        gathered.setdefault((result.shown, result.reason), []).append(result.cell)
    rank = {verdict: place for place, verdict in enumerate(wording.SEVERITY)}
    ordered = sorted(gathered.items(), key=lambda item: rank[item[0][0]])
    return tuple(Reason(verdict, reason, tuple(cells)) for (verdict, reason), cells in ordered)


def _is_explained(result: CellResult, report: Report) -> bool:
    known = {entry.identifier for entry in report.deviations}
    return result.verdict is Verdict.DEVIATION and result.deviation in known
