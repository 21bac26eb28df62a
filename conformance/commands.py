"""What the commands do: check, report, replay, show, rules, devices."""

from __future__ import annotations

import dataclasses
import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from conformance import engine, scope
from conformance.assembly import assemble, environment_of
from conformance.cases import from_plain
from conformance.console import ProgressListener, show_report
from conformance.contract.clauses import CONTRACT
from conformance.contract.observation import Breach
from conformance.engine import ALL_PROPERTIES, Unit, UnitResult, subject_of
from conformance.installation import versions
from conformance.own_references import entries
from conformance.report import write_report
from conformance.report.gates import exit_status
from conformance.report.loss_curves import training_plot
from conformance.report.model import Report
from conformance.report.plots import standalone
from conformance.report.search_section import search_entries
from conformance.report.training_figures import training_figures, training_heading
from conformance.report.training_section import training_entries, training_entry
from conformance.report.writing import prepare, write_text
from conformance.safe_text import safe_text
from conformance.schedules import commands as schedule_commands
from conformance.training.experiment import experiment
from conformance.verdict import CellResult
from impls.catalogue import FLOATS, Implementation
from impls.scheduler import Scheduler
from impls.session import Session, WorkerFailure
from spec import rendering
from spec import rules as book

CONFORMS, DOES_NOT, NOT_JUDGED = 0, 1, 2


def devices(python: str | None) -> tuple[list[str], str]:
    """Return the devices and the version of the framework that a worker sees."""
    with Session(python) as session:
        header = session.request({"op": "hello"}).header
    return list(header["devices"]), str(header["torch"])


@dataclass(frozen=True)
class Order:
    """What is to be judged, how hard, where the report goes, and the command that asked for it.

    ``absent`` holds a sentence for each library that was asked for and is not installed; ``paths``
    names the execution paths, where not all are asked for.
    """

    implementations: tuple[Implementation, ...]
    command: str
    budget: float
    seed: int
    output: Path
    device: str = "cpu"
    dtypes: tuple[str, ...] = FLOATS
    properties: tuple[str, ...] = ALL_PROPERTIES
    python: str | None = None
    timeout: float = 60.0
    jobs: int = 1
    absent: tuple[str, ...] = ()
    training: bool = False
    schedulers: tuple[Scheduler, ...] = ()
    paths: tuple[str, ...] = ()

    def units(self) -> list[Unit]:
        """Return the units of the run."""
        return engine.units(
            self.implementations, device=self.device, dtypes=self.dtypes, properties=self.properties,
            budget=self.budget, seed=self.seed, python=self.python, timeout=self.timeout, asked=self.paths,
        )  # fmt: skip


def judge(order: Order, console: Console) -> Report:
    """Judge what is ordered, stream verdicts to its output and write the report there."""
    start = time.perf_counter()
    prepare(order.output)
    present, framework = devices(order.python)
    left_out = scope.left_out(order.implementations, order.device, order.paths, order.properties)
    not_run = (*(() if "cuda" in present else ("not run: no CUDA device",)), *left_out, *order.absent)
    work = order.units()
    results = _streamed(order, work, console)
    environment = {
        **environment_of(framework),
        **versions((*order.implementations, *order.schedulers), order.python),
    }
    report = assemble(
        work, results, command=order.command, seed=order.seed, budget=order.budget,
        environment=environment, not_run=not_run, seconds=time.perf_counter() - start, whole=order.training,
    )  # fmt: skip
    if order.schedulers:
        report = schedule_commands.added(
            report, order.schedulers, console, budget=order.budget, seed=order.seed, python=order.python,
            timeout=order.timeout, jobs=order.jobs, output=order.output,
        )  # fmt: skip
    if order.training and framework:
        report = _with_training(report, order.python)
    _written(order, report, console)
    return report


