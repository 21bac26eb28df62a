"""Judges the cells of one unit: the ledger first, then listed and drawn cases, then the verdict."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from conformance.engine import crashes
from conformance.engine.claim import Claim, NotRunError, Patience, Plan, Subject, Unit, unexplained
from conformance.engine.evidence import Evidence, Exhibit, Failure, Stop, unasked
from conformance.engine.findings import confirmed_findings, findings_of
from conformance.engine.ledger import Entry, must_show, named
from conformance.engine.power import Power
from conformance.engine.reduction import reduced
from conformance.engine.replay import judge_known
from conformance.engine.verdict import Cell, CellResult, Level, Verdict, of_values_outside
from impls.session import NotAsked, Session, SuiteError, TargetError, WorkerFailure

Killed = Mapping[str, Mapping[str, str]]
VersionOf = Callable[[str, Session], str]
EXHIBITS = "exhibits"
"""Stands in the place of a property where what the report shows besides verdicts could not be made."""
UNASKED = "not asked at a distance: what decides which cases there are"
"""Why a cell is undecided where the question has no answer that comes before its cases."""
ALIKE_STOPS, ALIKE_HANGS = 3, 2
"""So many cells of a unit may end at the same place, and so many where each waits for the whole time-out."""


@dataclass(frozen=True)
class Spent:
    """What a cell took of what the cells of its unit may spend together: an end at a place, and simpler cases."""

    place: str = ""
    cause: str = ""
    fact: str = ""
    trials: int = 0


@dataclass(frozen=True)
class Judged:
    """A cell with its verdict, the mutants that its cases killed, and what the report shows beside it."""

    result: CellResult
    killed: Killed = field(default_factory=dict)
    exhibits: tuple[Exhibit, ...] = ()
    spent: Spent = Spent()


@dataclass(frozen=True)
class Done:
    """What a cell that is judged already leaves to those after it: the mutants killed, and what it spent."""

    killed: Killed = field(default_factory=dict)
    spent: Spent = Spent()


def judge_unit(
    unit: Unit, claims: Mapping[str, Claim], session: Session, version_of: VersionOf, done: Mapping[str, Done]
) -> Iterator[Judged | Exhibit]:
    """Yield the cells of a unit as they are judged, but for those that are ``done``, in one session.

    What the cells of a unit spend together is the unit's alone, so that no verdict depends on what is judged beside
    it, or before it was resumed.  What the report shows besides comes last.
    """
    asked = [name for name in unit.properties if name not in done]
    try:
        subject = unit.subject(session)
        version = version_of(subject.library, session)
    except (NotRunError, NotAsked) as reason:
        yield from _all(unit, asked, claims, *_why_not(reason))
        return
    except SuiteError as error:
        yield from _broken(unit, asked, claims, error)
        return
    except (TargetError, WorkerFailure) as failure:
        yield from _all(unit, asked, claims, Verdict.ERROR, str(failure))
        return
    except Exception as error:  # noqa: BLE001 - whatever of ours breaks costs this unit and no other
        yield from _broken(unit, asked, claims, error)
        return
    power, stops = unit.power(), Stops()
    for name in unit.properties:
        if name in done:
            power.merge(done[name].killed)
            stops.take(done[name].spent)
            continue
        judged = _judge(unit, subject, claims[name], version, power, stops)
        if judged is not None:
            yield judged
    yield from _exhibited(unit, subject)


def _why_not(reason: Exception) -> tuple[Verdict, str]:
    """Return how the cells of a unit end of which no subject could be made."""
    return (Verdict.UNDECIDED, UNASKED) if isinstance(reason, NotAsked) else (Verdict.NOT_RUN, str(reason))


def _exhibited(unit: Unit, subject: Subject) -> Iterator[Judged | Exhibit]:
    try:
        yield from unit.exhibits(subject)
    except NotAsked:
        return
    except Exception as error:  # noqa: BLE001 - the cells that are judged stay
        yield from _broken(unit, [EXHIBITS], {}, error)


def _all(unit: Unit, asked: list[str], claims: Mapping[str, Claim], verdict: Verdict, reason: str) -> Iterator[Judged]:
    for name in asked:
        yield Judged(CellResult(unit.cell(name), verdict, reason, level=claims[name].level))


def _broken(unit: Unit, asked: list[str], claims: Mapping[str, Claim], error: Exception) -> Iterator[Judged]:
    """Yield an error of stepproof for every cell: the first holds all that its report needs."""
    for name in asked:
        result = crashes.result_of(unit.cell(name), crashes.crash_of(error, unit.cell(asked[0])))
        yield Judged(dataclasses.replace(result, level=claims[name].level) if name in claims else result)


@dataclass
class Stops:
    """How often the cells of a unit have ended at the same place, and what their findings may still cost."""

    counts: dict[str, int] = field(default_factory=dict)
    told: str = ""
    patience: Patience = field(default_factory=Patience)
    last: Spent = Spent()
    """The end of the latest cell, where it ended at a place."""

    def add(self, stop: Stop) -> None:
        """Note where a cell ended; an exception of a step costs nothing, and is asked for again."""
        if isinstance(stop.error, WorkerFailure):
            self.last = Spent(stop.error.place, stop.error.cause, stop.fact)
            self._count(self.last)

    def take(self, spent: Spent) -> None:
        """Note what a cell spent that was judged before."""
        self.patience.trials -= spent.trials
        if spent.cause:
            self._count(spent)

    def _count(self, spent: Spent) -> None:
        self.counts[spent.place] = self.counts.get(spent.place, 0) + 1
        most = ALIKE_HANGS if spent.cause == "timeout" else ALIKE_STOPS
        if self.counts[spent.place] >= most and not self.told:
            self.told = f"not asked again after {most} properties at which {spent.fact}"


def _judge(unit: Unit, subject: Subject, claim: Claim, version: str, power: Power, stops: Stops) -> Judged | None:
    """Return one cell, or nothing where the claim is not about this sort of subject."""
    start, before, trials = time.perf_counter(), power.counts(), stops.patience.trials
    stops.last = Spent()
    exhibits: list[Exhibit] = []
    try:
        if not claim.concerns(subject):
            return None
        result = judge_cell(unit, subject, claim, version, power, exhibits=exhibits, stops=stops)
    except Exception as error:  # noqa: BLE001 - whatever of ours breaks costs this cell and no other
        cell = subject.cell(claim.identifier)
        result = crashes.result_of(cell, crashes.crash_of(error, cell))
    result = dataclasses.replace(
        result, seconds=time.perf_counter() - start, profile=result.profile or subject.printed_profile
    )
    spent = dataclasses.replace(stops.last, trials=trials - stops.patience.trials)
    return Judged(levelled(result, subject, claim), power.since(before), tuple(exhibits), spent)


def levelled(result: CellResult, subject: Subject, claim: Claim) -> CellResult:
    """Return a cell at its claim's level: what nobody promises of the subject only should hold."""
    if result.verdict is Verdict.FAIL and (why := claim.unpromised(subject)):
        return dataclasses.replace(result, level=Level.SHOULD, reason=f"{result.reason}; {why}")
    return dataclasses.replace(result, level=claim.level)


