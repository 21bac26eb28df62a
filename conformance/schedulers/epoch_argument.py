"""An epoch as the argument of step: the closed form there, and what is counted from there on."""

from __future__ import annotations

import dataclasses
import math
import operator

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from conformance.engine import methods
from conformance.engine.evidence import Tally
from conformance.schedulers import enclosures as legal
from conformance.schedulers import strategies
from conformance.schedulers.cases import ScheduleCase, SchedulerNode
from conformance.schedulers.learning_rate import plan
from conformance.schedulers.property import SchedulerProperty
from conformance.schedulers.stepping import VALUE, compared
from conformance.schedulers.strategies import Draw
from conformance.schedulers.subject import EPOCH, RATE, Actions, SchedulerSubject, WrongReading, against, raised
from impls.catalogue.scheduler_entries import TIMM, TORCH, Scheduler
from impls.session import TargetError

COUNT = "the number of steps, or the whole part of the epoch"


PARTS = st.sampled_from((0, 0.5, 0.25, 0.75))
"""Fractions of an epoch, each of them a number of every format."""


def by_epoch(subject: SchedulerSubject, case: ScheduleCase, tally: Tally) -> WrongReading | None:
    """Step to epochs by argument, and compare with the closed form there."""
    actions: Actions = [["epochs", list(case.inputs)]]
    answer = subject.outcome(case, actions)
    if isinstance(answer, TargetError):
        return raised(case, actions, answer, "the schedule has a value here")
    tally.element_cases += len(case.inputs) * len(case.base)
    for group in range(len(case.base)):
        values = [reading[group] for reading in answer["used"]]
        enclosed = legal.at_epochs(case, group, case.inputs)
        failure = against(case, actions, tally, RATE, group, values, enclosed, case.inputs)
        if failure:
            return failure
    return None


def epoch_then_steps(subject: SchedulerSubject, case: ScheduleCase, tally: Tally) -> WrongReading | None:
    """Step to an epoch by argument, and go on from there without one."""
    (epoch,) = case.inputs
    actions: Actions = [["epochs", list(case.inputs)], ["run", case.steps], ["read"]]
    enclosed = []
    for group in range(len(case.base)):
        (first,) = legal.at_epochs(case, group, case.inputs)
        enclosed.append([first, *legal.continued(case, group, epoch, case.steps + 1, first)])
    times = [epoch, *(epoch + step for step in range(case.steps + 1))]
    return compared(subject, case, tally, actions, enclosed, times)


def counted(subject: SchedulerSubject, case: ScheduleCase, tally: Tally) -> WrongReading | None:
    """Compare last_epoch at every reading with the steps made, and after step(epoch) with the epoch."""
    runs: list[tuple[Actions, float]] = [(plan(case), 0)]
    if subject.entry.by_epoch:
        steps: Actions = [["run", case.steps], ["read"]]
        runs = [(steps, 0), ([["epochs", list(case.inputs)], *steps], case.inputs[0])]
    for actions, start in runs:
        answer = subject.outcome(case, actions)
        if isinstance(answer, TargetError):
            return raised(case, actions, answer, VALUE)
        tally.element_cases += len(answer["epoch"])
        twice = actions[0][0] == "epochs"  # the epoch itself
        for index, found in enumerate(answer["epoch"]):
            tally.values += 1
            wanted = float(math.floor(start) + max(0, index - twice))
            if found is not None and found != wanted:
                tally.outside += 1
                ends = (wanted, wanted)
                return WrongReading(case, actions, EPOCH, float(found), ends, COUNT, index, 0, index)
    return None


def _last(node: SchedulerNode, otherwise: int) -> int:
    """Return the last step that a schedule has, where it has one."""
    ends = node.schedule.ends
    return int(node.settings[0][ends]) - 1 if ends else otherwise


def _restarts(node: SchedulerNode) -> list[int]:
    """Return the starts of the first cycles of a schedule with restarts."""
    length, growth = int(node.settings[0]["T_0"]), int(node.settings[0]["T_mult"])
    found = [0]
    while len(found) < 9 and found[-1] < 10**6:
        found.append(found[-1] + length)
        length *= growth
    return found


