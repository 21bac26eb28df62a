"""Judges what is asked for, streams the verdicts, and writes the report: check, report and train."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from importlib.metadata import version as version_of_package
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console

from conformance import claims
from conformance.commands import baselines, exchanging
from conformance.commands.console import Progress, show_report
from conformance.commands.environments import all_seen, environment
from conformance.commands.fail_fast import FailFast
from conformance.commands.first_look import FirstLook
from conformance.commands.run_part import RunPart, Unit
from conformance.commands.shards import Shard, dealt, merged, pair, told
from conformance.commands.usage_errors import UsageError
from conformance.diagnosis.causes import causes
from conformance.engine import crashes, runs
from conformance.engine.ending import held_back, saying, terminating
from conformance.engine.stream import Stream
from conformance.engine.verdict import Cause, Cell
from conformance.optimizers.subject import WorkerSubject
from conformance.report import write_report
from conformance.report.assembly import assemble
from conformance.report.difference import ScopeEntry
from conformance.report.gates import exit_status
from conformance.report.model import Report, ShardEntry
from conformance.report.occupation import occupied
from conformance.report.writing import prepare, write_text
from conformance.schedulers.subject import SchedulerSubject
from impls.catalogue.entries import Implementation
from impls.catalogue.scheduler_entries import Scheduler
from impls.session import Session


def worker_of(unit: Unit) -> Session:
    """Return a worker in which the code of a unit runs."""
    return Session(unit.python, timeout=unit.timeout, memory=unit.memory)


def cores() -> int:
    """Return how many processes judge at once."""
    return max(1, min(8, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2))


@dataclass(frozen=True)
class Order:
    """What is to be judged, where the report goes, and the command that asked for it.

    ``absent`` holds a sentence for each library that was asked for and is not installed, ``unjudged`` one for each
    target of which nothing can be judged.  ``whole`` asks for the
    rules that nothing claims and the claims of the literature too; a ``strict`` run does not conform where a cell
    fails what only should hold.  ``formats`` names those beside page, JSON and summary (``exchange.formats``).
    Beside a ``baseline`` only what is new fails; where there is none, or it is to be updated, the run is recorded.
    ``opens`` returns what answers further questions about a unit: a worker, or what came back from one.  Of a
    ``shard`` only its units are judged, and of what is ``merged`` none: its streams hold all.  ``asked`` are the
    words of the command, by which streams are merged.  What is to ``fail_fast`` ends at the first cell that fails.
    """

    parts: tuple[RunPart, ...]
    command: str
    output: Path
    jobs: int = 1
    absent: tuple[str, ...] = ()
    unjudged: tuple[str, ...] = ()
    whole: bool = False
    resume: bool = False
    strict: bool = False
    formats: tuple[str, ...] = ()
    baseline: Path | None = None
    update_baseline: bool = False
    asked: tuple[str, ...] = ()
    shard: Shard | None = None
    merged: tuple[Path, ...] = ()
    opens: Callable[[Unit], Session] = worker_of
    fail_fast: bool = False

    @property
    def budget(self) -> float:
        """The largest budget of a part, in seconds for each implementation."""
        return max(part.budget for part in self.parts)

    @property
    def seed(self) -> int:
        """The seed of all cases."""
        return self.parts[0].seed

    @property
    def scope(self) -> tuple[ScopeEntry, ...]:
        """What the run is asked for."""
        return tuple(part.scope for part in self.parts)

    def begun(self, environment: Mapping[str, str]) -> Report:
        """Return the report of the run before anything is judged."""
        suite = version_of_package("stepproof")
        plain = Report(suite, self.command, self.seed, round(self.budget), dict(environment), (), (), (), (), ())
        return dataclasses.replace(plain, strict=self.strict, scope=self.scope)

    def units(self) -> list[Unit]:
        """Return the units of the run."""
        return [unit for part in self.parts for unit in part.units()]

    def judged(self) -> tuple[Implementation | Scheduler, ...]:
        """Return all that is judged."""
        return tuple(item for part in self.parts for item in part.judged)

    def not_run(self, present: Mapping[str | None, Collection[str]]) -> tuple[str, ...]:
        """Return a sentence for all that is left out, where each interpreter sees the devices that are ``present``."""
        said = (sentence for part in self.parts for sentence in part.not_run(present[part.python]))
        return (*dict.fromkeys(said), *self.absent, *(f"not run: {sentence}" for sentence in self.unjudged))

    def identity(self, work: Sequence[Unit], environment: Mapping[str, str]) -> dict[str, Any]:
        """Return what must be the same for one run to go on from another."""
        return {
            "suite": version_of_package("stepproof"),
            "seed": self.seed,
            "budget": self.budget,
            "units": {unit.label: len(unit.properties) for unit in work},
            "scope": msgspec.json.decode(msgspec.json.encode(self.scope)),
            "environment": dict(environment),
        }


def judge(order: Order, console: Console, session: Session) -> tuple[Report, int]:
    """Judge what is ordered and write the report; returns it and the exit status.

    The worker of ``session``, which has the interpreter of the first part, is asked what it sees, and takes a first
    look while those that judge start, where one thing is judged on the host.  Raises ``ResumeError`` where the order
    is to go on from another run than its own, ``UsageError`` for what excludes each other, and ``OSError`` where the
    output cannot be used, or another run is writing there.
    """
    start = time.perf_counter()
    if order.fail_fast and order.baseline is not None:
        raise UsageError("--fail-fast ends at any failure, also at one that the baseline knows; leave out one of both")
    prepare(order.output, beside=exchanging.files_of(order.formats))
    with occupied(order.output):
        return _judged(order, console, session, start)


def _judged(order: Order, console: Console, session: Session, start: float) -> tuple[Report, int]:
    with saying("stopped before anything was judged"):
        if not order.merged:
            runs.preload()
        seen = all_seen(order.parts, session)
        not_run = order.not_run({python: found.devices for python, found in seen.items()})
        versions = environment(order.parts, seen)
        held = baselines.held(order.baseline, order.begun(versions), update=order.update_baseline)
        every = order.units()
        work = every if order.shard is None else dealt(every, order.shard)
        stream = Stream(order.output, order.identity(every, versions), order.asked, pair(order.shard))
        put_together = runs.RunOutcome(merged(order.merged, every, stream)) if order.merged else None
    with saying("stopped before the report was written; go on with --resume"), ExitStack() as until_written:
        outcome = put_together or _run(order, work, stream, console, session, until_written)
        session.close()
        not_run = (*not_run, f"not kept: {stream.lost}") if stream.lost else not_run
        entry = None if order.shard is None else order.shard.entry(work, every)
        if entry is not None:
            not_run = (told(entry), *not_run)
        run = Concluded(order, work, outcome, versions, not_run, time.perf_counter() - start)
        return conclude(dataclasses.replace(run, shard=entry, held=held), console)


@dataclass(frozen=True)
class Concluded:
    """A run that has ended: what was ordered, its units and their results, under which versions, and what is left out.

    ``advice`` says what to do where it was cut short.
    """

    order: Order
    work: Sequence[Unit]
    outcome: runs.RunOutcome
    versions: Mapping[str, str]
    not_run: tuple[str, ...]
    seconds: float
    shard: ShardEntry | None = None
    held: baselines.Held | None = None
    advice: str = "go on with --resume"


def conclude(run: Concluded, console: Console) -> tuple[Report, int]:
    """Assemble the report of a run that has ended, find its causes and write it; returns it and the exit status.

    A signal that comes meanwhile waits until the report is there, and decides the status; a second one does not wait.
    """
    with saying(f"stopped while the report was written; {run.advice}"), held_back(run.outcome.cut):
        report = _reported(run)
        report = report if run.held is None else run.held.against(report)
        _written(run.order, run.work, report, console)
        if run.held is not None:
            run.held.record(report, console)
    if run.outcome.status and not report.cut_short:
        console.print(f"{signal.Signals(run.outcome.status - 128).name} came while the report was written: it is whole")
    return report, run.outcome.status or exit_status(report)


def _reported(run: Concluded) -> Report:
    """Return the report of a run with its causes; a signal that comes now leaves out what takes long, and no result."""
    if not run.outcome.status:
        try:
            with terminating():
                report = _assembled(run)
                return dataclasses.replace(report, causes=_causes(run.work, report, run.order.opens))
        except KeyboardInterrupt as interrupt:
            run.outcome.cut(interrupt)
    return _assembled(run)


def _assembled(run: Concluded) -> Report:
    order, outcome, not_run = run.order, run.outcome, run.not_run
    if outcome.cut_short:
        rest = "cells without a verdict, and all formulas, proofs and mutants"
        not_run = (f"not run: {rest}: the run was {outcome.cut_short}; {run.advice}", *not_run)
    report = assemble(
        run.work,
        outcome.results,
        command=order.command,
        seed=order.seed,
        budget=order.budget,
        environment=run.versions,
        not_run=not_run,
        seconds=run.seconds,
        whole=order.whole and order.shard is None and not outcome.cut_short,
        cut_short=bool(outcome.cut_short),
    )
    report = dataclasses.replace(report, strict=order.strict, unjudged=order.unjudged, scope=order.scope)
    return dataclasses.replace(report, shard=run.shard)


def _run(
    order: Order, work: Sequence[Unit], stream: Stream, console: Console, session: Session, until_written: ExitStack
) -> runs.RunOutcome:
    """Judge units in processes, and stream their cells; what they gave is lost to no signal ``until_written``."""
    done = stream.done(work) if order.resume else {}
    looked_at = work if len(order.judged()) == 1 and not done and order.shard is None else []
    if not looked_at:
        session.close()
    with stream, Progress(console, work, done) as progress, FirstLook(looked_at, session, progress.looked) as look:
        ending = [FailFast(strict=order.strict)] if order.fail_fast else []
        outcome = runs.run(work, claims.judge, [stream, progress, look, *ending], order.jobs, done)
        until_written.enter_context(held_back(outcome.cut))
        return outcome


def _causes(work: Sequence[Unit], report: Report, opens: Callable[[Unit], Session]) -> tuple[Cause, ...]:
    """Return the causes of the findings; values that are wrong are asked for in sessions of their own."""
    if not any(result.findings and not result.deviation for result in report.results):
        return ()
    units = {unit.cell(""): unit for unit in work}
    with ExitStack() as stack:
        sessions: dict[str | None, Session] = {}
        subjects: dict[Cell, WorkerSubject | SchedulerSubject] = {}

        def subject_of(cell: Cell) -> WorkerSubject | SchedulerSubject:
            of = dataclasses.replace(cell, property="")
            if of not in subjects:
                unit = units[of]
                if unit.python not in sessions:
                    sessions[unit.python] = stack.enter_context(opens(unit))
                subjects[of] = unit.subject(sessions[unit.python])
            return subjects[of]

        return causes(report.results, subject_of)


def _written(order: Order, work: Sequence[Unit], report: Report, console: Console) -> None:
    """Write failures and report, and say where; what cannot be written is shown all the same."""
    try:
        _write_failures(report, order.output / "failures", work)
        write_crashes(report, order.output / "failures")
        paths = write_report(report, order.output)
    except Exception:
        show_report(console, report, os.path.relpath(order.output))
        raise
    show_report(console, report, os.path.relpath(order.output))
    for path in paths.values():
        console.print(f"wrote {os.path.relpath(path)}")
    exchanging.write(report, order.formats, order.output, console)


def _write_failures(report: Report, folder: Path, work: Sequence[Unit]) -> None:
    """Write the case of every finding."""
    targets = {unit.cell("").implementation: unit.target for unit in work}
    for finding in (f for r in report.results for f in r.findings):
        cell = finding.cell
        stored = {
            **targets[cell.implementation],
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
