"""A group that is added while a run goes on: the others keep their schedule, and it has one of its own."""

from __future__ import annotations

import dataclasses
import math
import operator
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import pairwise
from typing import Any

from conformance.engine.evidence import Tally
from conformance.schedulers import enclosures as legal
from conformance.schedulers import strategies
from conformance.schedulers.cases import ScheduleCase
from conformance.schedulers.checkpoints import halves
from conformance.schedulers.learning_rate import NO_GROUPS, one_of
from conformance.schedulers.property import SchedulerProperty
from conformance.schedulers.subject import RATE, Actions, SchedulerSubject, WrongReading, against, raised
from impls.catalogue.scheduler_entries import Scheduler
from impls.session import TargetError
from reference.balls.kept_values import kept_sums
from reference.balls.number import Number
from reference.balls.schedule import recurrence
from reference.undefined import Undefined

LR_OF_THE_ADDED = 1.0
REFUSED = "it refuses a group that is added later, of which groups/added tells"
ITS_OWN = "that of the schedule, from the one with which the group came or from its own first step"


def group_added(subject: SchedulerSubject, case: ScheduleCase, tally: Tally) -> WrongReading | None:
    """Add a group while the run goes on: those that were there keep their schedule."""
    before, after, _ = halves(case)
    actions: Actions = [*before, ["add", LR_OF_THE_ADDED], *after]
    answer = subject.outcome(case, actions)
    if isinstance(answer, TargetError):
        return raised(case, actions, answer, "the groups that were there go on")
    tally.element_cases += len(answer["used"]) * len(case.base)
    for group in range(len(case.base)):
        values = [reading[group] for reading in answer["used"]]
        if case.inputs:
            failure = one_of(case, actions, tally, group, [*values[: len(case.inputs) + 1]])
        else:
            enclosed = legal.stepped(case, group, len(values))
            failure = against(case, actions, tally, RATE, group, values, enclosed, range(len(values)))
        if failure:
            return failure
    return None


def added_scheduled(subject: SchedulerSubject, case: ScheduleCase, tally: Tally) -> WrongReading | None:
    """Look at the group that is added: its learning rate is that of the schedule, from a start that is its own."""
    before, after, count = halves(case)
    actions: Actions = [*before, ["add", LR_OF_THE_ADDED], *after]
    answer = subject.outcome(case, actions)
    if isinstance(answer, TargetError):
        tally.inapplicable.append(REFUSED)
        return None
    place = len(case.base)
    used = [reading[place] for reading in answer["used"] if len(reading) > place]
    tally.element_cases += len(used)
    tally.values += len(used)
    failure = (_missed if case.inputs else _unexplained)(with_added(case), place, used, answer["used"][-len(used) :])
    if failure is None:
        return None
    tally.outside += 1
    index = count + failure.index
    return dataclasses.replace(failure, case=case, actions=actions, expected=ITS_OWN, index=index, time=index)


def with_added(case: ScheduleCase) -> ScheduleCase:
    """Return the case of one group more, which has the settings of the first."""
    node, base = case.node, (*case.base, LR_OF_THE_ADDED)
    settings, factors = (*node.settings, *node.settings[:1]), (*node.factors, *node.factors[:1])
    return dataclasses.replace(case, node=dataclasses.replace(node, settings=settings, factors=factors), base=base)


def _unexplained(case: ScheduleCase, group: int, used: list[float], _: list[list[float]]) -> WrongReading | None:
    """Return what the meaning of a start that goes furthest does not have, or nothing where one has all."""
    failures = []
    for times, enclosed in _meanings(case, group, len(used)):
        failure = against(case, [], Tally(), RATE, group, used[1:], enclosed[1:], times[1:])
        if failure is None:
            return None
        failures.append(dataclasses.replace(failure, index=failure.index + 1))
    return max(failures, key=operator.attrgetter("index"), default=None)


def _meanings(case: ScheduleCase, group: int, count: int) -> Iterator[tuple[list[float], list[Number]]]:
    """Yield when, and what a schedule has there for a group that comes in the middle, by each meaning of its start.

    Its learning rate is the base of the schedule, in the schedule's time or in its own; or it is where a schedule is
    at that step that it goes on with.
    """
    first, known = case.split, legal.settings(case, case.node, group)
    now, own = [float(first + n) for n in range(count)], [float(n) for n in range(count)]
    begins: dict[str, Any] = {"start": first, "first": Number.exactly(LR_OF_THE_ADDED)}
    ways: list[tuple[list[float], Callable[[], Iterable[Number]]]] = [
        (now, lambda: legal.at_epochs(case, group, now)),
        (now, lambda: legal.at_epochs(case, group, now, formula=True)),
        (own, lambda: legal.stepped(case, group, count)),
        (now, lambda: kept_sums(known, count, **begins)),
    ]
    if case.node.schedule.recurrence is not None:
        ways.append((now, lambda: recurrence(known, count, **begins)))
    for times, enclosures in ways:
        with suppress(Undefined):
            yield times, list(enclosures())


def _missed(case: ScheduleCase, group: int, used: list[float], all_: list[list[float]]) -> WrongReading | None:
    """Return the first reading at which another group was reduced and this one, which could be, was not."""
    values = case.node.settings[0]
    for index, ((before, *_), (after, *_)) in enumerate(pairwise(all_), start=1):
        reduced = max(used[index - 1] * values["factor"], values["min_lr"])
        if after < before and used[index - 1] - reduced > values["eps"] and used[index] >= used[index - 1]:
            ends = math.nextafter(reduced, -math.inf), math.nextafter(reduced, math.inf)
            return WrongReading(case, [], RATE, used[index], ends, ITS_OWN, index, group)
    return None


def _knows_groups(entry: Scheduler) -> str:
    return "its parts are asked" if entry.composed else ""


PROPERTIES = (
    SchedulerProperty(
        "groups/added",
        "A group that is added later does not stop the schedule of the others.",
        "torch.optim.Optimizer.add_param_group: made for layers that are trained later",
        group_added,
        strategies.of,
        _knows_groups,
        not_asked=NO_GROUPS,
    ),
    SchedulerProperty(
        "groups/added-scheduled",
        "A group that is added later has a learning rate of the schedule, or is refused.",
        "torch.optim.lr_scheduler.LRScheduler: it schedules every group of its optimizer",
        added_scheduled,
        strategies.of,
        _knows_groups,
        not_asked=NO_GROUPS,
    ),
)
