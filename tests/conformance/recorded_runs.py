"""Small reports of one optimizer, with and without what is wrong: what is held against a record of another run."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

from conformance.baseline.record import record_of
from conformance.commands.baselines import Held
from conformance.engine.verdict import Cause, Cell, CellResult, Figures, Finding, Level, Verdict
from conformance.report import gates, model
from conformance.report.difference import ScopeEntry
from conformance.report.model import Report

NAME, LOCAL = "mine.py:Mine", "agreement/local"
NASTY = "<script>alert(1)</script> | `x` \x1b[31m [bold]"
Change = Callable[[Report], Report]


def cell(claim: str = LOCAL, dtype: str = "float32") -> Cell:
    """Return a cell of one implementation."""
    return Cell(NAME, "default", "cpu", dtype, claim)


def result(claim: str, verdict: Verdict = Verdict.PASS, *, cases: int = 8, ratio: float = 0.5) -> CellResult:
    """Return a cell with a verdict."""
    figures = Figures(cases, cases * 100, cases * 300, 3 * (verdict is Verdict.FAIL), 0, 10, 0.25, ratio)
    return CellResult(cell(claim), verdict, "", figures, digest="abcdef0123456789")


def finding(claim: str, name: str, quantity: str) -> Finding:
    """Return a finding of a cell."""
    case = {"kind": "rule", "stored": {}}
    return Finding(
        name, cell(claim), "It holds.", quantity, "", "", "", case, ("0", "0"), ("", ""), "1", "", "", "", "", "", ""
    )


def failing(claim: str, name: str, quantity: str = "step 1: gradient 0") -> Change:
    """Return what makes a cell fail, for a cause of its own."""

    def changed(report: Report) -> Report:
        before = tuple(found for r in report.results if r.cell == cell(claim) for found in r.findings)
        found = (*before, finding(claim, name, quantity))
        broken = dataclasses.replace(result(claim, Verdict.FAIL), findings=found)
        cause = Cause(NAME, f"{claim}: {quantity}", Level.MUST, "", "mine.py:7 in step", name, (cell(claim),))
        others = tuple(r for r in report.results if r.cell != broken.cell)
        return dataclasses.replace(report, results=(*others, broken), causes=(*report.causes, cause))

    return changed


def with_cell(one: CellResult) -> Change:
    """Return what puts a cell in the place of the one that is there."""
    return lambda report: dataclasses.replace(report, results=(*(r for r in report.results if r.cell != one.cell), one))


def without(claim: str) -> Change:
    """Return what leaves a cell out, as though nobody had made it."""
    return lambda report: dataclasses.replace(
        report, results=tuple(r for r in report.results if r.cell.property != claim)
    )


def asked(*properties: str) -> Change:
    """Return what narrows a run to some properties."""

    def changed(report: Report) -> Report:
        scope = (dataclasses.replace(report.scope[0], properties=properties),)
        left = tuple(r for r in report.results if r.cell.property in properties)
        return dataclasses.replace(report, scope=scope, results=left)

    return changed


def mutants(*statuses: str) -> Change:
    """Return what gives the rule mutants of these statuses."""

    def changed(report: Report) -> Report:
        entries = tuple(model.MutantEntry(f"mutant {i}", status, "m", "") for i, status in enumerate(statuses))
        rule = model.RuleEntry("sgd", "SGD", "", (), (), (), (model.VariantEntry("sgd()", {}, (), entries),), ())
        return dataclasses.replace(report, rules=(rule,))

    return changed


def deviating(status: str = "in force") -> Change:
    """Return what lets a known deviation show in a cell."""

    def changed(report: Report) -> Report:
        entry = model.DeviationEntry("doubles", NAME, "always", "It doubles.", "", "", status)
        shown = dataclasses.replace(result("state/pickle", Verdict.DEVIATION), deviation="doubles")
        return dataclasses.replace(with_cell(shown)(report), deviations=(entry,))

    return changed


def unjudged(report: Report) -> Report:
    """Return a report in which of one target nothing could be judged."""
    return dataclasses.replace(report, unjudged=("other.py:Other: it cannot be imported",))


def run(*changes: Change) -> Report:
    """Return a report of three cells that pass, with changes."""
    claims = (LOCAL, "state/pickle", "gradients/not-modified")
    properties = tuple(model.PropertyEntry(name, "It holds.", "a source") for name in claims)
    item = model.ImplementationEntry(NAME, NAME, "sgd", "sgd", "torch 2.13.0", {})
    scope = (ScopeEntry((NAME,), "cpu", ("float32",), (), (), 5.0),)
    report = Report("0.1.0", "stepproof check", 0, 5, {"torch": "2.13.0"}, (), properties, (item,), (), ())
    report = dataclasses.replace(report, results=tuple(map(result, claims)), scope=scope)
    report = mutants("killed", "killed", "equivalent")(report)
    for change in changes:
        report = change(report)
    return report


def against(before: Report, now: Report, file: str = "base.json") -> Report:
    """Return a report held against the record of another."""
    return Held(Path(file), record_of(before)).against(now)


def status(report: Report) -> tuple[int, set[str]]:
    """Return the exit status of a report, and the gates that it misses."""
    missed = {gate.name for gate in gates.not_met(report) if gate.enforced}
    return gates.exit_status(report), missed


OLD, NEW = failing("state/pickle", "aaa"), failing("gradients/not-modified", "bbb")
