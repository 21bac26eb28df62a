"""What a program does besides a step of both: a step of the schedule alone, and arguments given otherwise."""

from __future__ import annotations

import dataclasses

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from conformance.engine import methods
from conformance.engine.evidence import Tally
from conformance.schedulers import enclosures as legal
from conformance.schedulers import strategies
from conformance.schedulers.cases import ScheduleCase
from conformance.schedulers.learning_rate import in_force
from conformance.schedulers.property import SchedulerProperty
from conformance.schedulers.strategies import Draw
from conformance.schedulers.subject import RATE, Actions, SchedulerSubject, WrongReading, against, raised
from impls.catalogue.scheduler_entries import OPTAX, Scheduler
from impls.session import TargetError
from reference.balls.number import Number

VALUE = "the schedule has a value here"


def compared(
    subject: SchedulerSubject,
    case: ScheduleCase,
    tally: Tally,
    actions: Actions,
    legal_: list[list[Number]],
    times: list[float],
) -> WrongReading | None:
    """Run actions and compare what every group of the case used with its enclosures."""
    answer = subject.outcome(case, actions)
    if isinstance(answer, TargetError):
        return raised(case, actions, answer, VALUE)
    tally.element_cases += len(answer["used"]) * len(case.base)
    for group, enclosed in enumerate(legal_):
        values = [reading[group] for reading in answer["used"]]
        failure = against(case, actions, tally, RATE, group, values, enclosed, times)
        if failure:
            return failure
    return None


def stepped_alone(subject: SchedulerSubject, case: ScheduleCase, tally: Tally) -> WrongReading | None:
    """Step the schedule several times before the optimizer makes its first step."""
    first = min(case.split, case.steps - 1)
    actions: Actions = [["skip", first], ["run", case.steps - 1 - first], ["read"]]
    enclosed = [legal.stepped(case, group, case.steps)[first:] for group in range(len(case.base))]
    return compared(subject, case, tally, actions, enclosed, [float(t) for t in range(first, case.steps)])


@st.composite
def said_otherwise(draw: Draw, entry: Scheduler) -> ScheduleCase:
    """Draw a case whose arguments are given in the other way."""
    case: ScheduleCase = draw(strategies.cases(entry))
    return dataclasses.replace(case, node=dataclasses.replace(case.node, otherwise=True))


def _plain(entry: Scheduler) -> SearchStrategy[ScheduleCase]:
    return strategies.of(entry)


def _steps_alone(entry: Scheduler) -> str:
    if entry.interface == OPTAX:
        return "the count is the optimizer's own"
    return "it steps with a metric" if strategies.follows_metrics(entry) else ""


def _two_ways(entry: Scheduler) -> str:
    return "" if entry.otherwise else "it takes its arguments in one way"


PROPERTIES = (
    SchedulerProperty(
        "order/steps",
        "Every call of step goes on by one, whether or not the optimizer has made a step.",
        "torch.optim documentation: how to adjust learning rate",
        stepped_alone,
        _plain,
        _steps_alone,
        methods=methods.ORDER,
    ),
    SchedulerProperty(
        "settings/otherwise",
        "Arguments that say the same in another way give the same schedule.",
        "torch.optim.lr_scheduler: epochs and steps_per_epoch, scale_fn",
        in_force,
        said_otherwise,
        _two_ways,
        methods=methods.CONSTRUCTOR_OF_SCHEDULER,
    ),
)
