"""Judges what is asked for, streams the verdicts, and writes the report: check, report and train."""

from __future__ import annotations

import dataclasses
import json
import os
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version as version_of_package
from pathlib import Path
from typing import Any

from rich.console import Console

from conformance import claims
from conformance.catalogue import optimizer_units, scheduler_units, selection
from conformance.catalogue.installed import versions
from conformance.catalogue.optimizer_units import OptimizerUnit
from conformance.catalogue.scheduler_units import SchedulerUnit
from conformance.commands.console import Progress, show_report
from conformance.commands.first_look import FirstLook
from conformance.diagnosis.causes import causes
from conformance.engine import crashes, runs
from conformance.engine.ledger import OPTIMIZERS, SCHEDULERS
from conformance.engine.stream import Stream
from conformance.engine.verdict import Cause, Cell
from conformance.optimizers.subject import WorkerSubject
from conformance.report import write_report
from conformance.report.assembly import assemble, environment_of
from conformance.report.gates import exit_status
from conformance.report.model import Report
from conformance.report.writing import prepare, write_text
from impls.catalogue.entries import Implementation
from impls.catalogue.scheduler_entries import Scheduler
from impls.devices import DEVICES, FLOATS, HOST
from impls.session import Session

Unit = OptimizerUnit | SchedulerUnit


def devices(session: Session) -> tuple[list[str], str]:
    """Return the devices and the version of the framework that a worker sees."""
    header = session.request({"op": "hello"}).header
    return list(header["devices"]), str(header["torch"])


def cores() -> int:
    """Return how many processes judge at once."""
    return max(1, min(8, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2))


@dataclass(frozen=True)
class Order:
    """What is to be judged, how hard, where the report goes, and the command that asked for it.

    ``properties`` names claims of either chapter, where not all are asked for, and ``paths`` execution
    paths; ``absent`` holds a sentence for each library that was asked for and is not installed.
    ``whole`` asks for the rules that nothing claims and the claims of the literature too; a ``strict`` run does
    not conform where a cell fails what only should hold.
    """

    implementations: tuple[Implementation, ...]
    schedulers: tuple[Scheduler, ...]
    command: str
    budget: float
    seed: int
    output: Path
    device: str = HOST
    dtypes: tuple[str, ...] = FLOATS
    properties: tuple[str, ...] = ()
    python: str | None = None
    timeout: float = 60.0
    jobs: int = 1
    absent: tuple[str, ...] = ()
    whole: bool = False
    paths: tuple[str, ...] = ()
    resume: bool = False
    strict: bool = False

    def asked(self, chapter: str) -> tuple[str, ...]:
        """Return the claims of a chapter that are asked for."""
        every = claims.identifiers(chapter)
        return tuple(name for name in every if name in self.properties) if self.properties else every

    def units(self) -> list[Unit]:
        """Return the units of the run."""
        common: dict[str, Any] = {
            "budget": self.budget,
            "seed": self.seed,
            "python": self.python,
            "timeout": self.timeout,
        }
        found: list[Unit] = list(
            optimizer_units.units(
                self.implementations,
                device=self.device,
                dtypes=self.dtypes,
                properties=self.asked(OPTIMIZERS),
                asked=self.paths,
                **common,
            )
        )
        asked = self.asked(SCHEDULERS)
        units = scheduler_units.units(self.schedulers, properties=asked, **common) if asked else []
        return found + [unit for unit in units if not self._left_out(unit)]

    def _left_out(self, unit: SchedulerUnit) -> str:
        """Return why a scheduler is not judged, or nothing."""
        cell = unit.cell("")
        if self.device != cell.device:
            return f"a schedule is computed on the host: it has no part on {self.device}"
        if cell.dtype not in self.dtypes:
            return f"its learning rates are {cell.dtype}: ask for it with --dtype {cell.dtype}"
        return f"its path is {cell.path}" if self.paths and cell.path not in self.paths else ""

    def not_run(self, present: Collection[str]) -> tuple[str, ...]:
        """Return a sentence for all that is left out, where the devices ``present`` are there."""
        devices = (d.absent for name, d in DEVICES.items() if self.implementations and name not in present)
        paths = selection.left_out(self.implementations, self.device, self.paths, self.asked(OPTIMIZERS))
        units = scheduler_units.units(self.schedulers, properties=(), budget=self.budget, seed=self.seed)
        refused = (f"not run: {i.identifier} refuses {why}" for i in self.implementations for why in i.refusals)
        schedulers = [f"not run: {u.label}: {why}" for u in units if (why := self._left_out(u))]
        held = DEVICES[self.device].dtypes
        formats = (f"not run: {name}: no such format on {self.device}" for name in self.dtypes if name not in held)
        return (*devices, *formats, *paths, *refused, *self._untried(), *schedulers, *self.absent)

    def _untried(self) -> Iterator[str]:
        """Yield a sentence for each optimizer with keywords beside its settings, or with parts that it compiles."""
        for item in self.implementations:
            if item.compiles:
                parts = ", ".join(item.compiles)
                yield f"not run: {item.identifier} as compiled: what it gives to torch.compile ran as written: {parts}"
            if item.untried:
                count = f"{len(item.untried)} keyword{'s' * (len(item.untried) > 1)} of its constructor"
                names = ", ".join(item.untried)
                yield f"not run: {item.identifier}: {count} with other values than their defaults: {names}"

    def identity(self, work: Sequence[Unit], environment: Mapping[str, str]) -> dict[str, Any]:
        """Return what must be the same for one run to go on from another."""
        return {
            "suite": version_of_package("stepproof"),
            "seed": self.seed,
            "budget": self.budget,
            "units": {unit.label: len(unit.properties) for unit in work},
            "environment": dict(environment),
        }


