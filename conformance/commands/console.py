"""The console: progress while a run goes on, and its outcome as a table a stranger can read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Self, TypeAlias

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.table import Table

from conformance.commands.plain_text import plain
from conformance.commands.shown_causes import show_causes
from conformance.commands.shown_difference import show_baseline
from conformance.engine.claim import Unit
from conformance.engine.evidence import Exhibit
from conformance.engine.judging import Judged
from conformance.engine.ledger import OURS
from conformance.engine.runs import Listener, UnitResult
from conformance.engine.verdict import Cell, CellResult, Finding, Level, Shown, Verdict
from conformance.report import covered, gates, totals
from conformance.report.matrix import finest_first
from conformance.report.model import ImplementationEntry, Report

SIGNS: dict[Shown, tuple[str, str, str]] = {
    Verdict.PASS: ("green", "✓", "pass"),
    Verdict.DEVIATION: ("yellow", "≈", "known"),
    Level.SHOULD: ("yellow", "△", "should"),
    Verdict.FAIL: ("bold red", "✗", "FAIL"),
    Verdict.ERROR: ("bold red", "!", "ERROR"),
    Verdict.OURS: ("bold magenta", "‼", "error of stepproof"),
    Verdict.UNDECIDED: ("yellow", "?", "undecided"),
    Verdict.NOT_RUN: ("dim", "·", "not run"),
    Verdict.NOT_APPLICABLE: ("dim", "–", "n/a"),
}
"""The style, the sign and the word of each that a cell is called by."""
MARKS = {verdict: f"[{style}]{sign} {word}[/]" for verdict, (style, sign, word) in SIGNS.items()}
FOLDED = 3
"""So many properties of one kind without news that are alike on every path share a row."""
SHOWN_FINDINGS = 6
MANY = 3
"""Of more implementations than these the console shows an overview; the page has the rest."""


class Progress(Listener):
    """Shows how many cells of a run are judged, and what fails as it comes."""

    def __init__(self, console: Console, work: Sequence[Unit], done: Mapping[int, UnitResult]) -> None:
        self.bar = Bar(
            TextColumn("judging"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[last]}"),
            console=console,
            transient=True,
        )
        whole = sum(result.whole for result in done.values())
        self.units, self.finished_units = len(work), whole
        self.seen: set[str] = set()
        judged = sum(len(result.results) for result in done.values())
        total = sum(len(unit.properties) for unit in work)
        self.task = self.bar.add_task("", total=total, completed=judged, last="")
        if done:
            console.print(f"resumed: {judged:,} cells are there, {whole} of {len(work)} units whole")

    def __enter__(self) -> Self:
        self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.stop()

    def cell(self, unit: Unit, judged: Judged) -> None:
        """Advance by one cell; one that fails is told at once."""
        result = judged.result
        self.bar.update(self.task, advance=1, last=plain(unit.label))
        if result.verdict in {Verdict.FAIL, Verdict.ERROR, Verdict.OURS} and str(result.cell) not in self.seen:
            self.bar.console.print(f"{MARKS[result.shown]} {plain(unit.label)}: {result.cell.property}")

    def looked(self, unit: Unit, result: CellResult) -> None:
        """Tell at once what fails at a first look, which is not told again when its cell is judged."""
        self.seen.add(str(result.cell))
        first = next(iter(result.findings), None)
        legal = " to ".join(dict.fromkeys(first.legal)) if first else ""
        told = f"{first.quantity}: {first.value}, legal {legal}" if first else ""
        place = f"{plain(unit.label)}: {result.cell.property}"
        self.bar.console.print(f"{MARKS[result.shown]} {place}, at first look: {plain(told)}")

    def finished(self, unit: Unit, exhibits: Sequence[Exhibit]) -> None:
        """Print every ten units, where no bar is drawn, how many are done."""
        self.finished_units += 1
        last = self.finished_units == self.units
        if not self.bar.console.is_terminal and (self.finished_units % 10 == 0 or last):
            self.bar.console.print(f"judged {self.finished_units} of {self.units}: {plain(unit.label)}")


def matrix(results: Iterable[CellResult]) -> Table:
    """Return a table of one implementation's verdicts: properties against formats.

    Where the paths of a property differ each has a row below it, those alike one together; a
    property that applies nowhere has none.
    """
    found = list(results)
    dtypes = sorted({r.cell.dtype for r in found}, key=finest_first)
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("property, and paths where they differ", overflow="fold")
    for dtype in dtypes:
        table.add_column(dtype, no_wrap=True)
    rows: Rows = {}
    for (claim, path), cells in _places(found).items():
        marks = tuple(MARKS[cells[d].shown] if d in cells else "" for d in dtypes)
        rows.setdefault(claim, {}).setdefault(marks, []).append(path)
    for claim, grouped in _folded(rows).items():
        if len(grouped) == 1:
            table.add_row(plain(claim), *next(iter(grouped)))
            continue
        table.add_row(plain(claim))
        for marks, held in grouped.items():
            table.add_row(f"  [dim]{plain(', '.join(held))}[/]", *marks)
    return table


Rows: TypeAlias = dict[str, dict[tuple[str, ...], list[str]]]
"""For each property the paths by their marks in each format."""


def _folded(rows: Rows) -> Rows:
    """Leave out properties that apply nowhere, and fold those of a chapter that pass alike into one row."""
    absent = {MARKS[Verdict.NOT_APPLICABLE], ""}
    quiet = {MARKS[Verdict.PASS], MARKS[Verdict.DEVIATION], *absent}
    asked = {claim: rows[claim] for claim in rows if not all(map(absent.issuperset, rows[claim]))}
    alike: dict[tuple[str, str], list[str]] = {}
    for claim, grouped in asked.items():
        if all(map(quiet.issuperset, grouped)):
            alike.setdefault((claim.partition("/")[0], str(grouped)), []).append(claim)
    shown, first = {}, {group[0]: group for group in alike.values() if len(group) >= FOLDED}
    hidden = {claim for group in first.values() for claim in group[1:]}
    for claim, grouped in asked.items():
        if claim in first:
            shown[f"{claim.partition('/')[0]}/… ({len(first[claim])} properties)"] = grouped
        elif claim not in hidden:
            shown[claim] = grouped
    return shown


def overview(report: Report) -> Table:
    """Return a table of many implementations: how many properties have which verdict."""
    dtypes = sorted({r.cell.dtype for r in report.results}, key=finest_first)
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("implementation, and its paths", no_wrap=True)
    for dtype in dtypes:
        table.add_column(dtype, no_wrap=True)
    for item in report.implementations:
        mine = [r for r in report.results if r.cell.implementation == item.identifier]
        paths = sorted({r.cell.path for r in mine})
        if len(paths) > 1:
            table.add_row(plain(item.identifier))
        for path in paths:
            counts = [
                Counter(r.shown for r in mine if (r.cell.path, r.cell.dtype) == (path, dtype)) for dtype in dtypes
            ]
            name = f"  [dim]{plain(path)}[/]" if len(paths) > 1 else plain(item.identifier)
            table.add_row(name, *map(_counted, counts))
    return table


def _counted(counts: Mapping[Shown, int]) -> str:
    """Return how often each verdict was given, with its sign; what does not apply is left out."""
    return " ".join(
        f"[{style}]{sign}{counts[verdict]}[/]"
        for verdict, (style, sign, _) in SIGNS.items()
        if counts.get(verdict) and verdict is not Verdict.NOT_APPLICABLE
    )


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
    """Print the verdicts, the findings and the figures; of many implementations an overview alone.

    ``folder`` is that of the report, as the user would write it.
    """
    many = len(report.implementations) > MANY
    if many:
        console.print()
        console.print(overview(report))
        signs = [mark for verdict, mark in MARKS.items() if verdict is not Verdict.NOT_APPLICABLE]
        console.print(f"properties: {'  '.join(signs)}")
    show_baseline(console, report)
    show_causes(console, report, folder)
    for item in report.implementations:
        _show_implementation(console, report, item, whole=not many)
    for line in () if many or report.causes else advice(report):
        console.print(line)
    _show_deviations(console, report, whole=not many)
    console.print()
    for line in figures(report):
        console.print(plain(line))
    for sentence in report.not_run:
        console.print(f"[dim]{plain(sentence)}[/]")
    console.print(plain(totals.verdict_sentence(report)))
    for sentence in gates.warnings(report):
        console.print(f"[yellow]![/] {plain(sentence)}")
    console.print(f"{plain(gates.headline(report))}.", style="bold")


def _show_implementation(console: Console, report: Report, item: ImplementationEntry, *, whole: bool) -> None:
    """Print the matrix of an implementation if ``whole``, and what has no verdict or no finding."""
    mine = [r for r in report.results if r.cell.implementation == item.identifier]
    if whole:
        console.print(f"\n[bold]{plain(item.identifier)}[/] claims {plain(item.claims)}")
        console.print(matrix(mine))
        for sentence in not_applicable(mine):
            console.print(f"  [dim]– not applicable: {plain(sentence)}[/]")
        for where, profile in _alike(item.found).items():
            console.print(f"  profile found on {plain(where)}: {plain(profile)}")
    refused = [r for r in mine if r.figures.refused and r.verdict is Verdict.PASS]
    if refused:
        count, every = sum(r.figures.refused for r in refused), sum(r.figures.cases for r in refused)
        said = refused[0].reason.partition(": ")[2]
        console.print(
            f"  [dim]– refused by its constructor: {count:,} of {every + count:,} cases of "
            f"{len(refused)} cells that pass: {plain(said)}[/]"
        )
    without: dict[str, list[Cell]] = {}
    for r in mine:
        if r.verdict in {Verdict.ERROR, Verdict.OURS, Verdict.UNDECIDED} or (
            r.verdict is Verdict.FAIL and not r.findings
        ):
            without.setdefault(r.reason, []).append(r.cell)
    for reason, (cell, *more) in without.items():
        place = f"{cell.property} on {cell.path}, {cell.dtype}" + (f" and {len(more)} more" if more else "")
        named = place if whole else f"{cell.implementation} {place}"
        console.print(f"  [red]•[/] {plain(named)}: {plain(reason)}")


def advice(report: Report) -> list[str]:
    """Return a line for each finding of what only should hold, with the cells that show the same."""
    places: dict[tuple[str, str, str, str], list[Finding]] = {}
    for finding in (f for r in report.results if r.shown is Level.SHOULD for f in r.findings):
        told = (finding.cell.implementation, finding.cell.property, finding.quantity, finding.value)
        places.setdefault(told, []).append(finding)
    lines = []
    for (name, claim, quantity, value), found in places.items():
        first, more = found[0], f" and {len(found) - 1} more" if len(found) > 1 else ""
        place = f"{first.cell.path}, {first.cell.dtype}{more}"
        lines.append(f"\n{MARKS[Level.SHOULD]} [bold]{plain(name)}[/] on {plain(place)}: {plain(quantity)}")
        rows = (("property", f"{claim}: {first.sentence}"), ("legal", first.legal[0]), ("got", value))
        lines += [f"  [dim]{name:10}[/]{plain(text)}" for name, text in rows if text]
    return lines


def _alike(found: Mapping[str, str]) -> dict[str, str]:
    """Return each profile that was found once, with all paths and formats that it was found for."""
    places: dict[str, list[str]] = {}
    for where, profile in found.items():
        places.setdefault(profile, []).append(where)
    return {" and ".join(where): profile for profile, where in places.items()}


def _show_deviations(console: Console, report: Report, *, whole: bool) -> None:
    """Print the known deviations with their reasons if ``whole``, else how many cells have which."""
    if whole:
        for entry in report.deviations:
            place = "" if entry.ledger == OURS else f" [dim]({plain(entry.ledger)})[/]"
            console.print(f"\n[yellow]known deviation[/] {plain(entry.identifier)}{place}: {plain(entry.reason)}")
        return
    if not report.deviations:
        return
    cells = Counter(name for r in report.results for name in (r.deviation, *r.further) if name)
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("known deviation", no_wrap=True)
    table.add_column("cells", justify="right")
    table.add_column("ledger")
    for entry in report.deviations:
        table.add_row(plain(entry.identifier), str(cells[entry.identifier]), plain(entry.ledger))
    console.print()
    console.print(table)
    console.print("`stepproof deviations NAME` tells what one is, and shows it with a script.", markup=False)


def figures(report: Report) -> list[str]:
    """Return what was tested, how hard, and what was proven, each in one line."""
    tested = totals.tested(report.results)
    mutants = totals.mutants_of(report.rules)
    power, proven = totals.power(mutants), totals.proven(report.rules)
    survivors = [m.name for m in mutants if m.status == "survived"]
    spared = f", {power.spared:,} live by the profile found" if power.spared else ""
    lines = [
        (
            f"tested  {tested.element_cases:,} element-cases, {tested.values:,} values: {tested.outside:,} "
            f"outside; {tested.undecided:,} element-cases undecided"
        ),
        (
            f"power   {power.killed:,} of {power.total:,} formula mutants killed, "
            f"{power.equivalent:,} proven equivalent, {power.survived:,} survived{spared}"
        ),
        f"proven  {proven.claims:,} of {proven.claims_total:,} claims about the formulas",
    ]
    if said := covered.sentence(report.rules):
        lines.append(f"seen    {said}")
        lines += [f"  not verified: {name}" for name in covered.not_verified(report.rules)]
    if report.stored_power is not None:
        lines.append(f"faults  {report.stored_power.sentence}")
    lives = [
        f"  lives by the profile found in these formats, not by the textbook's or in float64: {m.name}"
        for m in mutants
        if m.status == "spared"
    ]
    return [*lines, *(f"  survived: {name}" for name in survivors[:SHOWN_FINDINGS]), *lives]
