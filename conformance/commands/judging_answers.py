"""Judges the answers that a kit brought back: ``stepproof judge ANSWERS``."""

from __future__ import annotations

import argparse
import shlex
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from rich.console import Console

from conformance.catalogue.catalogued import entries
from conformance.catalogue.installed import probe
from conformance.commands import baselines, exchanging, judging, judging_cases
from conformance.commands.console import Progress
from conformance.commands.ledger_layers import layer
from conformance.commands.packing import SUFFIX, tell
from conformance.commands.plain_text import plain
from conformance.commands.project import project
from conformance.commands.run_arguments import add_baseline, add_report
from conformance.commands.run_part import RunPart, Unit
from conformance.commands.usage_errors import UsageError
from conformance.distance.answers import Answers
from conformance.distance.case_folder import INDEX
from conformance.distance.judging import FromAnswers
from conformance.distance.kit import pack
from conformance.distance.manifest import About, AnswersError, Scope, optimizer, scheduler
from conformance.distance.planning import part_of
from conformance.engine import runs
from conformance.engine.safe_text import safe_text
from conformance.engine.stream import Stream
from conformance.report.assembly import environment_of
from conformance.report.occupation import occupied
from conformance.report.writing import prepare
from conformance.schedulers.entries import named
from impls.libraries import LIBRARIES
from impls.session import NotAsked, Session

CAUSES = "causes"
T = TypeVar("T")


def add(parser: argparse.ArgumentParser) -> None:
    """Add the answers, where the report goes, and what is asked further."""
    words = "the folder that a kit wrote, further kits' beside it; or a folder of cases"
    parser.add_argument("answers", nargs="+", type=Path, help=words)
    parser.add_argument("--output", type=Path, default=Path("build/conformance"))
    parser.add_argument(
        "--follow-up", type=Path, metavar="KIT", help=f"write a kit of what was left open, a file {SUFFIX}"
    )
    parser.add_argument("--jobs", type=int, help="processes (default: the cores)")
    parser.add_argument(
        "--ledger", action="append", default=[], type=Path, metavar="FILE", help="known deviations of your own code"
    )
    add_report(parser)
    add_baseline(parser)


def run(given: argparse.Namespace, console: Console) -> int:
    """Judge answers and report like a check; returns its exit status.

    Raises ``AnswersError`` for what no kit writes.
    """
    if given.jobs is not None and not 0 < given.jobs <= 256:
        raise UsageError(f"--jobs {given.jobs} is not in 1 to 256; give the number of processes")
    if given.follow_up is not None and given.follow_up.suffix != SUFFIX:
        raise UsageError(f"--follow-up {given.follow_up} is no kit; give a name that ends with {SUFFIX}")
    with project():
        layer(given.ledger)
        runs.preload()
        if any((folder / INDEX).exists() for folder in given.answers):
            return judging_cases.run(given, console)
        folders = tuple(folder.absolute() for folder in given.answers)
        answers = Answers(folders)
        _say(answers, console)
        with tempfile.TemporaryDirectory(prefix="stepproof-") as notes:
            asked = FromAnswers(folders, Path(notes), given.follow_up is not None)
            return Judging(given, console, answers, asked).status()


