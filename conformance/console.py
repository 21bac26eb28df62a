"""The console: progress while a run goes on, and its outcome as a table a stranger can read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Self, TypeAlias

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from conformance.engine import Unit, UnitResult
from conformance.report import totals
from conformance.report.model import Report
from conformance.verdict import CellResult, Finding, Verdict

MARKS = {
    Verdict.PASS: "[green]✓ pass[/]",
    Verdict.FAIL: "[bold red]✗ FAIL[/]",
    Verdict.DEVIATION: "[yellow]≈ known[/]",
    Verdict.NOT_APPLICABLE: "[dim]– n/a[/]",
    Verdict.UNDECIDED: "[yellow]? undecided[/]",
    Verdict.ERROR: "[bold red]! ERROR[/]",
    Verdict.NOT_RUN: "[dim]· not run[/]",
}
FOLDED = 3
"""So many properties of one kind that pass alike share a row."""
SHOWN_FINDINGS = 6


class ProgressListener:
    """Shows how many units of a run are done, and the failures as they come."""

    def __init__(self, console: Console, total: int) -> None:
        self.progress = Progress(
            TextColumn("judging"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
            TextColumn("{task.fields[last]}"), console=console, transient=True,
        )  # fmt: skip
        self.done, self.total = 0, total
        self.task = self.progress.add_task("", total=total, last="")

    def __enter__(self) -> Self:
        self.progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.progress.stop()

    def __call__(self, unit: Unit, result: UnitResult) -> None:
        """Advance by one unit."""
        name = f"{unit.implementation.identifier} {unit.path.name} {unit.dtype}"
        self.done += 1
        self.progress.update(self.task, advance=1, last=escape(name))
        if not self.progress.console.is_terminal and (self.done % 10 == 0 or self.done == self.total):
            self.progress.console.print(f"judged {self.done} of {self.total}: {escape(name)}")
        del result


def matrix(results: Iterable[CellResult]) -> Table:
    """Return a table of one implementation's verdicts: properties and paths against formats.

    Paths with the same verdicts share a row; a property that applies nowhere has none.
    """
    found = list(results)
    dtypes = list(dict.fromkeys(r.cell.dtype for r in found))
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("property", no_wrap=True)
    table.add_column("path", overflow="fold")
    for dtype in dtypes:
        table.add_column(dtype, no_wrap=True)
    rows: dict[str, dict[tuple[str, ...], list[str]]] = {}
    for (claim, path), cells in _places(found).items():
        marks = tuple(MARKS[cells[d].verdict] if d in cells else "" for d in dtypes)
        if any(r.verdict is not Verdict.NOT_APPLICABLE for r in cells.values()):
            rows.setdefault(claim, {}).setdefault(marks, []).append(path)
    paths = {result.cell.path for result in found}
    for claim, grouped in _folded(rows, len(paths)).items():
        for index, (marks, held) in enumerate(grouped.items()):
            shown = "all" if len(held) == len(paths) > 1 else ", ".join(held)
            table.add_row("" if index else claim, shown, *marks)
    return table


Rows: TypeAlias = dict[str, dict[tuple[str, ...], list[str]]]
"""For each property the paths by their marks in each format."""


def _folded(rows: Rows, paths: int) -> Rows:
    """Return the rows with many properties of one kind that pass on every path alike in one."""
    alike: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    quiet = {MARKS[Verdict.PASS], MARKS[Verdict.NOT_APPLICABLE], ""}
    for claim, grouped in rows.items():
        marks = next(iter(grouped))
        if len(grouped) == 1 and len(grouped[marks]) == paths and quiet.issuperset(marks):
            alike.setdefault((claim.partition("/")[0], marks), []).append(claim)
    shown, first = {}, {group[0]: group for group in alike.values() if len(group) >= FOLDED}
    hidden = {claim for group in first.values() for claim in group[1:]}
    for claim, grouped in rows.items():
        if claim in first:
            shown[f"{claim.partition('/')[0]}/… ({len(first[claim])} properties)"] = grouped
        elif claim not in hidden:
            shown[claim] = grouped
    return shown


def _places(results: list[CellResult]) -> dict[tuple[str, str], dict[str, CellResult]]:
    rows: dict[tuple[str, str], dict[str, CellResult]] = {}
    for result in results:
        place = (result.cell.property, result.cell.path)
        rows.setdefault(place, {})[result.cell.dtype] = result
    return dict(sorted(rows.items()))


def not_applicable(results: Iterable[CellResult]) -> list[str]:
    """Return one sentence for each reason why properties apply to no cell, with what it concerns."""
    reasons: dict[str, set[str]] = {}
    applied = set()
    for result in results:
        if result.verdict is Verdict.NOT_APPLICABLE:
            reasons.setdefault(result.cell.property, set()).add(result.reason)
        else:
            applied.add(result.cell.property)
    alike: dict[str, list[str]] = {}
    for name, why in reasons.items():
        if name not in applied:
            alike.setdefault(", ".join(sorted(why)), []).append(name)
    return [f"{_named(names)}: {why}" for why, names in alike.items()]


def _named(names: list[str]) -> str:
    """Return a few names as they stand, and many by their kinds."""
    if len(names) < FOLDED:
        return ", ".join(names)
    kinds = Counter(name.partition("/")[0] for name in names)
    return f"{len(names)} properties ({', '.join(f'{kind}/… {count}' for kind, count in kinds.items())})"


def show_report(console: Console, report: Report, folder: str) -> None:
    """Print the matrix of each implementation, the findings and the verdict.

    ``folder`` is that of the report, as the user would write it.
    """
    for item in report.implementations:
        mine = [r for r in report.results if r.cell.implementation == item.identifier]
        console.print(f"\n[bold]{escape(item.identifier)}[/] claims {escape(item.claims)}")
        console.print(matrix(mine))
        for sentence in not_applicable(mine):
            console.print(f"  [dim]– not applicable: {escape(sentence)}[/]")
        for reason in dict.fromkeys(
            f"{r.cell.property} on {r.cell.path}, {r.cell.dtype}: {r.reason}"
            for r in mine
            if r.verdict in {Verdict.ERROR, Verdict.UNDECIDED}
            or (r.verdict is Verdict.FAIL and not r.findings)
        ):
            console.print(f"  [red]•[/] {escape(reason)}")
    failing = [f for r in report.results if r.verdict is Verdict.FAIL for f in r.findings]
    for finding in failing[:SHOWN_FINDINGS]:
        show_finding(console, finding, folder)
    if len(failing) > SHOWN_FINDINGS:
        console.print(f"\n… and {len(failing) - SHOWN_FINDINGS} more findings: see the report")
    for entry in report.deviations:
        console.print(f"\n[yellow]known deviation[/] {entry.identifier}: {escape(entry.reason)}")
    console.print()
    for line in figures(report):
        console.print(escape(line))
    console.print(escape(totals.verdict_sentence(report)), style="bold")
    for sentence in report.not_run:
        console.print(f"[dim]{escape(sentence)}[/]")


def figures(report: Report) -> list[str]:
    """Return what was tested, how hard, and what was proven, each in one line."""
    tested = totals.tested(report.results)
    mutants = totals.mutants_of(report.rules)
    power, proven = totals.power(mutants), totals.proven(report.rules)
    survivors = [m.name for m in mutants if m.status == "survived"]
    lines = [
        f"tested  {tested.element_cases:,} element-cases, {tested.values:,} values: {tested.outside:,} "
        f"outside; {tested.undecided:,} element-cases undecided",
        f"power   {power.killed:,} of {power.total:,} formula mutants killed, "
        f"{power.equivalent:,} proven equivalent, {power.survived:,} survived",
        f"proven  {proven.claims:,} of {proven.claims_total:,} claims about the formulas",
    ]
    return [*lines, *(f"  survived: {name}" for name in survivors[:SHOWN_FINDINGS])]


def show_finding(console: Console, finding: Finding, folder: str) -> None:
    """Print one finding: the claim, the formula, the smallest case, legal and got."""
    cell = finding.cell
    fault = f"{finding.quantity} is outside what any legal evaluation can return"
    if not finding.assignment:
        fault = f"{finding.quantity} breaks {cell.property}"
    console.print(
        f"\n[bold red]✗[/] [bold]{escape(cell.implementation)}[/] on {escape(cell.path)}, {cell.dtype}: "
        f"{escape(fault)}"
    )
    case = finding.case
    before = "  ".join(f"{k}={_short(v)}" for k, v in case.get("before", {}).items())
    low, high = finding.legal
    rows = (
        ("property", f"{cell.property}: {finding.sentence}"),
        ("formula", f"{finding.assignment}: {finding.formula_text}" if finding.assignment else ""),
        ("case", _case_line(case)),
        ("before", before),
        ("legal", f"[{finding.legal[0]}, {finding.legal[1]}]" if low != high or finding.assignment else low),
        ("got", ", ".join(part for part in (finding.value, finding.value_hex, finding.distance) if part)),
        ("confirmed", finding.confirmed),
        ("replay", finding.replay.replace("failures/", f"{folder}/failures/")),
    )
    for name, text in ((name, text) for name, text in rows if text):
        console.print(f"  [dim]{name:10}[/]{escape(text)}")


def _case_line(case: Mapping[str, Any]) -> str:
    """The case of an optimizer, or that of a scheduler, in one line."""
    if "hyperparameters" not in case:
        return "; ".join(f"{name}: {value}" for name, value in case.items() if name != "stored")
    scalars = "  ".join(f"{k}={_short(v)}" for k, v in case["hyperparameters"].items())
    return f"{scalars}  switches: {case['switches']}  shapes: {case['tensors']}"


def _short(value: str) -> str:
    return f"{float(value):.9g}"
