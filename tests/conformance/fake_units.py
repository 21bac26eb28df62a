"""Units, claims and cases of the simplest sort: what the engine does with them needs no framework."""

from __future__ import annotations

import dataclasses
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from conformance.engine.claim import Claim, Kind, Moves, NotRunError, Plan, Told, Unit
from conformance.engine.evidence import RAISED, Evidence, Exhibit, Stop, Tally
from conformance.engine.exploration import Exploration
from conformance.engine.judging import Done, Judged, judge_unit
from conformance.engine.ledger import OPTIMIZERS, Entry
from conformance.engine.power import Power
from conformance.engine.stored_case import CaseError
from conformance.engine.verdict import Cell, Level
from impls.session import Session, TargetError, WorkerFailure

Act = Callable[[int], None]
"""What happens at a case."""
VERSION = "1"


@dataclass(frozen=True)
class FakeFailure:
    """A number that is above what is legal."""

    case: int
    quantity: str = "x"
    count: int = 1
    said: str = ""

    @property
    def told(self) -> str:
        return self.said or f"{self.quantity} = {self.case}"

    @property
    def likeness(self) -> str:
        return self.quantity


@dataclass(frozen=True)
class FakeKind:
    """Cases that are whole numbers; a smaller one is simpler."""

    name: str = "number"
    most_findings: int = 2
    confirmed: str = "seen directly"

    def write(self, case: int) -> dict[str, Any]:
        return {"number": case}

    def read(self, plain: Mapping[str, Any]) -> int:
        if not isinstance(plain.get("number"), int):
            raise CaseError("it has no number")
        return int(plain["number"])

    def fits(self, subject: Any, claim: Any, case: int) -> bool:
        return case >= 0

    def stopped(self, subject: Any, stop: Stop) -> FakeFailure | None:
        return None if stop.case is None else FakeFailure(stop.case, RAISED, said=stop.fact)

    def moves(self, subject: Any, claim: Any, failure: Any) -> Moves:
        case = failure.case
        while case > 0 and (yield case - 1) is not None:
            case -= 1

    def trials(self, subject: Any, failure: Any) -> int:
        return 100

    def confirms(self, subject: Any, claim: Any, failure: Any) -> str:
        return self.confirmed

    def tell(self, subject: Any, claim: Any, failure: Any) -> Told:
        return Told(failure.quantity, {}, ("0", f"{subject.legal}"), str(failure.case))

    def script(self, subject: Any, claim: Any, failure: Any) -> str:
        return f"print({failure.case})\n"


@dataclass(frozen=True)
class FakeSubject:
    """A function that returns its case, of which numbers up to ``legal`` are legal."""

    session: Session | None = None
    legal: int = 10
    own: bool = True
    library: str = "torch"
    printed_profile: str = "as written"
    label: str = "fake"
    extends: tuple[str, ...] = ()

    def cell(self, claim: str) -> Cell:
        return Cell(self.label, "path", "cpu", "float32", claim)

    def kin(self, claim: str) -> tuple[Cell, ...]:
        return self.cell(claim), *(dataclasses.replace(self.cell(claim), implementation=name) for name in self.extends)

    def beside(self, entry: Entry) -> FakeSubject:
        return FakeSubject(self.session, entry.ranks[1]) if entry.ranks else self


@dataclass(frozen=True)
class FakeClaim:
    """Judges listed cases; ``acts`` says what happens at some of them."""

    identifier: str
    cases: tuple[int, ...] = (1, 2, 3)
    acts: Mapping[int, Act] = field(default_factory=dict)
    kind: Kind = FakeKind()
    reason: str = ""
    concerned: bool = True
    undecided: bool = False
    sentence: str = "A number is legal."
    source: str = "arithmetic"
    share: float = 1.0
    measures_power: bool = False
    level: Level = Level.MUST
    promised: str = ""
    methods: tuple[str, ...] = ()

    def unpromised(self, subject: Any) -> str:
        return self.promised

    def concerns(self, subject: Any) -> bool:
        return self.concerned

    def applies(self, subject: Any) -> str:
        return self.reason

    def replayed_as(self, entry: Entry) -> Claim:
        return self

    def judge(self, subject: FakeSubject, plan: Plan) -> Evidence:
        exploration = Exploration(self.kind)
        tally = exploration.evidence.tally
        exploration.listed(self.cases, lambda case: self.run(subject, case, tally, plan))
        return exploration.evidence

    def run(self, subject: FakeSubject, case: int, tally: Tally, plan: Plan) -> None:
        self.acts.get(case, lambda _: None)(case)
        tally.add(Tally(1, 1, 1, undecided=int(self.undecided)))
        failure = FakeFailure(case)
        if case > subject.legal and not plan.explained(failure):
            tally.fail(failure)