def judge(order: Order, console: Console, session: Session) -> tuple[Report, int]:
    """Judge what is ordered and write the report; returns it and the exit status.

    The worker of ``session`` is asked what it sees, and takes a first look while those that judge start, where one
    thing is judged on the host.  Raises ``ResumeError`` where the order is to go on from another run than its own.
    """
    start = time.perf_counter()
    prepare(order.output)
    runs.preload()
    present, framework = devices(session)
    not_run = order.not_run(present)
    judged: tuple[Implementation | Scheduler, ...] = (*order.implementations, *order.schedulers)
    environment = {**environment_of(framework), **versions(judged, order.python)}
    work = order.units()
    stream = Stream(order.output, order.identity(work, environment))
    done = stream.done(work) if order.resume else {}
    looked_at = work if len(judged) == 1 and not done else []
    if not looked_at:
        session.close()
    with stream, Progress(console, work, done) as progress, FirstLook(looked_at, session, progress.looked) as look:
        outcome = runs.run(work, claims.judge, [stream, progress, look], order.jobs, done)
    session.close()
    if outcome.cut_short:
        rest = "cells without a verdict, and all formulas, proofs and mutants"
        not_run = (f"not run: {rest}: the run was {outcome.cut_short}; go on with --resume", *not_run)
    report = assemble(
        work,
        outcome.results,
        command=order.command,
        seed=order.seed,
        budget=order.budget,
        environment=environment,
        not_run=not_run,
        seconds=time.perf_counter() - start,
        whole=order.whole and not outcome.cut_short,
        cut_short=bool(outcome.cut_short),
    )
    found = () if outcome.cut_short else _causes(order, work, report)
    report = dataclasses.replace(report, strict=order.strict, causes=found)
    _written(order, work, report, console)
    return report, outcome.status or exit_status(report)


def _causes(order: Order, work: Sequence[Unit], report: Report) -> tuple[Cause, ...]:
    """Return the causes of the findings; values that are wrong are asked for in a worker of their own."""
    if not any(result.findings and not result.deviation for result in report.results):
        return ()
    units = {unit.cell(""): unit for unit in work if isinstance(unit, OptimizerUnit)}
    with Session(order.python, timeout=order.timeout) as session:
        subjects: dict[Cell, WorkerSubject] = {}

        def subject_of(cell: Cell) -> WorkerSubject:
            of = dataclasses.replace(cell, property="")
            return subjects.get(of) or subjects.setdefault(of, units[of].subject(session))

        return causes(report.results, subject_of)


def _written(order: Order, work: Sequence[Unit], report: Report, console: Console) -> None:
    """Write failures and report, and say where."""
    _write_failures(report, order.output / "failures", work, order.python)
    write_crashes(report, order.output / "failures")
    paths = write_report(report, order.output)
    show_report(console, report, os.path.relpath(order.output))
    for path in paths.values():
        console.print(f"wrote {os.path.relpath(path)}")


def _write_failures(report: Report, folder: Path, work: Sequence[Unit], python: str | None) -> None:
    """Write the case of every finding."""
    targets = {unit.cell("").implementation: _target(unit) for unit in work}
    for finding in (f for r in report.results for f in r.findings):
        cell = finding.cell
        stored = {
            **targets[cell.implementation],
            "python": python,
            "path": cell.path,
            "device": cell.device,
            "dtype": cell.dtype,
            "property": cell.property,
            "kind": finding.case["kind"],
            "case": finding.case["stored"],
        }
        write_text(folder / f"{finding.identifier}.json", json.dumps(stored, indent=1) + "\n")


def write_crashes(report: Report, folder: Path) -> None:
    """Write for each error of stepproof all that its report needs: versions, cell, case and traceback."""
    for result in report.results:
        if result.crash is not None:
            bundle = {
                "error": result.crash.fact,
                "suite": version_of_package("stepproof"),
                "environment": dict(report.environment),
                "command": report.command,
                "seed": report.seed,
                "cell": asdict(result.cell),
                "case": result.crash.case,
                "traceback": result.crash.traceback.splitlines(),
            }
            write_text(folder / crashes.name_of(result.crash), json.dumps(bundle, indent=1) + "\n")


def _target(unit: Unit) -> dict[str, Any]:
    """Return what a stored failure must say for its subject to be built again."""
    if isinstance(unit, SchedulerUnit):
        return {"chapter": SCHEDULERS, "scheduler": unit.entry.identifier}
    item = unit.implementation
    return {
        "chapter": OPTIMIZERS,
        "target": item.called,
        "rule": item.rule,
        "options": dict(item.options),
        "told": dict(item.told),
    }
