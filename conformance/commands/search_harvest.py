"""What a search has gathered: one result for each cell over all rounds, and the cases that its corpus keeps."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence
from typing import Any, Protocol

import msgspec

from conformance.commands.run_part import Unit
from conformance.corpus.folder import Corpus
from conformance.corpus.rounds import EXTREME, KILLING, SearchRound
from conformance.corpus.stored import Kept, Why
from conformance.engine.claim import Unit as AnyUnit
from conformance.engine.evidence import Exhibit
from conformance.engine.judging import Judged
from conformance.engine.runs import Listener, UnitResult
from conformance.engine.verdict import Cell, CellResult, Figures, Finding, Verdict

MOST_FINDINGS = 3
"""So many findings of one cell are kept over all rounds."""
REPLAY, FIRST = 0, 1
"""The numbers of the round that replays the corpus and of the one that is the gate's own."""
WORSE = {Verdict.FAIL: 3, Verdict.ERROR: 2, Verdict.OURS: 1}
SEARCHED = frozenset({Verdict.PASS, Verdict.DEVIATION, Verdict.UNDECIDED})
"""The verdicts of cells in which there is more to look for."""


class Says(Protocol):
    """Tells how a search goes."""

    def failed(self, unit: SearchRound, result: CellResult) -> None:
        """Tell the first failure of a cell."""

    def reached(self, number: int, cases: int, kept: int) -> None:
        """Tell that a round has its first unit, how many cases were judged till then, and how many the corpus has."""


class Harvest(Listener):
    """Gathers what rounds give, and offers their cases to a corpus."""

    def __init__(self, work: Sequence[Unit], corpus: Corpus, says: Says) -> None:
        self.work, self.corpus, self.says = work, corpus, says
        self.results: list[UnitResult] = [UnitResult() for _ in work]
        self.cells: list[dict[str, CellResult]] = [{} for _ in work]
        self.replays: list[dict[str, CellResult]] = [{} for _ in work]
        self.unmoved: set[tuple[int, str]] = set()
        """Cells that two rounds judged on the same cases: there are no others."""
        self.floor: dict[Cell, float] = {}
        self.rounds = 0
        self.cases = 0
        self.found = 0

    def open(self, place: int, number: int) -> tuple[str, ...]:
        """Return the properties of a unit in which a round may find what is new."""
        unit, cells = self.work[place], self.cells[place]
        if number == FIRST:
            return unit.properties
        names = (name for name in unit.properties if (place, name) not in self.unmoved)
        return tuple(name for name in names if name not in cells or _searched(cells[name]))

    @property
    def whole(self) -> bool:
        """Whether the first round, that of the gate, is there."""
        return all(result.whole for result in self.results)

    def gathered(self) -> list[UnitResult]:
        """Return the results of every unit of the gate, over all rounds."""
        for place, result in enumerate(self.results):
            cells = {**self.cells[place]}
            for name, replayed in self.replays[place].items():
                cells[name] = joined(replayed, cells[name]) if name in cells else replayed
            result.results = [cells[name] for name in self.work[place].properties if name in cells]
        return self.results

    def cell(self, unit: AnyUnit, judged: Judged) -> None:
        """Join a cell to what other rounds gave, and keep its cases."""
        if not isinstance(unit, SearchRound):
            return
        name, now = judged.result.cell.property, judged.result
        self.cases += now.figures.cases
        for label, names in judged.killed.items():
            mine = self.results[unit.place].killed.setdefault(label, {})
            for line, cell in names.items():
                mine.setdefault(line, cell)
        held = self.replays[unit.place] if unit.number == REPLAY else self.cells[unit.place]
        before = held.get(name)
        if unit.number == REPLAY and now.verdict is not Verdict.FAIL:
            self._keep(unit, judged)
            return
        if before is not None and before.digest == now.digest:
            self.unmoved.add((unit.place, name))
        elif now.verdict is Verdict.FAIL and (before is None or before.verdict is not Verdict.FAIL):
            self.says.failed(unit, now)
        held[name] = now if before is None else joined(before, now)
        if unit.number == FIRST:
            shown = [one for one in judged.exhibits if one.sort not in {EXTREME, KILLING}]
            self.results[unit.place].exhibits += shown
        self._keep(unit, judged)

    def finished(self, unit: AnyUnit, exhibits: Sequence[Exhibit]) -> None:
        """Take note of what the report shows besides, and that a unit of the first round is whole."""
        if not isinstance(unit, SearchRound):
            return
        if unit.number > self.rounds:
            self.rounds = unit.number
            self.says.reached(unit.number, self.cases, len(self.corpus.kept))
        if unit.number == FIRST:
            self.results[unit.place].exhibits += exhibits
            self.results[unit.place].whole = True

    def _keep(self, unit: SearchRound, judged: Judged) -> None:
        result, of = judged.result, self.work[unit.place]
        if result.verdict is Verdict.FAIL:
            for finding in result.findings:
                case = finding.case
                self.found += self.corpus.offer(_kept(of, result.cell, Why.FAILED, case["kind"], case["stored"]))
        for exhibit in judged.exhibits:
            data: dict[str, Any] = exhibit.data
            if exhibit.sort == EXTREME:
                self._near(unit, result.cell, data)
            elif exhibit.sort == KILLING and unit.number == FIRST:
                self.corpus.mutants.update(data["mutants"])
            elif exhibit.sort == KILLING:
                killed = _kept(of, result.cell, Why.KILLED, data["kind"], data["case"])
                self.corpus.offer(msgspec.structs.replace(killed, mutants=tuple(data["mutants"])))

    def _near(self, unit: SearchRound, cell: Cell, data: dict[str, Any]) -> None:
        """Keep the case that comes nearest to its bound, if it is nearer than the cases of the gate itself."""
        if unit.number <= FIRST:
            self.floor[cell] = max(self.floor.get(cell, 0.0), data["ratio"])
        elif data["ratio"] > self.floor.get(cell, 1.0):
            near = _kept(self.work[unit.place], cell, Why.RATIO, data["kind"], data["case"])
            self.corpus.offer(msgspec.structs.replace(near, ratio=round(data["ratio"], 6)))


