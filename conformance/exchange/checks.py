"""A report as a list of checks, as tools for tests know them: the cells, and the gates that count no cells."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass

from conformance.engine.verdict import CellResult, Level, Verdict
from conformance.exchange.occasion import Occasion
from conformance.exchange.problems import (
    ProblemPlace,
    ReportedProblem,
    body,
    known_before,
    line,
    problem_of_cell,
    problems,
)
from conformance.report.model import Gate, GateStatus, Outcome, Report
from conformance.report.wording import exact

GATES, SCOPE = "gates", "scope"
TOLD_BY_CELLS = frozenset({"findings", "should", "errors", "own-errors", "undecided"})
"""The gates that count cells, each of which is a check of its own."""


class CheckStanding(enum.StrEnum):
    """What a check means for the run: a run without one that failed or was not judged conforms."""

    PASSED = "passed"
    WARNED = "warned"
    FAILED = "failed"
    NOT_JUDGED = "not judged"
    LEFT_OUT = "left out"


@dataclass(frozen=True)
class Check:
    """One question and its answer; ``word`` is the report's own word for it, ``text`` what else there is to say.

    ``suite`` says where it was asked: implementation, path, device and format.
    """

    suite: tuple[str, ...]
    name: str
    standing: CheckStanding
    word: str
    message: str = ""
    text: str = ""
    seconds: float = 0.0
    level: Level = Level.MUST
    place: ProblemPlace | None = None


_STANDINGS = {
    Verdict.PASS: CheckStanding.PASSED,
    Verdict.DEVIATION: CheckStanding.WARNED,
    Verdict.UNDECIDED: CheckStanding.NOT_JUDGED,
    Verdict.ERROR: CheckStanding.NOT_JUDGED,
    Verdict.OURS: CheckStanding.NOT_JUDGED,
    Verdict.NOT_APPLICABLE: CheckStanding.LEFT_OUT,
    Verdict.NOT_RUN: CheckStanding.LEFT_OUT,
}


def checks(report: Report, occasion: Occasion) -> tuple[Check, ...]:
    """Return the checks in the order of the report, the gates that the run measured last."""
    explained = problem_of_cell(problems(report, occasion))
    known = known_before(report)
    deviations = {entry.identifier: entry.reason for entry in report.deviations}
    cells = (
        _of_cell(
            result,
            CheckStanding.WARNED if result.cell in known else standing(result, report),
            explained.get(result.cell),
            deviations,
            report.times.get(str(place), 0.0),
        )
        for place, result in enumerate(report.results)
    )
    gates = (gate for gate in report.gate_outcomes if gate.status is not GateStatus.NOT_MEASURED)
    return (*cells, *(_of_gate(gate) for gate in gates if gate.name not in TOLD_BY_CELLS))


def _of_cell(
    result: CellResult,
    standing: CheckStanding,
    problem: ReportedProblem | None,
    deviations: Mapping[str, str],
    seconds: float,
) -> Check:
    cell = result.cell
    message, text = result.reason, ""
    if result.verdict is Verdict.DEVIATION:
        message = f"known deviation {result.deviation}: {deviations.get(result.deviation, result.reason)}"
    elif problem is not None and result.verdict is Verdict.FAIL:
        message = problem.title
        told = "known to the baseline" if standing is CheckStanding.WARNED and problem.known else ""
        text = "\n".join(filter(None, (told, problem.cause.diagnosis, *map(body, result.findings[:1]))))
    return Check(
        tuple(map(line, (cell.implementation, cell.path, cell.device, cell.dtype))),
        line(cell.property),
        standing,
        result.shown.value,
        line(message, 1000),
        text,
        seconds,
        result.level,
        problem.place if problem is not None and result.verdict is Verdict.FAIL else None,
    )


def standing(result: CellResult, report: Report) -> CheckStanding:
    """Return what a cell means for a run: what only should hold fails one that is strict alone."""
    if result.verdict is Verdict.FAIL:
        return CheckStanding.FAILED if result.level is Level.MUST or report.strict else CheckStanding.WARNED
    return _STANDINGS[result.verdict]


def _of_gate(gate: Gate) -> Check:
    return Check(
        (GATES,),
        gate.name,
        _standing_of(gate),
        gate.status.value,
        f"{gate.counts}: {exact(gate.observed)}, {gate.bound} {exact(gate.threshold)}",
    )


def _standing_of(gate: Gate) -> CheckStanding:
    if gate.status is GateStatus.MET:
        return CheckStanding.PASSED
    if gate.enforced:
        return CheckStanding.FAILED if gate.otherwise is Outcome.DOES_NOT_CONFORM else CheckStanding.NOT_JUDGED
    return CheckStanding.LEFT_OUT if gate.name == SCOPE else CheckStanding.WARNED
