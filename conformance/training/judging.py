"""Every step of a course is judged twice: from where it stood, and from the start."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from conformance.engine.evidence import Tally
from conformance.optimizers import agreement, trajectory
from conformance.optimizers.agreement import Outside
from conformance.optimizers.cases import Case, GroupCase, TensorCase
from conformance.optimizers.prepared import Prepared
from conformance.optimizers.subject import RuleSubject, StepsRead, TensorOutcome
from conformance.training.runs import TrainingRun


@dataclass(frozen=True)
class TrainingJudgement:
    """What judging a course gave.

    ``values`` are compared with the enclosure of one step, where it is known what it began from, and with that of all
    steps from the start: each of them counts.  ``undecided`` are element-cases that no step decides, and of a course
    whose states are hidden those that all steps from the start do not.  ``finite_steps`` counts the steps, from the
    first, at which every propagated end is finite; ``widths`` is the widest propagated enclosure of a parameter after
    each step.
    """

    values: int
    outside_local: int
    outside_propagated: int
    undecided: int
    finite_steps: int
    widths: tuple[float, ...]
    failures: tuple[Outside, ...] = ()
    """What is outside, first what a single step could not return."""


def judge(
    subject: RuleSubject, settings: Mapping[str, float], tensors: tuple[Prepared, ...], course: TrainingRun
) -> TrainingJudgement:
    """Judge a course in the enclosures of each step and in those propagated from the start.

    Where states are not shown, what a step began from is known of the first one alone.
    """
    local, along = Tally(), Tally()
    steps = len(course.values)
    with np.errstate(all="ignore"):
        for step in range(1 if subject.hidden else steps):
            case, items, outcome = _one_step(settings, tensors, course, step)
            agreement.judge(case, items, outcome, subject, local)
        whole = _case(settings, tensors, steps)
        finite, widths = _propagated(subject, whole, tensors, course)
        trajectory.judge(whole, tensors, _outcome(course, range(steps)), subject, along)
    failures = (*local.failures, *along.failures)
    values, undecided = local.values + along.values, (along if subject.hidden else local).undecided
    return TrainingJudgement(values, local.outside, along.outside, undecided, finite, widths, failures)


def _case(settings: Mapping[str, float], tensors: tuple[Prepared, ...], steps: int) -> Case:
    shown = tuple(TensorCase(item.shape, item.count) for item in tensors)
    return Case((), (GroupCase(dict(settings), shown),), steps)


def _outcome(course: TrainingRun, steps: range) -> StepsRead:
    read = tuple(tuple(TensorOutcome(values, float(step + 1)) for values in course.values[step]) for step in steps)
    return StepsRead(read, 0.0, course.state_formats)


def _one_step(
    settings: Mapping[str, float], tensors: tuple[Prepared, ...], course: TrainingRun, step: int
) -> tuple[Case, tuple[Prepared, ...], StepsRead]:
    """Return one step of a course as a case of its own, from the state that the step before left."""
    items = []
    for index, item in enumerate(tensors):
        values = dict(item.values)
        if step > 0:
            left = course.values[step - 1][index]
            values |= {name: value for name, value in left.items() if value is not None}
        gradient = item.gradients[step : step + 1]
        items.append(dataclasses.replace(item, count=step, values=values, gradients=gradient))
    return _case(settings, tuple(items), 1), tuple(items), _outcome(course, range(step, step + 1))


def _propagated(
    subject: RuleSubject, case: Case, tensors: tuple[Prepared, ...], course: TrainingRun
) -> tuple[int, tuple[float, ...]]:
    """Return for how many steps every end stays finite, and the widest parameter at each step."""
    name = subject.rules[()].parameter.symbol.name
    outcome = _outcome(course, range(case.steps))
    bounded = np.ones(case.steps, bool)
    widest = np.zeros(case.steps)
    for item in tensors:
        for step, legal in enumerate(trajectory.propagate(case, item, outcome, subject, subject.profile)):
            bounded[step] &= all(interval.bounded for interval in legal.values())
            widest[step] = max(widest[step], float(np.max(legal[name].hi - legal[name].lo)))
    finite = case.steps if bounded.all() else int(np.argmin(bounded))
    return finite, tuple(float(width) for width in widest)
