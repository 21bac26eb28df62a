"""A program as a subject: it steps a folder of cases, and what it writes is judged as a rule's steps are."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from conformance import claims
from conformance.catalogue.optimizer_units import CASES_PER_SECOND, OptimizerUnit
from conformance.diagnosis.recordings import record
from conformance.distance.case_folder import CaseFolder, StepCase, joined
from conformance.engine.claim import Claim, Plan, Unit
from conformance.engine.evidence import Exhibit
from conformance.engine.judging import Done, Judged
from conformance.engine.power import Power
from conformance.optimizers import profile_search
from conformance.optimizers.cases import Case
from conformance.optimizers.prepared import Prepared
from conformance.optimizers.properties import PROPERTIES
from conformance.optimizers.subject import StepsRead, TensorOutcome, WorkerSubject, worker_subject
from conformance.optimizers.targeting import usual_formats
from conformance.recognition.optimizer import ANY_FORM
from impls.catalogue.entries import ExecutionPath, Implementation
from impls.devices import HOST
from impls.session import Answer, Deferred, NotAsked, Session, TargetError
from impls.worker.wire import Buffer
from reference.formats import FORMATS
from spec import rules as book
from spec.rule import UpdateRule

PROGRAM = "program"
"""The framework, and the library, of what is no library."""
OF_EVERY_PROGRAM: Mapping[str, Mapping[str, Any]] = {
    "hello": {"torch": ""},
    "signature": {"parameters": []},
    "step_place": {"place": ""},
}
"""What is answered for a program that cannot be asked: it has no version, no signature and no line."""
ELEMENTS = 1024
"""Elements of a large tensor."""
CLAIMS = tuple(claim.identifier for claim in PROPERTIES)


class ProgramSession(Session):
    """A program answers no question but by the results that it writes."""

    live = False

    def request(self, header: dict[str, Any], buffers: Iterable[Buffer] = ()) -> Answer:  # noqa: ARG002
        """Return what is so of every program; raises ``NotAsked`` for all else."""
        if header["op"] not in OF_EVERY_PROGRAM:
            raise NotAsked(header["op"])
        return Answer(dict(OF_EVERY_PROGRAM[header["op"]]), [])


@dataclass(frozen=True)
class CasesSubject(WorkerSubject):
    """A program in one format; while it is ``noting`` its cases are written, and none is answered."""

    cases: CaseFolder | None = None
    noting: bool = False

    def run(self, case: Case, prepared: tuple[Prepared, ...], *, every: bool = False) -> StepsRead:
        """Return what the program made of a case; raises ``Deferred`` or ``NotAsked`` where it made nothing yet."""
        rule = self.rules[case.switches]
        if self.cases is None or self.storage.name != self.cases.dtype or any(case.changes):
            raise NotAsked("run")
        portions = _portions(rule, prepared)
        given = [_step_case(rule, case, [prepared[place] for place in members]) for members in portions]
        if self.noting:
            for one in given:
                self.cases.write(one)
            raise Deferred("run")
        formats = {**usual_formats(self, case), rule.parameter.symbol.name: self.storage}
        steps: list[list[TensorOutcome | None]] = [[None] * len(prepared) for _ in range(case.steps)]
        for members, one in zip(portions, given, strict=True):
            found = self.cases.read(one, formats)
            if found is None:
                raise NotAsked("run")
            for place, step, outcome in _outcomes(rule, members, prepared, found):
                steps[step][place] = outcome
        whole = [tuple(outcome for outcome in step if outcome is not None) for step in steps]
        del formats[rule.parameter.symbol.name]
        return StepsRead(tuple(whole if every else whole[-1:]), 0.0, formats)


def _portions(rule: UpdateRule, prepared: tuple[Prepared, ...]) -> list[list[int]]:
    """Return the tensors that are one case: those with the same settings and count, where elements are alone."""
    alone = not rule.elementwise or any(state.scalar for state in rule.states)
    found: dict[tuple[int, int, int], list[int]] = {}
    for place, item in enumerate(prepared):
        found.setdefault((item.group, item.count, place if alone else -1), []).append(place)
    return list(found.values())


def _step_case(rule: UpdateRule, case: Case, members: list[Prepared]) -> StepCase:
    first = members[0]
    gradients = joined(item.gradients[step] for step in range(case.steps) for item in members)
    before = {
        quantity.symbol.name: joined(item.values[quantity.symbol.name] for item in members)
        for quantity in rule.quantities
    }
    elements = sum(item.gradients[0].size for item in members)
    shape = first.shape if len(members) == 1 else (elements,)
    return StepCase(case.groups[first.group].hyperparameters, shape, first.count, case.steps, before, gradients)


def _outcomes(
    rule: UpdateRule, members: list[int], prepared: tuple[Prepared, ...], found: Mapping[str, Any]
) -> Iterator[tuple[int, int, TensorOutcome]]:
    """Yield for each tensor of a case and each step its place, the step and what it became."""
    starts = dict.fromkeys(found, 0)
    for place in members:
        parts = {}
        for quantity in rule.quantities:
            name = quantity.symbol.name
            size = prepared[place].values[name].size
            parts[name] = found[name][:, starts[name] : starts[name] + size]
            starts[name] += size
        for step in range(len(next(iter(parts.values())))):
            yield place, step, TensorOutcome({name: rows[step] for name, rows in parts.items()}, None)


@dataclass(frozen=True)
class CasesUnit(OptimizerUnit):
    """The steps of a program on a folder of cases."""

    folder: CaseFolder | None = None
    noting: bool = False

    def subject(self, session: Session) -> WorkerSubject:
        """Return what is judged, with the profile that its results show."""
        plain = worker_subject(self.implementation, self.path, self.device, FORMATS[self.dtype], session)
        held = {item.name: getattr(plain, item.name) for item in dataclasses.fields(plain)}
        made = CasesSubject(**held, cases=self.folder, noting=self.noting)
        if made.found is not None:
            profile_search.find(made, made.found, self.seed)
        return made

    def plan(self, claim: Claim, power: Power) -> Plan:
        """Return how hard a claim is tested: the files stay small."""
        return dataclasses.replace(super().plan(claim, power), size=ELEMENTS)


def unit_of(
    rule: str, options: Mapping[str, str], dtype: str, properties: tuple[str, ...], budget: float, seed: int
) -> CasesUnit:
    """Return the unit of a program that claims a rule; ``budget`` is in seconds, as of a check."""
    formula = book.build(rule, options)
    constant = {item.keyword: () for item in formula.hyperparameters}
    path = ExecutionPath("cases", dtypes=(dtype,), profile=ANY_FORM, declared=False)
    program = Implementation(
        f"{PROGRAM}:{rule}",
        f"{PROGRAM}:{rule}",
        rule,
        (path,),
        options,
        counter=None,
        framework=PROGRAM,
        library=PROGRAM,
        declared=False,
        in_groups=constant,
    )
    cases = max(4, round(CASES_PER_SECOND * budget))
    asked = tuple(name for name in CLAIMS if name in properties) if properties else CLAIMS
    return CasesUnit(program, path, HOST, dtype, asked, cases, seed, steer=True)


@dataclass(frozen=True)
class CasesJudge:
    """What a process does with the unit of a program: it notes its cases, or judges its results."""

    def __call__(self, unit: Unit, done: Mapping[str, Done]) -> Iterator[Judged | Exhibit]:
        """Yield the cells of the unit, and what the report shows besides."""
        session = ProgramSession()
        yield from claims.judge(unit, done, session=session)
        if isinstance(unit, CasesUnit) and unit.noting:
            with suppress(NotAsked, TargetError):
                record(unit.subject(session), ())