@st.composite
def epochs(draw: Draw, entry: Scheduler) -> ScheduleCase:
    """Draw epochs that go forward; fractional ones where the schedule has them."""
    case: ScheduleCase = draw(strategies.cases(entry))
    last = _last(case.node, 2 * strategies.LONGEST)
    whole = strategies.whole_numbers(case.node, 0, last)
    one = st.one_of(whole, st.integers(0, 4 * last).map(lambda x: x / 4)) if entry.fractional else whole
    inputs = draw(st.lists(one, min_size=1, max_size=6))
    return dataclasses.replace(case, inputs=tuple(sorted(inputs)))


@st.composite
def restarts(draw: Draw, entry: Scheduler) -> ScheduleCase:
    """Draw restarts of a schedule, many of them far beyond what is stepped through."""
    case: ScheduleCase = draw(strategies.cases(draw(st.sampled_from(strategies.with_setting(entry, "T_0")))))
    inputs = draw(st.lists(st.sampled_from(_restarts(case.node)), min_size=1, max_size=6))
    return dataclasses.replace(case, inputs=tuple(sorted(inputs)))


@st.composite
def one_epoch(draw: Draw, entry: Scheduler) -> ScheduleCase:
    """Draw an epoch and a few steps from there, within the horizon where there is one.

    Where the schedule has fractional epochs it is often one.
    """
    case: ScheduleCase = draw(strategies.cases(entry))
    last = _last(case.node, strategies.LONGEST)
    whole = strategies.whole_numbers(case.node, 0, last)
    epoch = draw(st.builds(operator.add, whole, PARTS) if entry.fractional else whole)
    steps = draw(st.integers(0, min(8, max(0, int(last - epoch)))))
    return dataclasses.replace(case, inputs=(epoch,), steps=steps)


def _by_epoch(entry: Scheduler) -> str:
    return "" if entry.by_epoch else "its step takes no epoch"


def _with_restarts(entry: Scheduler) -> str:
    return "" if entry.fractional else "it has no restarts"


def _epoch_and_steps(entry: Scheduler) -> str:
    if entry.interface != "torch":
        return "its step always takes the epoch" if entry.interface == TIMM else "it has no step of its own"
    return "" if entry.by_epoch else "its step takes no epoch"


def _counted(entry: Scheduler) -> SearchStrategy[ScheduleCase]:
    return one_epoch(entry) if entry.by_epoch and entry.interface == TORCH else strategies.of(entry)


def _counts(entry: Scheduler) -> str:
    return "" if entry.interface == TORCH else "it keeps no last_epoch"


PROPERTIES = (
    SchedulerProperty(
        "epoch/closed-form",
        "step(epoch) gives the closed form at that epoch, and agrees with stepping.",
        "torch.optim.lr_scheduler.LRScheduler.step",
        by_epoch,
        epochs,
        _by_epoch,
        share=3.0,
        of_functions=True,
        methods=methods.CLOSED_FORM,
    ),
    SchedulerProperty(
        "epoch/restarts",
        "step(epoch) begins a cycle at every restart, however far.",
        "the closed form",
        by_epoch,
        restarts,
        _with_restarts,
        share=3.0,
        of_functions=True,
        methods=methods.CLOSED_FORM,
    ),
    SchedulerProperty(
        "epoch/then-steps",
        "After step(epoch), steps without an argument go on from that epoch.",
        "torch.optim.lr_scheduler.LRScheduler.step",
        epoch_then_steps,
        one_epoch,
        _epoch_and_steps,
        methods=methods.CLOSED_FORM,
    ),
    SchedulerProperty(
        "epoch/counted",
        "Where a scheduler has a last_epoch it is the number of steps, or the epoch "
        "that it was given, without its fraction.",
        "torch.optim documentation: last_epoch",
        counted,
        _counted,
        _counts,
        methods=methods.CLOSED_FORM,
    ),
)
