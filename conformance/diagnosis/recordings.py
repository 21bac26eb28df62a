"""Runs of a subject that are judged again under every hypothesis."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from conformance.diagnosis.hypothesis import Hypothesis
from conformance.engine.drawing import draw
from conformance.engine.evidence import Tally
from conformance.optimizers import agreement, trajectory
from conformance.optimizers.cases import Case
from conformance.optimizers.prepared import Prepared, prepare
from conformance.optimizers.strategies import local_cases, trajectory_cases
from conformance.optimizers.subject import StepsRead, WorkerSubject
from impls.session import NotAsked, TargetError
from reference.expression import decided
from reference.formats import Array
from reference.undefined import Undefined
from spec.rule import UpdateRule

STEPS, COURSES = 20, 6
"""Cases of one step from any state, and of several steps from the start."""
SIZE, SIZE_OF_COURSE = 32, 8
SEED = 20


@dataclass(frozen=True)
class Recording:
    """One case, the arrays that it was given, and what the subject made of them."""

    case: Case
    prepared: tuple[Prepared, ...]
    outcome: StepsRead

    @property
    def from_start(self) -> bool:
        """Tell whether no tensor has made a step before."""
        return not any(item.count for item in self.prepared)

    def judged(self, subject: WorkerSubject, hypothesis: Hypothesis, *, briefly: bool = False) -> Tally | None:
        """Return what the hypothesis leaves outside; nothing where it cannot be asked here.

        Where its formula has no value no element is judged; ``briefly`` none after a value that is outside.
        """
        tally = Tally()
        judge = trajectory.judge if self.case.steps > 1 else agreement.judge
        try:
            supposed = hypothesis.of(subject)
            case = hypothesis.reading.settings(self.case)
            rule = supposed.rules[case.switches]
            case = _with_settings(case, rule)
            claimed = subject.rules[case.switches]
            prepared = _with_states(hypothesis.reading.prepared(self.prepared), rule, claimed, case)
            if prepared is None:
                return None
            judge(case, prepared, self.outcome, supposed, tally, briefly=briefly)
        except Undefined:
            return None  # the supposed formula has no value here, or the variant has no such setting
        return tally


def record(subject: WorkerSubject, first: Iterable[Case]) -> list[Recording]:
    """Return the runs of cases that are given and of others that are drawn to tell formulas apart."""
    return list(recorded(subject, (*first, *telling(subject))))


def telling(subject: WorkerSubject) -> list[Case]:
    """Return cases that tell formulas apart; where a state cannot be set every run begins at the start."""
    number = STEPS + COURSES if subject.hidden else COURSES
    courses = draw(trajectory_cases(subject.rules, subject.fixed, SIZE_OF_COURSE), number, SEED)
    drawn = local_cases(subject.rules, subject.fixed, SIZE, rate_changes=subject.rate_changes)
    steps = [] if subject.hidden else draw(drawn, STEPS, SEED)
    return [*steps, *courses]


def recorded(subject: WorkerSubject, cases: Iterable[Case]) -> Iterator[Recording]:
    """Yield the runs of cases, but for those at which the subject raises, or which it was not asked."""
    for case in cases:
        prepared = prepare(case, subject.rules[case.switches], subject.storage)
        try:
            yield Recording(case, prepared, subject.run(case, prepared, every=case.steps > 1))
        except (TargetError, NotAsked):
            continue


def _with_settings(case: Case, rule: UpdateRule) -> Case:
    """Return a case with the defaults of settings that only the supposed rule has."""
    defaults = {h.symbol.name: h.default for h in rule.hyperparameters}
    groups = tuple(
        dataclasses.replace(group, hyperparameters={**defaults, **group.hyperparameters}) for group in case.groups
    )
    return dataclasses.replace(case, groups=groups)


def _with_states(
    prepared: tuple[Prepared, ...], rule: UpdateRule, claimed: UpdateRule, case: Case
) -> tuple[Prepared, ...] | None:
    """Return tensors with the states that begin otherwise in the supposed rule, at their start.

    None where one that only this rule has is under way, and where one has another shape in it.
    """
    begun = {state.symbol: state.initial for state in claimed.states}
    shapes = {state.symbol: state.shape for state in claimed.states}
    found = []
    for item in prepared:
        if any(s.symbol in shapes and s.shape(item.shape) != shapes[s.symbol](item.shape) for s in rule.states):
            return None
        missing = [s for s in rule.states if s.symbol.name not in item.values]
        if item.count < 0 or (missing and item.count):
            return None
        if not item.count:
            missing = [s for s in rule.states if s in missing or begun.get(s.symbol, s.initial) != s.initial]
        scalars = case.groups[item.group].hyperparameters
        values: Mapping[str, Array] = {
            s.symbol.name: np.full(s.shape(item.shape), float(decided(s.initial)(**scalars))).reshape(-1)
            for s in missing
        }
        found.append(dataclasses.replace(item, values={**item.values, **values}))
    return tuple(found)
