"""What the commands on schedules do: check a scheduler, plot, list and show schedules."""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from conformance.console import show_report
from conformance.installation import missing, probe, versions
from conformance.report import write_report
from conformance.report.model import JointEntry, Report
from conformance.report.writing import prepare, write_text
from conformance.schedules import engine, plot
from conformance.schedules.assembly import extended
from conformance.schedules.curves import times_of
from conformance.schedules.formulas import lines
from conformance.schedules.judging import BY_IDENTIFIER
from conformance.schedules.own import own_scheduler
from conformance.usage import UsageError, nearest, pairs
from conformance.verdict import Verdict
from impls.libraries import LIBRARIES
from impls.scheduler import Scheduler
from impls.schedulers import OTHERS, SCHEDULERS, scheduler
from impls.session import Session
from reference.schedules.enclosure import Settings
from reference.schedules.number import Rounding
from spec import rendering
from spec import schedules as book
from spec.schedule import Schedule


def wanted(arguments: argparse.Namespace) -> bool:
    """Tell whether a command line speaks of schedules."""
    if arguments.command in {"plot", "schedules"}:
        return True
    if arguments.command == "check":
        return bool(arguments.schedule) or scheduler(arguments.target) is not None
    return arguments.command == "show" and arguments.rule in book.families()


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Run a command on schedules; returns the exit status."""
    if arguments.command == "schedules":
        list_schedules(console)
    elif arguments.command == "plot":
        draw(console, arguments)
    elif arguments.command == "show":
        show(console, _built(arguments.rule, pairs(arguments.option)))
    else:
        return check(console, arguments)
    return 0


def _built(name: str, options: Mapping[str, str]) -> Schedule:
    if name not in book.families():
        raise nearest("schedule", name, sorted(book.families()))
    try:
        return book.build(name, options)
    except ValueError as error:
        raise UsageError(str(error)) from None


def judge(
    entries: tuple[Scheduler, ...], console: Console, *, budget: float, seed: int, python: str | None,
    timeout: float, jobs: int, properties: tuple[str, ...] = (),
) -> tuple[list[engine.Unit], list[engine.UnitResult]]:  # fmt: skip
    """Judge schedulers, saying which one is done."""
    work = engine.units(
        entries, properties=properties, budget=budget, seed=seed, python=python, timeout=timeout
    )

    def told(unit: engine.Unit, result: engine.UnitResult) -> None:
        failed = sum(r.verdict in {Verdict.FAIL, Verdict.ERROR} for r in result.results)
        console.print(f"judged {unit.entry.name}: {len(result.results)} properties, {failed} not kept")

    return work, engine.run(work, [told], jobs)


def check(console: Console, arguments: argparse.Namespace) -> int:
    """Judge one scheduler and write its report."""
    from conformance.assembly import assemble, environment_of
    from conformance.report.gates import exit_status

    start = time.perf_counter()
    for name in arguments.property:
        if name not in BY_IDENTIFIER:
            raise nearest("property", name, sorted(BY_IDENTIFIER))
    prepare(arguments.output)
    with Session(arguments.python, timeout=arguments.timeout) as session:
        framework = str(session.request({"op": "hello"}).header["torch"])
        entry = _target(arguments, session)
        if entry.library in LIBRARIES and (reason := probe(LIBRARIES[entry.library], session)[1]):
            raise UsageError(missing(LIBRARIES[entry.library], reason))
    work, results = judge(
        (entry,), console, budget=min(arguments.budget, 45.0), seed=arguments.seed, python=arguments.python,
        timeout=arguments.timeout, jobs=1, properties=tuple(arguments.property),
    )  # fmt: skip
    given = f"stepproof check {arguments.target}"
    report = assemble(
        [], [], command=given, seed=arguments.seed, budget=arguments.budget, not_run=(),
        environment={**environment_of(framework), **versions((entry,), arguments.python)},
        seconds=time.perf_counter() - start,
    )  # fmt: skip
    report = extended(report, work, results)
    output = arguments.output
    write_failures(report, output / "failures", arguments.python)
    paths = write_report(report, output)
    show_report(console, report, os.path.relpath(output))
    for path in paths.values():
        console.print(f"wrote {os.path.relpath(path)}")
    return exit_status(report)


def added(
    report: Report, entries: tuple[Scheduler, ...], console: Console, *, budget: float, seed: int,
    python: str | None, timeout: float, jobs: int, output: Path,
) -> Report:  # fmt: skip
    """Judge schedulers and return the report with them; their failures are written to ``output``."""
    work, results = judge(
        entries, console, budget=budget, seed=seed, python=python, timeout=timeout, jobs=jobs
    )
    whole = extended(report, work, results)
    write_failures(whole, output / "failures", python)
    return whole


def _target(arguments: argparse.Namespace, session: Session) -> Scheduler:
    known, options = scheduler(arguments.target), pairs(arguments.option)
    name = arguments.schedule or (known.schedule if known else None)
    assert name is not None
    _built(name, options)
    if known and known.schedule == name and options.items() <= known.options.items():
        return known
    if ":" not in arguments.target:
        raise nearest("scheduler", arguments.target, [s.identifier for s in (*SCHEDULERS, *OTHERS)])
    return own_scheduler(arguments.target, name, options, session)


def write_failures(report: Report, folder: Path, python: str | None) -> None:
    """Write the case and the script of every finding on a scheduler."""
    for finding in [f for r in report.results for f in r.findings]:
        case = finding.case["stored"]
        if "node" not in case:  # that of an optimizer
            continue
        stored = {"scheduler": case["node"]["scheduler"], "property": finding.cell.property,
                  "python": python, "case": case}  # fmt: skip
        write_text(folder / f"{finding.identifier}.json", json.dumps(stored, indent=1) + "\n")
        write_text(folder / f"{finding.identifier}.py", finding.script)


def replay(console: Console, stored: Mapping[str, Any]) -> int:
    """Run a stored failing case of a scheduler again and say whether it still fails."""
    from conformance.schedules.cases import from_plain
    from conformance.schedules.subject import Subject, Tally

    entry = scheduler(stored["scheduler"])
    if entry is None:
        raise nearest("scheduler", stored["scheduler"], [s.identifier for s in (*SCHEDULERS, *OTHERS)])
    with Session(stored["python"]) as session:
        claim = BY_IDENTIFIER[stored["property"]]
        failure = claim.judge(Subject(entry, session), from_plain(stored["case"]), Tally())
    if failure is not None:
        what = failure.error or f"{failure.value!r}; legal: [{failure.legal[0]!r}, {failure.legal[1]!r}]"
        console.print(f"{failure.quantity}: {what}", markup=False)
    console.print("still fails" if failure else "no longer fails")
    return 1 if failure else 0


def list_schedules(console: Console) -> None:
    """Print every schedule with its citation, options and who implements it."""
    table = Table(box=None, header_style="bold")
    for heading in ("schedule", "citation", "options", "implementations"):
        table.add_column(heading)
    for name, family in book.families().items():
        owners = ", ".join(s.identifier for s in (*SCHEDULERS, *OTHERS) if s.schedule == name)
        citation = f"{family.citation.authors} ({family.citation.year})"
        table.add_row(name, citation, ", ".join(option.name for option in family.options), owners)
    console.print(table)


def show(console: Console, schedule: Schedule) -> None:
    """Print a schedule's formula, hyperparameters and options."""
    family = book.families()[schedule.name]
    console.print(f"[bold]{family.title}[/]: {schedule.label}", highlight=False)
    console.print(f"{family.citation}\n", highlight=False)
    for line in lines(schedule, frozenset()):
        console.print(f"  {line.text}  [dim]{line.name}[/]", highlight=False)
        for form in line.forms:
            console.print(f"      or {form.text}  [dim]{form.name}[/]", highlight=False)
    table = Table(box=None, title="\nhyperparameters", title_justify="left", header_style="bold")
    for heading in ("symbol", "keyword", "default", "domain", "meaning"):
        table.add_column(heading)
    for h in schedule.hyperparameters:
        table.add_row(rendering.symbol_text(h.symbol), h.keyword, f"{h.default:g}",
                      str(h.domain).replace("[", r"\["), h.meaning)  # fmt: skip
    console.print(table)
    for option in family.options:
        for value, meaning in option.values.items():
            mark = "*" if schedule.options[option.name] == value else " "
            console.print(f"{mark} --option {option.name}={value}  {meaning}", markup=False)