def exits(_: int) -> None:
    os._exit(4)


def is_killed(_: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def raises(case: int) -> None:
    raise ZeroDivisionError(f"of ours at {case}")


def step_raises(_: int) -> None:
    raise TargetError("step", "RuntimeError", "no step today", "")


def worker_dies(_: int) -> None:
    raise WorkerFailure("signal", "the worker was killed by SIGKILL", "look for the cause")


def worker_hangs(_: int) -> None:
    raise WorkerFailure("timeout", "the worker gave no answer within 60 s", "allow it more time")


def waits(_: int) -> None:
    time.sleep(600)


def started_apart(_: int) -> None:
    """Fail unless this process was started by another one than asked for it, without that one's threads."""
    asking = multiprocessing.parent_process()
    others = [thread.name for thread in threading.enumerate() if thread.name == "the parent's"]
    if asking is None or others or os.getppid() == asking.pid:
        raise RuntimeError(f"forked from {asking} with the threads {others}")


CLAIMS: Mapping[str, FakeClaim] = {
    claim.identifier: claim
    for claim in (
        FakeClaim("passes"),
        FakeClaim("passes/too", (4, 5)),
        FakeClaim("fails", (1, 20, 30)),
        FakeClaim("exits", acts={2: exits}),
        FakeClaim("is-killed", acts={2: is_killed}),
        FakeClaim("raises", acts={2: raises}),
        FakeClaim("waits", acts={2: waits}),
        FakeClaim("apart", acts={1: started_apart}),
        FakeClaim("of another sort", concerned=False),
    )
}


@dataclass(frozen=True)
class FakeUnit:
    """A unit of fake claims."""

    label: str
    properties: tuple[str, ...]
    not_run: str = ""
    broken: str = ""
    """Where an exception of ours is raised besides in a claim: subject or exhibits."""
    chapter: str = OPTIMIZERS
    python: str | None = None
    timeout: float = 60.0
    memory: int = 1 << 33
    levels: Mapping[str, Level] = field(default_factory=dict)

    def cell(self, claim: str) -> Cell:
        return FakeSubject(label=self.label).cell(claim)

    def subject(self, session: Session | None) -> FakeSubject:
        if self.not_run:
            raise NotRunError(self.not_run)
        if self.broken == "subject":
            raise ZeroDivisionError("of ours")
        return FakeSubject(session, label=self.label)

    def plan(self, claim: Claim, power: Power) -> Plan:
        return Plan(10, 1, 0)

    def power(self) -> Power:
        return Power(lambda _: ())

    def exhibits(self, subject: Any) -> Iterator[Exhibit]:
        if self.broken == "exhibits":
            raise ZeroDivisionError("of ours")
        yield Exhibit("label", {"label": self.label})


def version_of(library: str, session: Session | None) -> str:
    return VERSION


def judge(unit: FakeUnit, done: Mapping[str, Done] | None = None) -> Iterator[Judged | Exhibit]:
    """Judge a unit without a worker; what a process of the pool runs."""
    yield from judge_unit(unit, CLAIMS, None, version_of, done or {})  # type: ignore[arg-type]


def judge_slowly(unit: FakeUnit, done: Mapping[str, Done] | None = None) -> Iterator[Judged | Exhibit]:
    """Judge a unit without a worker, so slowly that somebody can be killed in the middle."""
    for event in judge(unit, done):
        time.sleep(0.3)
        yield event


def judge_with_a_fault(unit: Unit, done: Mapping[str, Done]) -> Iterator[Judged | Exhibit]:
    """Judge whatever unit with a mistake of ours in its first claim."""
    yield from _judge_but(unit, raises)


def judge_and_die(unit: Unit, done: Mapping[str, Done]) -> Iterator[Judged | Exhibit]:
    """Judge whatever unit in a process that dies in its last claim."""
    yield from _judge_but(unit, exits, place=-1)


def _judge_but(unit: Unit, act: Act, place: int = 0) -> Iterator[Judged | Exhibit]:
    known = {name: FakeClaim(name) for name in unit.properties}
    faulty = unit.properties[place]
    known[faulty] = FakeClaim(faulty, acts={2: act})
    fake = FakeUnit(unit.label, unit.properties)
    yield from judge_unit(fake, known, None, version_of, {})  # type: ignore[arg-type]
