"""The causes of a run's findings on the console, and single findings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from conformance.commands.plain_text import plain
from conformance.engine.verdict import Cause, Cell, Finding, Level
from conformance.report.model import Report
from conformance.report.wording import fault

SHOWN_CAUSES = 6
NAMED = 4
"""So many properties, paths and formats of a cause are named; of more their number."""


NO_SWITCHES = "none"
BESIDE = ("changed settings", "other groups", "earlier gradients")
"""What of a case of several steps or groups decides the value beside what entered it."""


def show_causes(console: Console, report: Report, folder: str) -> None:
    """Print what is wrong, one cause after the other, and the case of each that shows it best."""
    findings = {finding.identifier: finding for result in report.results for finding in result.findings}
    known = [cause for cause in report.causes if report.baseline and report.baseline.knows(cause)]
    causes = [cause for cause in report.causes if cause not in known]
    for cause in causes[:SHOWN_CAUSES]:
        show_cause(console, cause, findings[cause.case], folder)
    if len(causes) > SHOWN_CAUSES:
        console.print(f"\n… and {len(causes) - SHOWN_CAUSES} more causes: see the report")
    for place, cause in enumerate(known):
        said = f"{plain(cause.implementation)}: {plain(cause.title)}"
        console.print(f"{'' if place else chr(10)}[yellow]≈[/] known to the baseline: {said}")


def show_cause(console: Console, cause: Cause, finding: Finding, folder: str) -> None:
    """Print one cause: what is wrong, what the code does instead, what it explains, and the smallest case."""
    must = cause.level is Level.MUST
    sign, style = ("✗", "bold red") if must else ("!", "yellow")
    console.print(f"\n[{style}]{sign}[/] [bold]{plain(cause.implementation)}[/]: [bold]{plain(cause.title)}[/]")
    cells = cause.explains
    rows = (
        ("diagnosis", cause.diagnosis),
        ("where", cause.where.removeprefix(f"{Path.cwd()}/")),
        ("explains", explained(cells)),
    )
    # What the cause says already is not said again.
    _print(console, (*rows, *(row for row in rows_of(finding, folder) if row[1] not in {cause.where, cause.title})))


def explained(cells: tuple[Cell, ...]) -> str:
    """Return the number of cells, and their properties, paths and formats."""
    parts = [
        _few([cell.property for cell in cells], "properties"),
        "on " + _few([cell.path for cell in cells], "paths"),
        "in " + _few([cell.dtype for cell in cells], "formats"),
    ]
    return f"{len(cells)} cell{'s' if len(cells) > 1 else ''}: {'; '.join(parts)}"


def _few(names: list[str], what: str) -> str:
    different = list(dict.fromkeys(names))
    more = f" and {len(different) - NAMED} more {what}" if len(different) > NAMED else ""
    return ", ".join(different[:NAMED]) + more


def show_finding(console: Console, finding: Finding, folder: str) -> None:
    """Print one finding: the claim, the formula, the smallest case, legal and got."""
    cell = finding.cell
    console.print(
        f"\n[bold red]✗[/] [bold]{plain(cell.implementation)}[/] on {plain(cell.path)}, {plain(cell.dtype)}: "
        f"{plain(fault(finding))}"
    )
    _print(console, rows_of(finding, folder))


def rows_of(finding: Finding, folder: str) -> tuple[tuple[str, str], ...]:
    """Return what a finding says, by the name of each row."""
    case, cell = finding.case, finding.cell
    before = "  ".join(f"{k}={_short(v)}" for k, v in case.get("before", {}).items())
    low, high = finding.legal
    return (
        ("property", f"{cell.property}: {finding.sentence}"),
        ("formula", f"{finding.assignment}: {finding.formula_text}" if finding.assignment else ""),
        ("case", _case_line(case)),
        *((name, "; ".join(f"{at}: {said}" for at, said in case.get(name, {}).items())) for name in BESIDE),
        ("before", before),
        ("legal", f"[{finding.legal[0]}, {finding.legal[1]}]" if low != high or finding.assignment else low),
        ("got", ", ".join(part for part in (finding.value, finding.value_hex, finding.distance) if part)),
        ("confirmed", finding.confirmed),
        ("replay", finding.replay.replace("failures/", f"{folder}/failures/")),
    )


def _print(console: Console, rows: tuple[tuple[str, str], ...]) -> None:
    for name, text in ((name, text) for name, text in rows if text):
        console.print(f"  [dim]{name:9}[/] {plain(text)}")


def _case_line(case: Mapping[str, Any]) -> str:
    """The case of an optimizer, or that of a scheduler, in one line."""
    if "hyperparameters" not in case:
        return "; ".join(f"{name}: {value}" for name, value in case.items() if name != "stored")
    scalars = "  ".join(f"{k}={_short(v)}" for k, v in case["hyperparameters"].items())
    switches = "" if case["switches"] == NO_SWITCHES else f"switches: {case['switches']}"
    rest = f"shapes: {case['tensors']}" if "tensors" in case else case["arguments"] and f"with: {case['arguments']}"
    return "  ".join(filter(None, (scalars, switches, rest)))


def _short(value: str) -> str:
    return f"{float(value):.9g}"
