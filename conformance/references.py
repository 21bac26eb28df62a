"""Judges the NumPy references until ten million element-cases of each rule and format are decided."""

from __future__ import annotations

import argparse
import dataclasses
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from conformance import engine
from conformance.assembly import assemble, environment_of
from conformance.commands import CONFORMS, DOES_NOT, NOT_JUDGED, cores
from conformance.console import show_finding
from conformance.engine import Unit, UnitResult
from conformance.own_references import implementations
from conformance.report import totals, write_report
from conformance.report.model import Report
from conformance.usage import UsageError, nearest
from conformance.verdict import CellResult, Verdict
from impls.catalogue import FLOATS, Implementation

PROPERTY = "agreement/local"
LEAST = 10_000_000
BUDGET = 10.0
"""That of `stepproof report`: its usual cases come first, with many settings and the mutants."""
HEADINGS = ("rule", "format", "element-cases decided", "undecided", "values", "outside", "cases", "seconds")
OF_MUTANTS = ("rule", "mutants", "killed", "proven equivalent", "survived")


@dataclass(frozen=True)
class Order:
    """Which references are judged, in which formats, how many element-cases, and where it is written."""

    chosen: tuple[Implementation, ...]
    dtypes: tuple[str, ...]
    least: int
    seed: int
    jobs: int
    output: Path


@dataclass
class Sums:
    """What was measured, as the rows of two tables, and what is short of what was asked for."""

    figures: list[tuple[str, ...]] = field(default_factory=list)
    mutants: list[tuple[str, ...]] = field(default_factory=list)
    short: list[str] = field(default_factory=list)
    failed: bool = False

    def add_cell(self, rule: str, result: CellResult, least: int) -> str:
        """Add one rule in one format and return its line."""
        figures, dtype = result.figures, result.cell.dtype
        decided = figures.element_cases - figures.undecided
        counts = (decided, figures.undecided, figures.values, figures.outside, figures.cases)
        texts = [f"{count:,}" for count in counts]
        self.figures.append((rule, dtype, *texts, f"{result.seconds:,.0f}"))
        self.failed |= result.verdict is Verdict.FAIL
        if result.verdict is not Verdict.PASS:
            self.short.append(f"{rule} {dtype}: {result.verdict}: {result.reason}")
        elif decided < least:
            self.short.append(f"{rule} {dtype}: {texts[0]} of {least:,} element-cases are decided")
        return (
            f"{rule} {dtype}: {texts[0]} element-cases decided, {texts[1]} undecided; "
            f"{texts[2]} values, {texts[3]} outside; {texts[4]} cases in {result.seconds:,.0f} s"
        )

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
            f"{rule}: {texts[0]} formula mutants: {texts[1]} killed, {texts[2]} proven equivalent, "
            f"{texts[3]} survived"
        )

    def markdown(self) -> str:
        """Return both tables, and below them what is short."""
        tables = [_table(HEADINGS, self.figures), _table(OF_MUTANTS, self.mutants)]
        return "\n\n".join([*tables, *(f"- {line}" for line in self.short)]) + "\n"


def _table(headings: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    marks = tuple("---" if heading in {"rule", "format"} else "---:" for heading in headings)
    return "\n".join("| " + " | ".join(row) + " |" for row in (headings, marks, *rows))


def judge(order: Order, console: Console) -> Sums:
    """Judge one reference after the other; every line is printed and written as soon as it is measured."""
    sums = Sums()
    for item in order.chosen:
        start = time.perf_counter()
        results: list[UnitResult] = []

        def line(_: Unit, result: UnitResult, item: Implementation = item) -> None:
            for cell in result.results:
                console.print(sums.add_cell(item.rule, cell, order.least), soft_wrap=True, markup=False)

        work = [
            dataclasses.replace(unit, least=order.least)
            for unit in engine.units(
                (item,), device="cpu", dtypes=order.dtypes, properties=(PROPERTY,), budget=BUDGET,
                seed=order.seed,
            )
        ]  # fmt: skip
        results = engine.run(work, [line], order.jobs)
        report = assemble(
            work, results, command=f"python -m conformance.references {item.rule}", seed=order.seed,
            budget=BUDGET, environment={**environment_of(""), item.library: ""}, not_run=(),
            seconds=time.perf_counter() - start,
        )  # fmt: skip
        console.print(sums.add_mutants(item.rule, report), soft_wrap=True, markup=False)
        for finding in (finding for result in report.results for finding in result.findings):
            show_finding(console, finding, str(order.output / item.rule))
        (order.output / item.rule).mkdir(parents=True, exist_ok=True)
        write_report(report, order.output / item.rule)
        (order.output / "references.md").write_text(sums.markdown())
    return sums


def _order() -> Order:
    """Read the command line; raises ``UsageError`` for what there is not."""
    parser = argparse.ArgumentParser("python -m conformance.references", description=__doc__)
    parser.add_argument("rule", nargs="*", help="a rule with a reference (default: all)")
    parser.add_argument("--element-cases", type=float, default=LEAST, metavar="N",
                        help=f"decided in each format, at least (default {LEAST:,})")  # fmt: skip
    parser.add_argument("--dtype", action="append", default=[], help=f"one of {', '.join(FLOATS)}")
    parser.add_argument("--seed", type=int, default=0, help="the seed of all cases (default 0)")
    parser.add_argument("--jobs", type=int, help="processes (default: the cores)")
    parser.add_argument("--output", type=Path, default=Path("build/references"))
    given = parser.parse_args()
    items = {item.rule: item for item in implementations()}
    for what, names, known in (("rule", given.rule, items), ("format", given.dtype, FLOATS)):
        for name in names:
            if name not in known:
                raise nearest(what, name, tuple(known))
    if not 0 <= given.element_cases <= 1e12:
        raise UsageError(f"--element-cases {given.element_cases:g} is not in [0, 1e12]; give such a number")
    return Order(
        tuple(items[name] for name in given.rule or items), tuple(given.dtype or FLOATS),
        round(given.element_cases), given.seed, given.jobs or cores(), given.output,
    )  # fmt: skip


def main() -> int:
    """Judge the references named, or all; returns 0 if nothing is outside, too few or alive."""
    console = Console(highlight=False, emoji=False)
    try:
        order = _order()
    except UsageError as error:
        Console(stderr=True, highlight=False, emoji=False).print(f"stepproof: {error}", markup=False)
        return NOT_JUDGED
    sums = judge(order, console)
    for text in sums.short:
        console.print(f"short: {text}", soft_wrap=True, markup=False)
    console.print(f"wrote {order.output / 'references.md'}")
    if sums.failed:
        return DOES_NOT
    return NOT_JUDGED if sums.short else CONFORMS


if __name__ == "__main__":
    sys.exit(main())
