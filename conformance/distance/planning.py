"""The questions of a unit: it is judged without answers, so that all is asked that no answer decides."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from conformance import claims
from conformance.catalogue.installed import TORCH
from conformance.contract.clause import draws
from conformance.diagnosis.places import followed, place_of_step
from conformance.diagnosis.recordings import Recording, record, telling
from conformance.distance.asking import AskingSession
from conformance.distance.questions import Questions
from conformance.engine.claim import Claim, Plan, Unit
from conformance.engine.evidence import Evidence, Exhibit
from conformance.engine.judging import Done, Judged
from conformance.engine.verdict import Verdict
from conformance.optimizers.prepared import prepare
from conformance.optimizers.subject import StepsRead, WorkerSubject
from impls.session import NotAsked, Session, TargetError, WorkerFailure

_HERE: dict[tuple[str | None, float, int], Session] = {}
"""The workers of this process, which lives as long as they."""


@dataclass(frozen=True)
class Planning:
    """What a process does with each unit: its questions go to a file of their own in ``folder``.

    To ``rehearse`` is to judge it here too, on the host: what is asked of a finding here is asked there as well.
    """

    folder: Path
    rehearse: bool = False

    def __call__(self, unit: Unit, done: Mapping[str, Done]) -> Iterator[Judged | Exhibit]:
        """Note the questions of a unit; yields the cells alone at which stepproof breaks."""
        key = (unit.python, unit.timeout, unit.memory)
        if key not in _HERE:
            _HERE[key] = Session(unit.python, timeout=unit.timeout, memory=unit.memory)
        questions = Questions(self.folder / part_of(unit.label), unit.timeout, unit.memory)
        with AskingSession(questions, _HERE[key]) as session:
            planned = _PlannedUnit(unit, session)
            for event in claims.judge(cast("Unit", planned), None, planned.book(), session):
                if isinstance(event, Judged) and event.result.verdict is Verdict.OURS:
                    yield event
            planned.ask_besides()
            if self.rehearse:
                session.deciding = True
                for _ in claims.judge(unit, session=session):
                    pass
        questions.close()


def part_of(label: str) -> str:
    """Return the name of the file of a unit's questions."""
    return hashlib.sha256(label.encode()).hexdigest()[:16]


class _PlannedUnit:
    """A unit whose subject is made with the help of a worker here, and whose claims are told apart."""

    def __init__(self, unit: Unit, session: AskingSession) -> None:
        self.unit, self.session = unit, session
        self.made: Any = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.unit, name)

    def subject(self, session: Session) -> Any:
        self.session.deciding = True
        try:
            self.made = self.unit.subject(session)
        finally:
            self.session.deciding = False
        return self.made

    def book(self) -> dict[str, Claim]:
        known = claims.BY_IDENTIFIER[self.unit.chapter]
        return {name: cast("Claim", _PlannedClaim(known[name], self.session)) for name in self.unit.properties}

    def ask_besides(self) -> None:
        """Ask what a finding may need: whether equal runs differ, what tells formulas apart, and what writes what."""
        self.session.questions.group += 1
        if isinstance(self.made, WorkerSubject):
            for ask in (draws, _tell_apart, place_of_step):
                with suppress(NotAsked, TargetError, WorkerFailure):
                    ask(self.made)


def _tell_apart(subject: WorkerSubject) -> None:
    """Ask for the runs that tell formulas apart, and which lines write what in them."""
    record(subject, ())
    nothing = StepsRead((), 0.0, {})
    for case in telling(subject):
        prepared = prepare(case, subject.rules[case.switches], subject.storage)
        if subject.implementation.framework == TORCH:
            followed(subject, Recording(case, prepared, nothing))


@dataclass(frozen=True)
class _PlannedClaim:
    """A claim whose questions are a group; whether it applies is decided with the help of a worker here."""

    claim: Claim
    session: AskingSession

    def __getattr__(self, name: str) -> Any:
        return getattr(self.claim, name)

    def applies(self, subject: Any) -> str:
        self.session.questions.group += 1
        self.session.deciding = True
        try:
            return self.claim.applies(subject)
        finally:
            self.session.deciding = False

    def judge(self, subject: Any, plan: Plan) -> Evidence:
        return self.claim.judge(subject, dataclasses.replace(plan, explained=_everything))


def _everything(_: object) -> bool:
    """Return True: what a stand-in makes of a case is no failure."""
    return True
