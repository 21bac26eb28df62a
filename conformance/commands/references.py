"""Judges the references: of rules until ten million element-cases of each format are decided, and of schedules."""

from __future__ import annotations

import argparse
import dataclasses
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from conformance import claims
from conformance.catalogue import optimizer_units, scheduler_units
from conformance.catalogue.catalogued import PREFIX, implementations
from conformance.catalogue.optimizer_units import OptimizerUnit
from conformance.catalogue.scheduler_units import SchedulerUnit
from conformance.commands.exit_status import CONFORMS, DOES_NOT, NOT_JUDGED
from conformance.commands.judging import cores
from conformance.commands.shown_causes import show_finding
from conformance.commands.usage_errors import UsageError, nearest
from conformance.engine import runs
from conformance.engine.claim import Unit
from conformance.engine.judging import Judged
from conformance.engine.ledger import SCHEDULERS
from conformance.engine.runs import Listener
from conformance.engine.verdict import CellResult, Verdict
from conformance.report import totals, write_report
from conformance.report.assembly import assemble, environment_of
from conformance.report.gates import exit_status
from conformance.report.model import Report
from conformance.report.writing import write_text
from conformance.schedulers.entries import reference_entries
from impls.catalogue.entries import Implementation
from impls.catalogue.scheduler_entries import Scheduler
from impls.devices import FLOATS

Work = list[OptimizerUnit | SchedulerUnit]
PROPERTY = "agreement/local"
LEAST = 10_000_000
BUDGET = 10.0
"""That of `stepproof report`: its usual cases come first, with many settings and the mutants."""
MEASURED = ("element-cases decided", "undecided", "values", "outside", "cases", "seconds")
OF_RULES, OF_SCHEDULES = ("rule", "format", *MEASURED), ("schedule", "claims", *MEASURED)
OF_MUTANTS = ("formula", "mutants", "killed", "proven equivalent", "survived")
WORDS = frozenset({"rule", "format", "schedule", "formula"})


@dataclass(frozen=True)
class ReferenceOrder:
    """Which references are judged, in which formats, how many element-cases, and where it is written."""

    chosen: tuple[Implementation | Scheduler, ...]
    dtypes: tuple[str, ...]
    least: int
    seed: int
    jobs: int
    output: Path


@dataclass
class Sums:
    """What was measured, as the rows of three tables, and what is short of what was asked for."""

    rules: list[tuple[str, ...]] = field(default_factory=list)
    schedules: list[tuple[str, ...]] = field(default_factory=list)
    mutants: list[tuple[str, ...]] = field(default_factory=list)
    short: list[str] = field(default_factory=list)
    statuses: set[int] = field(default_factory=set)

    def add_cell(self, rule: str, result: CellResult, least: int) -> str:
        """Add one rule in one format and return its line."""
        figures, dtype = result.figures, result.cell.dtype
        texts = _texts([result])
        self.rules.append((rule, dtype, *texts))
        if result.verdict is not Verdict.PASS:
            self.short.append(f"{rule} {dtype}: {result.verdict}: {result.reason}")
        elif figures.element_cases - figures.undecided < least:
            self.short.append(f"{rule} {dtype}: {texts[0]} of {least:,} element-cases are decided")
        return f"{rule} {dtype}: {_told(texts)}"

    def add_schedule(self, name: str, results: Iterable[CellResult]) -> str:
        """Add all claims about one schedule and return its line."""
        judged = [result for result in results if result.verdict is not Verdict.NOT_APPLICABLE]
        texts = _texts(judged)
        self.schedules.append((name, str(len(judged)), *texts))
        self.short += [
            f"{name} {result.cell.property}: {result.verdict}: {result.reason}"
            for result in judged
            if result.verdict is not Verdict.PASS
        ]
        return f"{name}: {len(judged)} claims; {_told(texts)}"

    def add_mutants(self, rule: str, report: Report) -> str:
        """Add the formula mutants of one rule and return its line."""
        mutants = totals.mutants_of(report.rules)
        power = totals.power(mutants)
        texts = [f"{n:,}" for n in (power.total, power.killed, power.equivalent, power.survived)]
        self.mutants.append((rule, *texts))
        self.short += [
            f"{variant.name}: survived: {mutant.name}: {mutant.text}"
            for entry in report.rules
            for variant in entry.variants
            for mutant in variant.mutants
            if mutant.status == "survived"
        ]
        return (
            f"{rule}: {texts[0]} formula mutants: {texts[1]} killed, {texts[2]} proven equivalent, {texts[3]} survived"
        )

    def markdown(self) -> str:
        """Return both tables, and below them what is short."""
        tables = [
            _table(headings, rows)
            for headings, rows in ((OF_RULES, self.rules), (OF_SCHEDULES, self.schedules), (OF_MUTANTS, self.mutants))
            if rows
        ]
        return "\n\n".join([*tables, *(f"- {line}" for line in self.short)]) + "\n"


def _texts(results: Sequence[CellResult]) -> list[str]:
    """Return what was measured in all cells together, as the table shows it."""
    figures = [result.figures for result in results]
    counts = [sum(getattr(f, name) for f in figures) for name in ("undecided", "values", "outside", "cases")]
    decided = sum(f.element_cases for f in figures) - counts[0]
    return [f"{count:,}" for count in (decided, *counts)] + [f"{sum(r.seconds for r in results):,.0f}"]