def _kept(unit: Unit, cell: Cell, why: Why, kind: str, case: dict[str, Any]) -> Kept:
    subject = {key: value for key, value in unit.target.items() if key != "python"}
    return Kept(why, unit.chapter, cell, kind, case, subject=subject)


def joined(before: CellResult, now: CellResult) -> CellResult:
    """Return a cell over two rounds: the worse verdict, all figures, and the findings of either."""
    if before.owed:
        return now
    worse = now if WORSE.get(now.verdict, 0) > WORSE.get(before.verdict, 0) else before
    findings: dict[str, Finding] = {}
    for finding in (*before.findings, *now.findings):
        findings.setdefault(finding.quantity, finding)
    if worse.verdict is Verdict.DEVIATION:
        findings = {finding.quantity: finding for finding in worse.findings}
    return dataclasses.replace(
        worse,
        figures=_sum(before.figures, now.figures),
        findings=tuple(findings.values())[:MOST_FINDINGS] if worse.findings else (),
        digest=hashlib.sha256(f"{before.digest} {now.digest}".encode()).hexdigest(),
        seconds=before.seconds + now.seconds,
    )


def _searched(result: CellResult) -> bool:
    """Tell whether there is more to look for in a cell."""
    return result.verdict in SEARCHED or result.owed


def _sum(one: Figures, other: Figures) -> Figures:
    """Return the figures of both; the median is that of the first."""
    longest = max(len(one.ratio_histogram), len(other.ratio_histogram))
    bins = [(*f.ratio_histogram, *(0,) * (longest - len(f.ratio_histogram))) for f in (one, other)]
    ratios = [f.largest_ratio for f in (one, other) if f.largest_ratio is not None]
    names = ("cases", "element_cases", "values", "outside", "undecided", "ratio_sample", "refused")
    return Figures(
        **{name: getattr(one, name) + getattr(other, name) for name in names},
        median_ratio=one.median_ratio if one.median_ratio is not None else other.median_ratio,
        largest_ratio=max(ratios, default=None),
        ratio_histogram=tuple(a + b for a, b in zip(*bins, strict=True)),
    )