def _streamed(order: Order, work: list[Unit], console: Console) -> list[UnitResult]:
    """Judge all units and write each verdict down as it comes."""
    with (order.output / "verdicts.jsonl").open("w") as stream:

        def append(_: Unit, result: UnitResult) -> None:
            for cell in result.results:
                stream.write(json.dumps(_line(cell), sort_keys=True) + "\n")
            stream.flush()

        with ProgressListener(console, len(work)) as progress:
            return engine.run(work, [append, progress], order.jobs)


def _written(order: Order, report: Report, console: Console) -> None:
    """Write failures and report, and say where."""
    judged = {item.identifier: item for item in order.implementations}
    _write_failures(report, order.output / "failures", judged, order.python)
    paths = write_report(report, order.output)
    show_report(console, report, os.path.relpath(order.output))
    for path in paths.values():
        console.print(f"wrote {os.path.relpath(path)}")


def _with_training(report: Report, python: str | None) -> Report:
    """Return the report with training from end to end, and with searches."""
    with Session(python) as session:
        training, searches = training_entries(session), search_entries(session)
    return dataclasses.replace(report, training=training, searches=searches)


def train(
    console: Console,
    problem: str,
    rules: tuple[str, ...],
    *,
    steps: int,
    dtype: str,
    learning_rate: float | None,
    output: Path,
    python: str | None,
) -> int:
    """Train a problem with each rule, print the figures and write the curves; returns the exit status."""
    conforms = True
    output.mkdir(parents=True, exist_ok=True)
    with Session(python) as session:
        for rule in rules:
            shown = experiment(problem, rule, session, steps=steps, dtype=dtype, learning_rate=learning_rate)
            entry = training_entry(shown)
            console.print(training_heading(entry), markup=False)
            table = Table(box=None, show_header=False)
            rows = [training_figures(entry, run) for run in entry.runs]
            for name in rows[0]:
                table.add_row(name, *(row[name] for row in rows))
            console.print(table)
            path = output / f"{problem}-{rule}.svg"
            path.write_text(standalone(training_plot(entry)))
            console.print(f"wrote {os.path.relpath(path)}")
            conforms &= shown.conforms
    return CONFORMS if conforms else DOES_NOT


def cores() -> int:
    """Return how many processes judge at once."""
    return max(1, min(8, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2))


def _line(result: CellResult) -> dict[str, object]:
    cell = result.cell
    return {
        "implementation": cell.implementation,
        "path": cell.path,
        "device": cell.device,
        "dtype": cell.dtype,
        "property": cell.property,
        "verdict": str(result.verdict),
        "reason": safe_text(result.reason),
        "element_cases": result.figures.element_cases,
        "outside": result.figures.outside,
        "undecided": result.figures.undecided,
        "seconds": round(result.seconds, 3),
    }


def _write_failures(
    report: Report, folder: Path, judged: Mapping[str, Implementation], python: str | None
) -> None:
    findings = [f for r in report.results for f in r.findings if f.cell.implementation in judged]
    for finding in findings:
        cell = finding.cell
        stored = {
            "target": judged[cell.implementation].called,
            "rule": judged[cell.implementation].rule,
            "options": dict(judged[cell.implementation].options),
            "python": python,
            "path": cell.path,
            "device": cell.device,
            "dtype": cell.dtype,
            "property": cell.property,
            "case": finding.case["stored"],
        }
        write_text(folder / f"{finding.identifier}.json", json.dumps(stored, indent=1) + "\n")
        write_text(folder / f"{finding.identifier}.py", finding.script)


