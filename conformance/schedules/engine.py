"""Judges every property of a scheduler: what the ledger knows first, then fresh cases."""

from __future__ import annotations

import dataclasses
import itertools
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field

from conformance.installation import version
from conformance.ledger import recorded
from conformance.report.model import CurveEntry
from conformance.schedules.cases import Case
from conformance.schedules.curves import curves
from conformance.schedules.deviations import Known, ledger, still_shown
from conformance.schedules.findings import finding
from conformance.schedules.judging import ALL, BY_IDENTIFIER, Judged, cell, explore, figures, why_not
from conformance.schedules.power import Power
from conformance.schedules.properties import Property
from conformance.schedules.subject import Subject
from conformance.verdict import CellResult, Figures, Finding, Verdict
from impls.scheduler import Scheduler
from impls.schedulers import SCHEDULERS
from impls.session import Session, TargetError, WorkerFailure

EXAMPLES_PER_SECOND = 2.4
"""Cases of a property for each second of budget; fixed, so that a budget fixes the cases."""
MEASURED = frozenset({"lr/in-force"})
"""Properties on whose cases mutants are tried."""
OF_ANOTHER_KIND = "it is no "
"""A reason that says that a question is not about this kind of schedule at all: it makes no cell."""


@dataclass(frozen=True)
class Unit:
    """One scheduler, judged by one process."""

    entry: Scheduler
    properties: tuple[str, ...]
    examples: int
    seed: int
    python: str | None = None
    timeout: float = 60.0
    draw: bool = True
    """Whether its curves are drawn and its drift measured."""


@dataclass
class UnitResult:
    """The results of a scheduler, and which mutants of which schedule it killed."""

    results: list[CellResult]
    killed: dict[str, dict[str, str]] = field(default_factory=dict)
    curves: tuple[CurveEntry, ...] = ()


def units(
    entries: tuple[Scheduler, ...] = SCHEDULERS, *, properties: tuple[str, ...] = (), budget: float = 10.0,
    seed: int = 0, python: str | None = None, timeout: float = 60.0,
) -> list[Unit]:  # fmt: skip
    """Return the units of a run; ``budget`` is in seconds for each scheduler on two cores."""
    examples = max(5, round(EXAMPLES_PER_SECOND * budget))
    chosen = properties or tuple(item.identifier for item in ALL)
    return [Unit(entry, chosen, examples, seed, python, timeout) for entry in entries]


_SESSIONS: dict[tuple[str | None, float], Session] = {}


def judge_unit(unit: Unit) -> UnitResult:
    """Judge every property of a scheduler in this process, in one session."""
    key = (unit.python, unit.timeout)
    session = _SESSIONS.setdefault(key, Session(unit.python, timeout=unit.timeout))
    result, power = UnitResult([]), Power()
    try:
        framework = version(unit.entry, session)
    except WorkerFailure as failure:
        return UnitResult([CellResult(cell(unit.entry, BY_IDENTIFIER[name]), Verdict.ERROR, failure.sentence)
                           for name in unit.properties])  # fmt: skip
    for name in unit.properties:
        claim = BY_IDENTIFIER[name]
        if why_not(claim, unit.entry).startswith(OF_ANOTHER_KIND):
            continue
        start = time.perf_counter()
        judged = _judge_cell(unit, Subject(unit.entry, session), claim, framework, power)
        result.results.append(dataclasses.replace(judged, seconds=time.perf_counter() - start))
    result.killed = power.killed
    if unit.draw:
        result.curves = curves(Subject(unit.entry, session))
    return result


