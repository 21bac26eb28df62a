"""The matrix: for each rule, what every path of every implementation does in every format."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from conformance.engine.verdict import Verdict
from conformance.report.totals import Tested, tested

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conformance.engine.verdict import CellResult, Finding
    from conformance.report.model import Report

UNLISTED_RULE = "(no rule named)"

_FORMATS = ("float64", "float32", "bfloat16", "float16")


@dataclass(frozen=True)
class Square:
    """All properties of one path in one format."""

    results: tuple[CellResult, ...]
    tested: Tested

    @property
    def widest(self) -> CellResult:
        """The cell with the most ratios; medians do not add up, so one speaks for all."""
        return max(self.results, key=lambda result: result.figures.ratio_sample)

    @property
    def finding(self) -> Finding | None:
        """The first finding of the worst cells."""
        chosen = (r for r in self.results if r.shown is self.tested.verdict)
        return next((finding for result in chosen for finding in result.findings), None)


@dataclass(frozen=True)
class Span:
    """One result, and the number of neighbouring formats in which it is the same."""

    result: CellResult | None
    columns: int


@dataclass(frozen=True)
class Row:
    """One path on one device, with a square per format (None: not a cell of this run)."""

    implementation: str
    path: str
    device: str
    squares: tuple[Square | None, ...]

    def lines(self) -> tuple[tuple[str, tuple[Span, ...]], ...]:
        """The results turned round: a line per property, an entry per format or more that say the same."""
        return tuple(line for line in self._lines() if not _excused(line))

    def excused(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """The reasons for which properties apply in no format, each with their names."""
        names: dict[str, tuple[str, ...]] = {}
        for name, (span, *_) in filter(_excused, self._lines()):
            reason = span.result.reason if span.result else ""
            names[reason] = (*names.get(reason, ()), name)
        return tuple(names.items())

    def _lines(self) -> tuple[tuple[str, tuple[Span, ...]], ...]:
        held = [{r.cell.property: r for r in s.results} if s else {} for s in self.squares]
        names = dict.fromkeys(name for column in held for name in column)
        return tuple((name, _spans([column.get(name) for column in held])) for name in names)


@dataclass(frozen=True)
class Group:
    """The rows of one implementation."""

    implementation: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Matrix:
    """One rule's table."""

    rule: str
    dtypes: tuple[str, ...]
    groups: tuple[Group, ...]
    tested: Tested


def matrices(report: Report) -> tuple[Matrix, ...]:
    """Every result stands in exactly one matrix, also that of a rule which is not described."""
    rule_of = {entry.identifier: entry.rule for entry in report.implementations}
    order = dict.fromkeys(rule.name for rule in report.rules)
    by_rule: dict[str, list[CellResult]] = {name: [] for name in order}
    for result in report.results:
        rule = rule_of.get(result.cell.implementation, UNLISTED_RULE)
        by_rule.setdefault(rule, []).append(result)
    return tuple(_matrix(rule, results) for rule, results in by_rule.items() if results)


def _matrix(rule: str, results: list[CellResult]) -> Matrix:
    dtypes = tuple(sorted({r.cell.dtype for r in results}, key=finest_first))
    names = dict.fromkeys(result.cell.implementation for result in results)
    groups = tuple(Group(name, _rows([r for r in results if r.cell.implementation == name], dtypes)) for name in names)
    return Matrix(rule, dtypes, groups, tested(results))


def _rows(results: list[CellResult], dtypes: tuple[str, ...]) -> tuple[Row, ...]:
    places = dict.fromkeys((r.cell.implementation, r.cell.path, r.cell.device) for r in results)
    return tuple(Row(*place, tuple(_square(_held(results, place, dtype)) for dtype in dtypes)) for place in places)


def _held(results: Iterable[CellResult], place: tuple[str, str, str], dtype: str) -> tuple[CellResult, ...]:
    return tuple(
        result
        for result in results
        if (result.cell.implementation, result.cell.path, result.cell.device) == place and result.cell.dtype == dtype
    )


def _square(results: tuple[CellResult, ...]) -> Square | None:
    return Square(results, tested(results)) if results else None


def _spans(results: list[CellResult | None]) -> tuple[Span, ...]:
    return tuple(Span(same[0], len(same)) for same in (list(group) for _, group in groupby(results, key=_said)))


def _excused(line: tuple[str, tuple[Span, ...]]) -> bool:
    """Return whether a property applies in no format that was run, for one reason."""
    said = {(span.result.verdict, span.result.reason) for span in line[1] if span.result}
    return len(said) == 1 and said.pop()[0] is Verdict.NOT_APPLICABLE


def _said(result: CellResult | None) -> object:
    """What the matrix shows of a result, but for its cell."""
    if result is None:
        return None
    names = (result.deviation, *result.further)
    findings = [finding.identifier for finding in result.findings]
    return (result.shown, result.reason, names, result.figures, findings)


def finest_first(dtype: str) -> tuple[int, str]:
    """Return a format's place in a row of formats."""
    return (_FORMATS.index(dtype) if dtype in _FORMATS else len(_FORMATS), dtype)