def show(console: Console, name: str, options: dict[str, str]) -> None:
    """Print a rule's formula, hyperparameters, states and options."""
    rule = book.build(name, options)
    family, _ = book.names()[name]
    console.print(f"[bold]{family.title}[/]: {rule.label}", highlight=False)
    console.print(f"{family.citation}\n", highlight=False)
    for line in rule.program:
        console.print(f"  {rendering.line_text(rule, line):58} [dim]{line.name}[/]", highlight=False)
        for form in line.forms:
            text = rendering.form_text(rule, line, form)
            console.print(f"      or {text}  [dim]{form.name}[/]", highlight=False)
    table = Table(box=None, title="\nhyperparameters", title_justify="left", header_style="bold")
    for heading in ("symbol", "keyword", "default", "domain", "meaning"):
        table.add_column(heading)
    for h in rule.hyperparameters:
        table.add_row(
            rendering.symbol_text(h.symbol),
            h.keyword.replace("[", r"\["),
            f"{h.default:g}",
            str(h.domain).replace("[", r"\["),
            h.meaning,
        )
    console.print(table)
    options_table = Table(box=None, title="\noptions", title_justify="left", header_style="bold")
    for heading in ("--option", "stands for"):
        options_table.add_column(heading)
    for option in family.options:
        for value, meaning in option.values.items():
            mark = "*" if rule.options[option.name] == value else " "
            options_table.add_row(f"{mark} {option.name}={value}", meaning)
    console.print(options_table)


def list_rules(console: Console) -> None:
    """Print every rule with its citation, options and who implements it."""
    table = Table(box=None, header_style="bold")
    for heading in ("rule", "citation", "options", "implementations"):
        table.add_column(heading, overflow="fold", no_wrap=heading == "rule")
    for name, (family, meant) in book.names().items():
        owners = ", ".join(i.identifier for i in entries() if i.rule == name)
        options = ", ".join(f"{k}={v}" for k, v in meant.items())
        options = options or ", ".join(option.name for option in family.options)
        citation = f"{family.citation.authors} ({family.citation.year})"
        table.add_row(name, citation, options, owners)
    console.print(table)


def list_clauses(console: Console) -> None:
    """Print every clause of the contract with its sentence and its source."""
    table = Table(box=None, header_style="bold")
    table.add_column("clause", no_wrap=True)
    for heading in ("says", "source"):
        table.add_column(heading)
    for clause in CONTRACT:
        table.add_row(clause.identifier, clause.sentence, clause.source)
    console.print(table)


def replay(console: Console, path: Path) -> int:
    """Run a stored failing case again and say whether it still fails."""
    from conformance.claims import BY_IDENTIFIER
    from conformance.deviations import run
    from conformance.recognition import recognise

    stored = _stored(path)
    if "scheduler" in stored:
        return schedule_commands.replay(console, stored)
    with Session(stored["python"]) as session:
        item = recognise(stored["target"], stored["rule"], stored["options"], session)
        unit = Unit(item, item.path(stored["path"], stored["device"]), stored["device"], stored["dtype"],
                    (stored["property"],), 1, 0, stored["python"])  # fmt: skip
        shown = run(subject_of(unit, session), BY_IDENTIFIER[stored["property"]], from_plain(stored["case"]))
    tally = shown.tally
    for outside in tally.failures:
        lo, hi = outside.legal
        value, legal = f"{outside.value!r}", f"[{lo!r}, {hi!r}]"
        if isinstance(outside, Breach):
            value, legal = outside.got, outside.expected
        console.print(f"{outside.quantity} = {value}; legal: {legal}", markup=False)
    console.print("still fails" if shown else "no longer fails")
    return DOES_NOT if shown else CONFORMS


def _stored(path: Path) -> dict[str, Any]:
    """Read a failure; raises ``OSError`` for a file that is none."""
    keys = {"target", "rule", "options", "python", "path", "device", "dtype", "property", "case"}
    try:
        stored = json.loads(path.read_text())
    except ValueError:
        stored = None
    if isinstance(stored, dict) and {"scheduler", "property", "case", "python"} <= stored.keys():
        return stored
    if not isinstance(stored, dict) or not keys <= stored.keys():
        raise OSError(f"`{path}` is no stored failure; give a .json file of the report's folder `failures`")
    return stored


__all__ = [
    "Order",
    "WorkerFailure",
    "cores",
    "devices",
    "exit_status",
    "judge",
    "list_clauses",
    "list_rules",
    "replay",
    "show",
]