class Judging:
    """One judging of answers, as a command line asks for it."""

    def __init__(self, given: argparse.Namespace, console: Console, answers: Answers, asked: FromAnswers) -> None:
        self.given, self.console, self.asked = given, console, asked
        self.about, scope = answers.about, answers.about.manifest.scope
        where = given.answers[0]
        self.part = _part(scope, where)
        self.order = judging.Order(
            (self.part,),
            shlex.join(["stepproof", *sys.argv[1:]]),
            given.output,
            jobs=given.jobs or judging.cores(),
            strict=given.strict,
            formats=tuple(given.format),
            baseline=given.baseline,
            update_baseline=given.update_baseline,
            opens=self._opened,
        )
        self.work = _read(self.order.units, where)

    def _opened(self, unit: Unit) -> Session:
        return self.asked.session(unit, CAUSES)

    def status(self) -> int:
        """Judge, write the report and what is asked further; returns the exit status."""
        start = time.perf_counter()
        prepare(self.given.output, beside=exchanging.files_of(self.order.formats))
        with occupied(self.given.output):
            versions = self._versions()
            held = baselines.held(self.order.baseline, self.order.begun(versions), update=self.order.update_baseline)
            stream = Stream(self.given.output, self.order.identity(self.work, versions))
            with stream, Progress(self.console, self.work, {}) as progress:
                outcome = runs.run(self.work, self.asked, [stream, progress], self.order.jobs)
            self._refuse_what_no_worker_says()
            not_run = self.order.not_run({None: self.about.devices})
            seconds = time.perf_counter() - start
            concluded = judging.Concluded(
                self.order, self.work, outcome, versions, not_run, seconds, held=held, advice="judge the answers again"
            )
            status = judging.conclude(concluded, self.console)[1]
            self._refuse_what_no_worker_says()
        if self.given.follow_up is not None:
            self._ask_further()
        return status

    def _versions(self) -> dict[str, str]:
        """Return what the report says of the machine that answered, and of this one."""
        found = {
            **environment_of(self.about.torch),
            "python": self.about.python,
            "platform": self.about.platform,
            "device": self.about.device,
            "driver": self.about.driver,
            "kit": self.about.kit,
        }
        with self.asked.session(self.work[0]) as session:
            for name in sorted({item.library for item in self.order.judged()} & LIBRARIES.keys()):
                try:
                    found[name] = probe(LIBRARIES[name], session)[0]
                except NotAsked:
                    continue
        return found

    def _refuse_what_no_worker_says(self) -> None:
        """Raise ``AnswersError`` where answers were given that no worker gives."""
        if said := self.asked.complaints():
            more = f" ({len(said) - 1} more like it)" if len(said) > 1 else ""
            raise AnswersError(f"{said[0]}{more}; have them given again by the kit")

    def _ask_further(self) -> None:
        """Write the kit of what was not asked yet."""
        parts = [self.asked.notes / f"{part_of(unit.label)}{what}" for unit in self.work for what in ("", CAUSES)]
        if not any(part.exists() for part in parts):
            self.console.print("nothing is left to be asked: no further kit was written")
            return
        manifest = self.about.manifest
        made = pack(parts, manifest.scope, manifest.asked, self.given.follow_up)
        tell(made, self.given.follow_up, self.console, [str(path) for path in self.given.answers])


def _part(scope: Scope, where: Path) -> RunPart:
    """Return what was asked for; raises ``AnswersError`` for what is not in the catalogue."""
    known = {item.identifier: item for item in entries()}
    missing = [name for name in scope.optimizers if name not in known]
    missing += [name for name in scope.schedulers if named(name) is None]
    if missing:
        raise AnswersError(f"`{where}` has answers about {plain(missing[0])}, which is not in the catalogue here")
    optimizers = [known[name] for name in scope.optimizers]
    schedulers = [item for name in scope.schedulers if (item := named(name)) is not None]
    optimizers += [_read(partial(optimizer, data), where) for data in scope.own_optimizers]
    schedulers += [_read(partial(scheduler, data), where) for data in scope.own_schedulers]
    return RunPart(
        tuple(optimizers),
        tuple(schedulers),
        scope.budget,
        scope.seed,
        device=scope.device,
        dtypes=scope.dtypes,
        properties=scope.properties,
        timeout=scope.timeout,
        memory=scope.memory,
        paths=scope.paths,
    )


def _read(make: Callable[[], T], where: Path) -> T:
    try:
        return make()
    except ValueError as error:
        raise AnswersError(f"`{where}`: {error}") from None


def _say(answers: Answers, console: Console) -> None:
    about: About = answers.about
    driver = f", driver {about.driver}" if about.driver else ""
    machine = f"{about.device}{driver}, torch {about.torch}, Python {about.python}"
    said = safe_text(f"answers to kit {about.kit[:12]} about {about.manifest.asked}: {machine}")
    console.print(said, markup=False, soft_wrap=True)
    if not answers.finished:
        console.print("they are not whole: the kit was stopped, and goes on when it is run again with the same folder")
