"""Commands that a GitHub workflow reads from what a step prints, and shows at lines of the user's files.

GitHub shows ten of a kind; the rest is counted in a notice, and one notice says what was not run.  What a baseline
knows is a notice too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from conformance.engine.verdict import Level
from conformance.exchange.checks import TOLD_BY_CELLS
from conformance.exchange.occasion import Occasion
from conformance.exchange.problems import ReportedProblem, line, problems
from conformance.report.model import GateStatus, Outcome, Report
from conformance.report.wording import counted, exact, listed

MOST_OF_A_KIND = 10


def render(report: Report, occasion: Occasion) -> str:
    """Return a command a line: errors, warnings, notices."""
    found = problems(report, occasion)
    told = [_problem("error", p) for p in found if p.cause.level is Level.MUST and not p.known]
    errors = [*_open_gates(report, beside_problems=bool(told)), *told]
    warnings = [_problem("warning", p) for p in found if p.cause.level is Level.SHOULD and not p.known]
    known = [_problem("notice", p) for p in found if p.known]
    kinds = (
        (errors, MOST_OF_A_KIND, ("error", "errors")),
        (warnings, MOST_OF_A_KIND, ("warning", "warnings")),
        (known, MOST_OF_A_KIND - 2, ("cause that the baseline knows", "causes that the baseline knows")),
    )
    more = [counted(len(held) - most, *noun) for held, most, noun in kinds if len(held) > most]
    shown = [text for held, most, _ in kinds for text in held[:most]]
    if more:
        shown.append(_command("notice", {"title": "stepproof"}, f"{listed(more)} beside these: see report.html"))
    if report.not_run:
        shown.append(_command("notice", {"title": "stepproof"}, line("; ".join(report.not_run), 1000)))
    return "".join(f"{text}\n" for text in shown)


def _open_gates(report: Report, *, beside_problems: bool) -> Iterator[str]:
    """Yield an error for each gate that keeps the run from conforming and is not told by problems."""
    for gate in report.gate_outcomes:
        told = beside_problems and gate.otherwise is Outcome.DOES_NOT_CONFORM
        if gate.enforced and gate.status is GateStatus.NOT_MET and not told:
            kind = "cells" if gate.name in TOLD_BY_CELLS else "gate"
            said = f"{gate.counts}: {exact(gate.observed)}, {gate.bound} {exact(gate.threshold)}"
            yield _command("error", {"title": f"stepproof: {kind} {gate.name}"}, said)


def _problem(kind: str, problem: ReportedProblem) -> str:
    place = {"file": problem.place.file, "line": str(problem.place.line)} if problem.place else {}
    paragraphs: Sequence[str] = tuple(problem.paragraphs())
    return _command(kind, {**place, "title": problem.title}, "\n".join(paragraphs))


def _command(kind: str, properties: dict[str, str], message: str) -> str:
    told = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{kind} {told}::{_message(message)}"


def _message(text: str) -> str:
    """Return a text that ends no command and begins none."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")
