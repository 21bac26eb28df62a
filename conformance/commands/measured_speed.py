"""What the judge's speed is measured on: steps of rules at sizes, a schedule, starts of the command line, a report."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from conformance import claims
from conformance.catalogue import scheduler_units
from conformance.catalogue.catalogued import entries
from conformance.catalogue.numpy_references import reference_subject
from conformance.engine.evidence import Tally
from conformance.engine.judging import Judged
from conformance.optimizers.agreement import judge
from conformance.optimizers.cases import Case, GroupCase, TensorCase
from conformance.optimizers.prepared import prepare
from conformance.optimizers.subject import WorkerSubject, worker_subject
from conformance.optimizers.walked_and_compiled import Setup
from conformance.schedulers.entries import entries as scheduler_entries
from impls.devices import HOST
from impls.session import Session
from reference.formats import FLOAT32, Format
from spec.rule import UpdateRule

SIZES = (32, 4096, 100_000, 1_000_000)
SECONDS, ROUNDS = 2.0, 200
"""Rounds of one size end after so many, or after so many seconds, and are one at least."""
STARTS = (("--help",), ("rules",), ("show", "adamw"))
TRIES = 3
BUDGET = 2.0
DECAY = 0.01


@dataclass(frozen=True)
class MeasuredRule:
    """A rule, an implementation of it, and the switches with which it is judged."""

    name: str
    identifier: str
    switches: tuple[str, ...] = ()


RULES = (
    MeasuredRule("Adam", "torch.Adam"),
    MeasuredRule("Yogi", "reference.yogi"),
    MeasuredRule("RMSProp, centered", "torch.RMSprop", ("centered",)),
    MeasuredRule("Adafactor", "torch.Adafactor"),
    MeasuredRule("Muon", "torch.Muon"),
)
SCHEDULE = "torch.CosineAnnealingLR"


@dataclass(frozen=True)
class Speed:
    """Of one rule at one size: element-cases for a second of processor time of the judge, and that over the step's."""

    name: str
    elements: int
    rate: float
    over_step: float


def subject_of(item: MeasuredRule, storage: Format, session: Session) -> WorkerSubject:
    """Return what is judged, on its first path."""
    found = next(entry for entry in entries() if entry.identifier == item.identifier)
    if item.identifier.startswith("reference."):
        return reference_subject(found, storage, session)
    return worker_subject(found, found.paths_on(HOST)[0], HOST, storage, session)


def speeds(session: Session) -> Iterator[Speed]:
    """Yield the speed of every rule at every size, each after it is compiled where it can be."""
    for item in RULES:
        subject = subject_of(item, FLOAT32, session)
        switches = item.switches if item.switches in subject.rules else next(iter(subject.rules))
        for size in SIZES:
            yield _speed(item, subject, switches, size)


def _speed(item: MeasuredRule, subject: WorkerSubject, switches: tuple[str, ...], size: int) -> Speed:
    rule = subject.rules[switches]
    shape = (size,) if rule.elementwise or not rule.matrices else _matrix(size)
    _once(subject, rule, switches, shape, 0)
    rounds: list[tuple[float, float]] = []
    start = time.perf_counter()
    while not rounds or (len(rounds) < ROUNDS and time.perf_counter() - start < SECONDS):
        rounds.append(_once(subject, rule, switches, shape, len(rounds) + 1))
    judged, step = (statistics.median(column) for column in zip(*rounds, strict=True))
    return Speed(item.name, size, size / judged, judged / step)


def _matrix(size: int) -> tuple[int, int]:
    width = 1 << ((size.bit_length() - 1) // 2)
    return size // width, width


def _once(
    subject: WorkerSubject, rule: UpdateRule, switches: tuple[str, ...], shape: tuple[int, ...], round_: int
) -> tuple[float, float]:
    """Return the seconds of processor time of the judge, and the seconds of the step itself; the first compiles."""
    settings = {h.symbol.name: h.default for h in rule.hyperparameters}
    settings |= {"lambda": DECAY} if "lambda" in settings else {}
    case = Case(switches, (GroupCase(settings, (TensorCase(shape, 3, round_),)),))
    start = time.process_time()
    prepared = prepare(case, rule, subject.storage)
    expanded = time.process_time() - start
    outcome = subject.run(case, prepared)
    if round_ == 0:
        numbers = {s.symbol.name: float(prepared[0].values[s.symbol.name][0]) for s in rule.states if s.scalar}
        scalars = {**settings, **numbers, "t": 4.0}
        Setup(rule, subject.profile, subject.storage, outcome.state_formats, scalars).compiled()
    start = time.process_time()
    judge(case, prepared, outcome, subject, Tally())
    return expanded + time.process_time() - start, outcome.step_seconds


def schedule_rate(session: Session) -> float:
    """Return the learning rates that are judged in a second of processor time."""
    entry = next(item for item in scheduler_entries() if item.identifier == SCHEDULE)
    (unit,) = scheduler_units.units((entry,), properties=("lr/in-force",), budget=BUDGET, seed=0)
    session.request({"op": "hello"})
    start = time.process_time()
    judged = next(item for item in claims.judge(unit) if isinstance(item, Judged))
    return judged.result.figures.element_cases / (time.process_time() - start)


def start_seconds(arguments: tuple[str, ...]) -> float:
    """Return the least seconds that the command line takes from its start to its end."""
    command = [sys.executable, "-m", "conformance.cli", *arguments]

    def once() -> float:
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603 our own command line
        return time.perf_counter() - start

    return min(once() for _ in range(TRIES))


def report_bytes(folder: Path) -> Mapping[str, int]:
    """Return the bytes of the views of a small report, of one path in one format, which is judged for it."""
    command = [sys.executable, "-m", "conformance.cli", "report", "--only", "torch.AdamW", "--path", "single-tensor"]
    command += ["--dtype", "float32", "--budget", "1", "--output", str(folder)]
    subprocess.run(command, check=False, capture_output=True, env=os.environ)  # noqa: S603 our own command line
    return {name: (folder / name).stat().st_size for name in ("report.json", "report.html")}