def judge_cell(
    unit: Unit,
    subject: Subject,
    claim: Claim,
    version: str,
    power: Power,
    *,
    exhibits: list[Exhibit] | None = None,
    stops: Stops | None = None,
) -> CellResult:
    """Judge one cell: whether it applies, what the ledger knows of it, and all that this leaves."""
    cell, stops = subject.cell(claim.identifier), stops or Stops()

    def explore(of: Any, known: Callable[[Failure], bool]) -> CellResult:
        plan = dataclasses.replace(unit.plan(claim, power), explained=known, patience=stops.patience)
        evidence = claim.judge(of, plan)
        if exhibits is not None:
            exhibits.extend(evidence.tally.exhibits)
        if evidence.stop is not None:
            stops.add(evidence.stop)
        return verdict(of, claim, cell, evidence, plan)

    kin = subject.kin(claim.identifier)
    entries = [entry for entry in named(unit.chapter) if any(entry.matches(known, version) for known in kin)]
    try:
        if reason := claim.applies(subject):
            return CellResult(cell, Verdict.NOT_APPLICABLE, reason)
        if stops.told:
            return CellResult(cell, Verdict.ERROR, stops.told)
        if not entries:
            return explore(subject, unexplained)

        def binding(entry: Entry) -> bool:
            return must_show(entry, cell, subject.library, version, catalogued=subject.own)

        return judge_known(subject, claim, cell, entries, explore, binding)
    except (NotAsked, TargetError, WorkerFailure) as error:
        if isinstance(error, SuiteError):
            raise
        return _ended(cell, error, stops)


def _ended(cell: Cell, error: NotAsked | TargetError | WorkerFailure, stops: Stops) -> CellResult:
    """Return the verdict on a cell whose cases could not be found."""
    if isinstance(error, NotAsked):
        return CellResult(cell, Verdict.UNDECIDED, UNASKED)
    stops.add(Stop(error))
    return CellResult(cell, Verdict.ERROR, Stop(error).fact)


def verdict(subject: Subject, claim: Claim, cell: Cell, evidence: Evidence, plan: Plan) -> CellResult:
    """Return the verdict that evidence gives, with its findings."""
    tally = evidence.tally
    figures, digest, crash = tally.figures, evidence.digest, None
    if evidence.broken is not None:
        crash = crashes.crash_of(evidence.broken, cell, evidence.broken_at)
    if tally.failures:
        before = plan.patience.unasked
        findings = confirmed_findings(subject, claim, cell, tally.failures, plan)
        decided, said = of_values_outside(findings, figures)
        simpler = plan.patience.unasked - before
        told = (said, tally.refusal, tally.left_unasked, unasked(simpler, "simpler case") if simpler else "")
        said = "; ".join(filter(None, told))
        return CellResult(cell, decided, said, figures, findings=findings, digest=digest, crash=crash)
    if crash is not None:
        return crashes.result_of(cell, crash, figures, digest)
    if evidence.stop is not None:
        error = CellResult(cell, Verdict.ERROR, "", figures, digest=digest)
        return _stopped(subject, claim, cell, evidence.stop, plan, error)
    if tally.inapplicable and not figures.element_cases and not tally.unasked:
        return CellResult(cell, Verdict.NOT_APPLICABLE, tally.inapplicable[0], figures, digest=digest)
    if tally.unasked or tally.mostly_refused or not figures.values or figures.element_cases <= figures.undecided:
        reason = "no element-case could be decided" if figures.cases else "no case was judged"
        reason = tally.left_unasked or (tally.refusal if tally.mostly_refused else reason)
        return CellResult(cell, Verdict.UNDECIDED, reason, figures, digest=digest)
    return CellResult(cell, Verdict.PASS, tally.refusal, figures, digest=digest)


def _stopped(subject: Subject, claim: Claim, cell: Cell, stop: Stop, plan: Plan, result: CellResult) -> CellResult:
    """Return the verdict on a cell whose subject stopped, with the smallest case at which it does."""
    failure = claim.kind.stopped(subject, stop)
    smallest = [] if failure is None else [reduced(subject, claim, failure, plan)]
    findings = findings_of(subject, claim, cell, smallest)
    return dataclasses.replace(result, reason=stop.fact, findings=findings)
