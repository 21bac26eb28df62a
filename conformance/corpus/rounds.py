"""One round of a search: a unit that is judged with a seed and a budget of its own, or replays stored cases."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from conformance import claims
from conformance.engine.claim import Claim, Plan, Unit
from conformance.engine.evidence import Evidence, Exhibit
from conformance.engine.exploration import Exploration
from conformance.engine.judging import Done, Judged
from conformance.engine.power import Power
from conformance.engine.stored_case import CaseError
from conformance.engine.verdict import Cell, Level
from impls.session import Session

EXTREME, KILLING = "largest ratio", "killing case"
"""The sorts of exhibits by which a judge tells what a corpus may keep."""
Cases = Mapping[str, tuple[Mapping[str, Any], ...]]
"""By property the cases that are replayed, in plain form."""


@dataclass(frozen=True)
class SearchRound:
    """A unit in one round, with those of its claims that are judged; where there are ``cases`` these alone."""

    unit: Unit
    place: int
    number: int
    properties: tuple[str, ...]
    cases: Cases | None = None
    levels: Mapping[str, Level] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """The unit in a line."""
        return self.unit.label

    @property
    def chapter(self) -> str:
        """The chapter of its claims."""
        return self.unit.chapter

    @property
    def python(self) -> str | None:
        """The interpreter of its worker."""
        return self.unit.python

    @property
    def timeout(self) -> float:
        """Seconds that one answer may take."""
        return self.unit.timeout

    @property
    def memory(self) -> int:
        """Bytes that the worker may allocate."""
        return self.unit.memory

    def cell(self, claim: str) -> Cell:
        """Return the cell of a claim."""
        return self.unit.cell(claim)

    def subject(self, session: Session) -> Any:
        """Return the subject."""
        return self.unit.subject(session)

    def plan(self, claim: Claim, power: Power) -> Plan:
        """Return how hard a claim is tested."""
        return self.unit.plan(claim, power)

    def power(self) -> Power:
        """Return the power of a unit that has judged nothing."""
        return self.unit.power()

    def exhibits(self, subject: Any) -> Iterator[Exhibit]:
        """Yield what the report shows besides verdicts, in the first round."""
        if self.number == 1:
            yield from self.unit.exhibits(subject)


def judge(unit: Unit, done: Mapping[str, Done] | None = None) -> Iterator[Judged | Exhibit]:
    """Judge a round; with its cells come the cases that a corpus may keep."""
    cases = unit.cases if isinstance(unit, SearchRound) else None
    known = claims.BY_IDENTIFIER[unit.chapter]
    book = {name: cast("Claim", WatchedClaim(known[name], cases)) for name in unit.properties}
    yield from claims.judge(unit, done, book)


@dataclass(frozen=True)
class WatchedClaim:
    """A claim that tells which of its cases come closest to their bounds, and which kill mutants.

    With ``cases`` it judges these in the place of its own.
    """

    claim: Claim
    cases: Cases | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.claim, name)

    def judge(self, subject: Any, plan: Plan) -> Evidence:
        """Judge the claim, and add the cases of interest to what it exhibits."""
        before = {label: set(names) for label, names in plan.power.killed.items()} if plan.power else {}
        if self.cases is None:
            evidence = self.claim.judge(subject, plan)
        else:
            evidence = replayed(self.claim, subject, plan, self.cases.get(self.claim.identifier, ()))
        evidence.tally.exhibits.extend(self._interesting(evidence, plan.power, before))
        return evidence

    def _interesting(
        self, evidence: Evidence, power: Power | None, before: Mapping[str, set[str]]
    ) -> Iterator[Exhibit]:
        kind = self.claim.kind
        if evidence.extreme is not None:
            ratio, plain = evidence.extreme
            yield Exhibit(EXTREME, {"kind": kind.name, "case": plain, "ratio": ratio})
        if power is None:
            return
        told: dict[int, tuple[Any, list[str]]] = {}
        for label, names in power.killed.items():
            for line in names.keys() - before.get(label, set()):
                case = power.cases.get((label, line))
                if case is not None:
                    told.setdefault(id(case), (case, []))[1].append(f"{label}: {line}")
        for case, lines in told.values():
            yield Exhibit(KILLING, {"kind": kind.name, "case": kind.write(case), "mutants": sorted(lines)})


def replayed(claim: Claim, subject: Any, plan: Plan, cases: tuple[Mapping[str, Any], ...]) -> Evidence:
    """Judge stored cases that fit the subject; what cannot be read is passed over."""
    exploration = Exploration(claim.kind)
    tally = exploration.evidence.tally
    plan = dataclasses.replace(plan, credit=plan.credit or claim.identifier)
    for plain in cases:
        try:
            case = claim.kind.read(plain)
            fits = claim.kind.fits(subject, claim, case)
        except (CaseError, LookupError):  # of another version, or of a scheduler that is not there
            continue
        if fits:
            exploration.listed([case], lambda case: claim.run(subject, case, tally, plan))
    return exploration.evidence