def _judge_cell(unit: Unit, subject: Subject, claim: Property, framework: str, power: Power) -> CellResult:
    """Judge a cell: first what is known of it, then what that leaves."""
    place = cell(unit.entry, claim)
    reason = why_not(claim, unit.entry)
    if reason:
        return CellResult(place, Verdict.NOT_APPLICABLE, reason)
    named = [entry for entry in ledger() if entry.matches(place, framework)]
    shown = {entry.identifier: still_shown(subject, claim, entry) for entry in named}
    for entry in named:
        if shown[entry.identifier] is None and recorded(subject.entry.library, framework):
            reason = f"the ledger's entry `{entry.identifier}` is no longer shown: remove it"
            return CellResult(place, Verdict.FAIL, reason, deviation=entry.identifier)
    known = Known(tuple(entry for entry in named if shown[entry.identifier]))
    rest = CellResult(place, Verdict.PASS, "", Figures(cases=1))
    if known.judgeable:
        try:
            rest = _verdict(_explored(unit, subject, claim, power, known), claim, subject)
        except (TargetError, WorkerFailure) as error:
            return CellResult(place, Verdict.ERROR, str(error))
    if not known.entries or rest.verdict not in {Verdict.PASS, Verdict.UNDECIDED}:
        return rest  # where every case shows what is known nothing else can be decided
    return _deviation(rest, known, [finding(failure, claim, place) for failure in shown.values() if failure])


def _deviation(rest: CellResult, known: Known, findings: list[Finding]) -> CellResult:
    """Return the verdict on a cell of which something is known and nothing else was found."""
    first, *more = known.entries
    return dataclasses.replace(
        rest,
        verdict=Verdict.DEVIATION,
        reason=" ".join(entry.reason for entry in known.entries),
        deviation=first.identifier,
        further=tuple(entry.identifier for entry in more),
        findings=tuple(findings),
    )


def _explored(unit: Unit, subject: Subject, claim: Property, power: Power, known: Known) -> Judged:
    """Judge drawn cases; where mutants are tried, as many for each variant of the schedule."""
    examples, watch = round(unit.examples * claim.share), _watcher(claim, power)
    if claim.identifier not in MEASURED:
        return explore(subject, claim, examples, unit.seed, watch, known)
    judged = Judged()
    for variant in variants(subject.entry):
        alone = explore(Subject(variant, subject.session), claim, examples, unit.seed, watch, known)
        judged.tally.add(alone.tally)
        if alone.failure is not None:
            return Judged(alone.failure, judged.tally)
    return judged


def variants(entry: Scheduler) -> list[Scheduler]:
    """Return a scheduler once for each choice of its switches, with that choice alone."""
    names = list(entry.switches)
    chosen = itertools.product(*(entry.switches[name][1] for name in names))
    return [dataclasses.replace(entry, switches={
                name: (entry.switches[name][0], {value: entry.switches[name][1][value]})
                for name, value in zip(names, values, strict=True)}) for values in chosen]  # fmt: skip


def _watcher(claim: Property, power: Power) -> Callable[[Case], None]:
    return power.add if claim.identifier in MEASURED else lambda _: None


def _verdict(judged: Judged, claim: Property, subject: Subject) -> CellResult:
    place, counted = cell(subject.entry, claim), figures(judged.tally)
    if judged.failure is not None:
        found = finding(judged.failure, claim, place)
        return CellResult(place, Verdict.FAIL, f"after {counted.cases} cases", counted, findings=(found,))
    if not judged.tally.values or counted.values == counted.undecided:
        return CellResult(place, Verdict.UNDECIDED, "no case could be judged", counted)
    return CellResult(place, Verdict.PASS, "", counted)


Listener = Callable[[Unit, UnitResult], None]


def run(work: list[Unit], listeners: list[Listener], jobs: int) -> list[UnitResult]:
    """Judge all units, ``jobs`` at a time, in the order of ``work``."""
    results: list[UnitResult] = []
    if jobs <= 1:
        for unit in work:
            results.append(judge_unit(unit))
            for listener in listeners:
                listener(unit, results[-1])
        return results
    with ProcessPoolExecutor(max_workers=jobs) as pool:
        for unit, result in zip(work, pool.map(judge_unit, work), strict=True):
            results.append(result)
            for listener in listeners:
                listener(unit, result)
    return results