def _told(texts: Sequence[str]) -> str:
    decided, undecided, values, outside, cases, seconds = texts
    return (
        f"{decided} element-cases decided, {undecided} undecided; {values} values, {outside} outside; "
        f"{cases} cases in {seconds} s"
    )


def _table(headings: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    marks = tuple("---" if heading in WORDS else "---:" for heading in headings)
    return "\n".join("| " + " | ".join(row) + " |" for row in (headings, marks, *rows))


class Lines(Listener):
    """Prints and adds up each cell as soon as it is measured."""

    def __init__(self, sums: Sums, least: int, console: Console) -> None:
        self.sums, self.least, self.console = sums, least, console

    def cell(self, unit: Unit, judged: Judged) -> None:
        """Print one rule in one format."""
        line = self.sums.add_cell(unit.label.split()[0].removeprefix(PREFIX), judged.result, self.least)
        self.console.print(line, soft_wrap=True, markup=False)


def judge(order: ReferenceOrder, console: Console) -> tuple[Sums, int]:
    """Judge one reference after the other, and write each; returns the sums and what ended it early."""
    sums = Sums()
    for item in order.chosen:
        start = time.perf_counter()
        work, listeners = _work(order, item, Lines(sums, order.least, console))
        outcome = runs.run(work, claims.judge, listeners, order.jobs)
        report = assemble(
            work,
            outcome.results,
            command=f"python -m conformance.commands.references {_name(item)}",
            seed=order.seed,
            budget=BUDGET,
            environment={**environment_of(""), item.library: ""},
            not_run=(),
            seconds=time.perf_counter() - start,
        )
        if isinstance(item, Scheduler):
            results = [result for unit in outcome.results for result in unit.results]
            console.print(sums.add_schedule(item.schedule, results), soft_wrap=True, markup=False)
        console.print(sums.add_mutants(_name(item), report), soft_wrap=True, markup=False)
        for finding in (finding for result in report.results for finding in result.findings):
            show_finding(console, finding, str(order.output / _name(item)))
        sums.statuses.add(exit_status(report))
        (order.output / _name(item)).mkdir(parents=True, exist_ok=True)
        write_report(report, order.output / _name(item))
        write_text(order.output / "references.md", sums.markdown())
        if outcome.cut_short:
            return sums, outcome.status
    return sums, 0


def _name(item: Implementation | Scheduler) -> str:
    """Return the formula that a reference is of."""
    return item.schedule if isinstance(item, Scheduler) else item.rule


def _work(order: ReferenceOrder, item: Implementation | Scheduler, lines: Lines) -> tuple[Work, list[Listener]]:
    """Return the units of a reference, and who prints their cells: the claims about a schedule are told together."""
    if isinstance(item, Scheduler):
        every = claims.identifiers(SCHEDULERS)
        return list(scheduler_units.units((item,), properties=every, budget=BUDGET, seed=order.seed)), []
    units = optimizer_units.units(
        (item,), device="cpu", dtypes=order.dtypes, properties=(PROPERTY,), budget=BUDGET, seed=order.seed
    )
    return [dataclasses.replace(unit, least=order.least) for unit in units], [lines]


def _order() -> ReferenceOrder:
    """Read the command line; raises ``UsageError`` for what there is not."""
    parser = argparse.ArgumentParser("python -m conformance.commands.references", description=__doc__)
    parser.add_argument("formula", nargs="*", help="a rule or a schedule with a reference (default: all)")
    parser.add_argument(
        "--element-cases",
        type=float,
        default=LEAST,
        metavar="N",
        help=f"decided in each format, at least (default {LEAST:,})",
    )
    parser.add_argument("--dtype", action="append", default=[], help=f"one of {', '.join(FLOATS)}")
    parser.add_argument("--seed", type=int, default=0, help="the seed of all cases (default 0)")
    parser.add_argument("--jobs", type=int, help="processes (default: the cores)")
    parser.add_argument("--output", type=Path, default=Path("build/references"))
    given = parser.parse_args()
    every: tuple[Implementation | Scheduler, ...] = (*implementations(), *reference_entries())
    items = {_name(item): item for item in every}
    for what, names, known in (("rule or schedule", given.formula, items), ("format", given.dtype, FLOATS)):
        for name in names:
            if name not in known:
                raise nearest(what, name, tuple(known))
    if not 0 <= given.element_cases <= 1e12:
        raise UsageError(f"--element-cases {given.element_cases:g} is not in [0, 1e12]; give such a number")
    return ReferenceOrder(
        tuple(items[name] for name in given.formula or items),
        tuple(given.dtype or FLOATS),
        round(given.element_cases),
        given.seed,
        given.jobs or cores(),
        given.output,
    )


def main() -> int:
    """Judge the references named, or all; returns 0 if nothing is outside, too few or alive."""
    console = Console(highlight=False, emoji=False)
    try:
        order = _order()
    except UsageError as error:
        Console(stderr=True, highlight=False, emoji=False).print(f"stepproof: {error}", markup=False)
        return NOT_JUDGED
    sums, status = judge(order, console)
    for text in sums.short:
        console.print(f"short: {text}", soft_wrap=True, markup=False)
    console.print(f"wrote {order.output / 'references.md'}")
    if status:
        return status
    if DOES_NOT in sums.statuses:
        return DOES_NOT
    return NOT_JUDGED if sums.short or NOT_JUDGED in sums.statuses else CONFORMS


if __name__ == "__main__":
    sys.exit(main())