def draw(console: Console, arguments: argparse.Namespace) -> None:
    """Draw a schedule in the terminal, and as an SVG file where one is named."""
    name, options = arguments.plotted, pairs(arguments.option)
    given = _numbers(arguments.settings)
    if "warmup" in given and name in {"cosine", "linear", "constant"}:
        options, name = {**options, "into": name}, "warmup"
    schedule = _built(name, options)
    values, milestones = _settings(schedule, given)
    lengths = [int(values[h.keyword]) for h in schedule.hyperparameters if h.symbol.is_integer]
    whole = sum(lengths) if schedule.name != "cosine" else lengths[0]
    steps = int(given.get("steps", min(100_000, max([*milestones, whole, 100]))))
    if any(item.kind != "milestones" for item in schedule.given):
        raise UsageError(
            f"{name} is made of what it is given, and has no curve of its own; plot a part of it"
        )
    rates = plot.points(schedule, values, steps, milestones)
    place = Settings(schedule, values, {}, Rounding(inexact=False)).place()
    joints = [
        JointEntry(joint.name, at, joint.restart)
        for joint in schedule.joints
        for at in times_of(joint, place, steps + 1)
    ]
    joints += [JointEntry("milestone", float(m), restart=False) for m in milestones]
    console.print(f"{schedule.label}: {', '.join(f'{k} = {v:g}' for k, v in values.items())}", markup=False)
    plot.in_terminal(console, rates, joints)
    if arguments.svg:
        plot.as_svg(arguments.svg, schedule.label, rates, joints)
        console.print(f"wrote {os.path.relpath(arguments.svg)}")


