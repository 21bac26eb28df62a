"""Which hypotheses hold every learning rate of a scheduler, on cases that tell them apart."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import sympy as sp

from conformance.diagnosis.diagnosing import LEAST_DECIDED
from conformance.diagnosis.regimes import StepElement, told
from conformance.diagnosis.schedule_hypotheses import CLAIMED, ScheduleHypothesis, candidates
from conformance.engine.drawing import draw
from conformance.engine.evidence import Tally
from conformance.schedulers import strategies
from conformance.schedulers.boundary_cases import at_the_boundaries, groups_apart
from conformance.schedulers.cases import ScheduleCase
from conformance.schedulers.learning_rate import MOMENTUM, cycled_momentum, in_force, plan
from conformance.schedulers.subject import SchedulerSubject
from impls.session import NotAsked, TargetError
from reference.undefined import Undefined
from spec.symbols import t as count

DRAWN, LISTED = 16, 24
"""Cases that are drawn, and so many of those at boundaries."""
SEED = 20
USED = "used"


@dataclass(frozen=True)
class ScheduleRun:
    """A case, and what each group had at every step of it."""

    case: ScheduleCase
    readings: tuple[tuple[float, ...], ...]
    fails: bool
    wrong: frozenset[tuple[int, int]] = frozenset()
    """The group and the step of each reading that is far from the claim."""

    def held_by(self, hypothesis: ScheduleHypothesis, *, momentum: bool) -> tuple[int, int] | None:
        """Return how many readings a hypothesis holds, and how many it decides; nothing where it says nothing.

        These are the wrong ones, if there are any.  It ends with the first that is outside.
        """
        holding = decided = 0
        try:
            for group in range(len(self.case.base)):
                values = [reading[group] for reading in self.readings]
                enclosed = hypothesis.numbers(self.case, group, len(values), momentum=momentum)
                if enclosed is None:
                    return None
                for time, (value, numbers) in enumerate(zip(values, enclosed, strict=True)):
                    if not any(number.ball.is_finite() and number.contains(value) for number in numbers):
                        return -1, decided
                    if not self.wrong or (group, time) in self.wrong:
                        holding += 1
                        decided += len(numbers) == 1 and not numbers[0].both
        except Undefined:
            return None  # the supposed schedule has no value here, or no such setting
        return holding, decided


@dataclass(frozen=True)
class ScheduleDiagnosis:
    """What explains the readings: the likeliest hypothesis, and others that do too; else where they are wrong."""

    best: ScheduleHypothesis | None
    rivals: tuple[ScheduleHypothesis, ...]
    tried: int
    runs: int
    failing: int
    regimes: tuple[str, ...] = ()


def diagnose_schedule(subject: SchedulerSubject, first: Iterable[ScheduleCase], *, momentum: bool) -> ScheduleDiagnosis:
    """Return what a scheduler computes instead of its schedule; ``first`` are cases that are known to fail."""
    runs = list(recorded(subject, (*first, *telling(subject)), momentum=momentum))
    failing = sorted((run for run in runs if run.fails), key=lambda run: len(run.readings) * len(run.case.base))
    supposed = candidates(failing[0].case.node.schedule) if failing else ()
    if not failing:
        return ScheduleDiagnosis(None, (), 0, len(runs), 0)
    ordered = [*failing, *(run for run in runs if not run.fails)]
    # What grows by roundings of float64 is within those of float32, too: the first of these is the narrower.
    holding = [item for item in supposed if _holds(item, ordered, len(failing), momentum=momentum)]
    best, *others = sorted(holding, key=lambda item: item.sort) or (None,)
    rivals = [item for item in others if not (item.narrow and best is not None and best.growing)]
    regimes = told(list(_elements(ordered, momentum=momentum)), "the rate") if best is None else ()
    return ScheduleDiagnosis(best, tuple(rivals), len(supposed), len(runs), len(failing), regimes)


def telling(subject: SchedulerSubject) -> list[ScheduleCase]:
    """Return cases that tell schedules apart."""
    entry = subject.entry
    listed = [*at_the_boundaries(entry)[:LISTED], *groups_apart(entry)[:LISTED]]
    return [case for case in (*listed, *draw(strategies.of(entry), DRAWN, SEED)) if subject.takes(case)]


def recorded(subject: SchedulerSubject, cases: Iterable[ScheduleCase], *, momentum: bool) -> Iterator[ScheduleRun]:
    """Yield the runs of cases, but for those at which the scheduler raises."""
    for case in cases:
        if case.lr_dtype:
            continue
        try:
            answer = subject.run(case, plan(case))
            judge = cycled_momentum if momentum else in_force
            fails = judge(subject, case, Tally()) is not None
        except (TargetError, NotAsked):
            continue
        readings = answer["momentum" if momentum else USED]
        run = ScheduleRun(case, tuple(tuple(reading) for reading in readings), fails)
        yield dataclasses.replace(run, wrong=_far_off(run, momentum=momentum)) if fails else run


def _far_off(run: ScheduleRun, *, momentum: bool) -> frozenset[tuple[int, int]]:
    """Return the group and the step of each reading that is outside of what the claim may have in any order."""
    found = set()
    for group in range(len(run.case.base)):
        try:
            enclosed = CLAIMED.numbers(run.case, group, len(run.readings), momentum=momentum) or []
        except Undefined:
            continue
        for time, (reading, numbers) in enumerate(zip(run.readings, enclosed, strict=True)):
            if not any(number.contains(reading[group]) for number in numbers):
                found.add((group, time))
    return frozenset(found)


def _holds(hypothesis: ScheduleHypothesis, runs: Sequence[ScheduleRun], failing: int, *, momentum: bool) -> bool:
    """Tell whether a hypothesis holds every reading, says something of most runs that fail, and decides."""
    asked = values = decided = 0
    for place, run in enumerate(runs):
        if place == failing and 2 * asked <= failing:
            return False
        found = run.held_by(hypothesis, momentum=momentum)
        if found is None:
            continue
        if found[0] < 0:
            return False
        asked += place < failing
        if place < failing:
            values, decided = values + found[0], decided + found[1]
    return 2 * asked > failing and decided > LEAST_DECIDED * values


def _elements(runs: Iterable[ScheduleRun], *, momentum: bool) -> Iterator[StepElement]:
    """Yield every reading with what is so of it, whether it is wrong, and its ratio to the schedule's."""
    for run in runs:
        for group in range(len(run.case.base)):
            try:
                numbers = CLAIMED.numbers(run.case, group, len(run.readings), momentum=momentum) or []
                joints = _joints(run.case, group)
            except Undefined:
                continue
            settings = {**run.case.node.settings[group], "lr": run.case.base[group]}
            schedule = run.case.node.schedule
            whole = {
                item.keyword for item in schedule.hyperparameters if item.symbol.is_integer and not item.multiplies
            }
            lengths = {name: value for name, value in settings.items() if name in whole}
            for time, (reading, alternatives) in enumerate(zip(run.readings, numbers, strict=True)):
                right = float(alternatives[0].ball.mid())
                value = reading[group]
                wrong = (group, time) in run.wrong
                ratio = value / right if right else float("nan")
                shared = {"in the first group" if group == 0 else "in further groups"}
                shared |= {"at t = 0" if time == 0 else "after t = 0"}
                shared |= {f"{'from' if time >= at else 'before'} {name}" for name, at in joints.items()}
                shared |= {f"at t = {name}" for name, at in lengths.items() if time == at}
                shared |= {f"from t = 2·{name} on" for name, at in lengths.items() if time >= 2 * at}
                yield StepElement(frozenset(shared), wrong, ratio, {**settings, count.name: float(time)}, 1)


def _joints(case: ScheduleCase, group: int) -> dict[str, float]:
    """Return the times of the joints of a schedule by their names; of one that repeats the first after the start."""
    schedule = case.node.schedule
    values = {**case.node.settings[group], "lr": case.base[group]}
    swap = {item.symbol: values[item.keyword] for item in schedule.hyperparameters if item.keyword in values}
    found = {}
    for joint in schedule.joints:
        at = joint.time.subs(swap).subs(sp.Symbol("i"), 1)
        if at.is_number and at > 0:
            found[f"the first `{joint.name}`" if joint.repeated else f"`{joint.name}`"] = float(at)
    return found


def quantity_is_momentum(quantity: str) -> bool:
    """Tell whether a finding's quantity is the momentum, which has a formula of its own."""
    return quantity == MOMENTUM
