"""What is wrong in a report, one problem for each cause, with its place, its line of the formula and its case.

A failing cell that no cause explains, as in a run that was cut short, is a problem of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePath

from conformance.engine.safe_text import safe_text
from conformance.engine.verdict import Cause, Cell, CellResult, Finding, Level, Verdict
from conformance.exchange.occasion import Occasion
from conformance.report.difference import BaselineStatus
from conformance.report.model import GateStatus, Report
from conformance.report.wording import case_lines, counted, fault

LONGEST_NAME = 255
"""Characters of a name in a format; of a longer one the length is said."""
_NOT_JUDGED = {Verdict.UNDECIDED: "undecided", Verdict.ERROR: "errors", Verdict.OURS: "own-errors"}
"""The gate that counts the cells of a verdict."""
_PLACE = re.compile(r"(?P<file>[^\n]+?):(?P<line>[1-9][0-9]{0,8}) in [^\n]+")


@dataclass(frozen=True)
class ProblemPlace:
    """A line of somebody's file; its path is relative to the occasion's root, with slashes."""

    file: str
    line: int


@dataclass(frozen=True)
class ReportedProblem:
    """A cause, the finding that shows it best, and where it is."""

    cause: Cause
    finding: Finding | None
    place: ProblemPlace | None
    rule: str
    """The rule that the implementation claims, empty where it names none."""
    known: bool = False
    """Whether the baseline of the run has it too, so that it does not speak against it."""

    @property
    def title(self) -> str:
        """What is wrong with what, on one line."""
        return line(f"{self.cause.implementation}: {self.cause.title}")

    @property
    def identifier(self) -> str:
        """What was broken: a line of a rule's formula, or else a property."""
        if self.finding is None:
            return line(self.cause.explains[0].property) if self.cause.explains else "stepproof"
        if self.finding.assignment:
            return line("/".join(filter(None, (self.rule, self.finding.assignment))))
        return line(self.finding.cell.property)

    def paragraphs(self) -> Iterator[str]:
        """Yield what the code does instead, how much that explains, and the smallest case."""
        yield from filter(None, (self.cause.diagnosis, f"It explains {counted(len(self.cause.explains), 'cell')}."))
        if self.finding is not None:
            yield body(self.finding)


def problems(report: Report, occasion: Occasion) -> tuple[ReportedProblem, ...]:
    """Return all that is wrong: what no baseline knows first, what must hold before what only should."""
    rules = {item.identifier: item.rule for item in report.implementations}
    findings = {finding.identifier: finding for result in report.results for finding in result.findings}
    causes = (*report.causes, *_unexplained(report))
    known = known_before(report)
    shared = {cause.implementation: place for cause in reversed(causes) if (place := _place(cause.where, occasion))}
    found = [
        ReportedProblem(
            cause,
            findings.get(cause.case),
            _place(cause.where, occasion) or shared.get(cause.implementation) or _source(cause, occasion),
            rules.get(cause.implementation, ""),
            _is_known(cause, report, known),
        )
        for cause in causes
    ]
    return tuple(sorted(found, key=lambda problem: (problem.known, problem.cause.level is Level.SHOULD)))


def known_before(report: Report) -> frozenset[Cell]:
    """Return the cells that would speak against a run if its baseline did not know them."""
    baseline = report.baseline
    if baseline is None or baseline.status is not BaselineStatus.COMPARED:
        return frozenset()
    new = {change.cell for change in baseline.difference.newly_failing}
    unmet = {gate.name for gate in report.gate_outcomes if gate.status is GateStatus.NOT_MET}
    # Of cells that were not judged the report says how many are known, and not which.
    known = {Verdict.FAIL, *(verdict for verdict, gate in _NOT_JUDGED.items() if gate not in unmet)}
    return frozenset(result.cell for result in report.results if result.verdict in known and result.cell not in new)


def _is_known(cause: Cause, report: Report, known: frozenset[Cell]) -> bool:
    if report.baseline is not None and cause in report.causes:
        return report.baseline.knows(cause)
    return bool(cause.explains) and known.issuperset(cause.explains)


def body(finding: Finding) -> str:
    """Return the claim, the line of the formula, the smallest case, what is legal and what came, a line each."""
    legal = f"[{finding.legal[0]}, {finding.legal[1]}]" if any(finding.legal_hex) else finding.legal[0]
    rows = (
        ("property", f"{finding.cell.property}: {finding.sentence}"),
        ("formula", f"{finding.assignment}: {finding.formula_text}" if finding.assignment else ""),
        *case_lines(finding.case),
        ("legal", legal),
        ("got", ", ".join(part for part in (finding.value, finding.value_hex, finding.distance) if part)),
        ("confirmed", finding.confirmed),
        ("replay", finding.replay),
    )
    return "\n".join(f"{name}: {line(text, 2000)}" for name, text in rows if text)


def line(text: str, longest: int = LONGEST_NAME) -> str:
    """Return a text on one line, cut where it is long."""
    return safe_text(" ".join(text.split()), longest)


def environment(report: Report) -> dict[str, str]:
    """Return the versions that a run depended on, each name and version on one line."""
    return {line(name): line(version) for name, version in report.environment.items()}


def _unexplained(report: Report) -> Iterator[Cause]:
    """Yield a cause for each property of an implementation that fails and that no cause of the report explains."""
    explained = {cell for cause in report.causes for cell in cause.explains}
    left: dict[tuple[str, str], list[CellResult]] = {}
    for result in report.results:
        if result.verdict is Verdict.FAIL and result.cell not in explained:
            left.setdefault((result.cell.implementation, result.cell.property), []).append(result)
    for (implementation, name), results in left.items():
        found = next((finding for result in results for finding in result.findings), None)
        title = fault(found) if found else f"{name}: {results[0].reason}"
        levels = {result.level for result in results}
        yield Cause(
            implementation,
            title,
            Level.MUST if Level.MUST in levels else Level.SHOULD,
            "" if found is None else found.sentence,
            "",
            found.identifier if found else "",
            tuple(result.cell for result in results),
        )


def _place(where: str, occasion: Occasion) -> ProblemPlace | None:
    """Return the file and line that a text names, where the file lies below the root."""
    found = _PLACE.fullmatch(where.strip())
    if found is None:
        return None
    path = PurePath(found["file"])
    if path.is_absolute():
        if not path.is_relative_to(occasion.root):
            return None
        path = path.relative_to(occasion.root)
    return None if ".." in path.parts else ProblemPlace(path.as_posix(), int(found["line"]))


def _source(cause: Cause, occasion: Occasion) -> ProblemPlace | None:
    source = occasion.sources.get(cause.implementation)
    return ProblemPlace(source.path, source.line) if source else None


def problem_of_cell(found: Iterable[ReportedProblem]) -> Mapping[object, ReportedProblem]:
    """Return the problem that explains each cell, the gravest where several do."""
    known: dict[object, ReportedProblem] = {}
    for problem in found:
        for cell in problem.cause.explains:
            known.setdefault(cell, problem)
    return known