def _numbers(given: Sequence[str]) -> dict[str, float | str]:
    """Read `--T 100 --warmup 10` and `--T=100`; raises ``UsageError`` for what is none."""
    items = [part for item in given for part in item.split("=", 1)]
    if len(items) % 2 or not all(name.startswith("--") for name in items[::2]):
        raise UsageError(f"settings come in pairs, as in --T 100 --warmup 10; given: {' '.join(given)}")
    return {
        name.removeprefix("--").replace("-", "_"): value
        for name, value in zip(items[::2], items[1::2], strict=True)
    }


def _settings(
    schedule: Schedule, given: Mapping[str, float | str]
) -> tuple[dict[str, float], tuple[int, ...]]:
    values = {h.keyword: h.default for h in schedule.hyperparameters}
    domains = {h.keyword: h for h in schedule.hyperparameters}
    milestones: tuple[int, ...] = (30, 80) if any(g.kind == "milestones" for g in schedule.given) else ()
    lengths = [h.keyword for h in schedule.hyperparameters if str(h.symbol) == "T"]
    for name, text in given.items():
        keyword = lengths[0] if name == "T" and lengths else name
        try:
            if keyword == "milestones" and milestones:
                milestones = tuple(int(part) for part in str(text).split(","))
                continue
            value = float(text)
        except ValueError:
            raise UsageError(f"--{name} {text} is no number; give one") from None
        if keyword == "steps":
            continue
        if keyword not in values:
            raise nearest(f"setting of {schedule.name}", name, [*values, "T", "steps"])
        h = domains[keyword]
        if value not in h.domain or (h.symbol.is_integer and value != int(value)):
            whole = "a whole number in " if h.symbol.is_integer else ""
            raise UsageError(f"--{name} {text} is not in {whole}{h.domain}; give one that is")
        values[keyword] = value
    return values, milestones


__all__ = ["added", "check", "judge", "replay", "run", "wanted"]
