"""What a program does besides stepping: a step of the schedule alone, an epoch by argument, a new group."""

from __future__ import annotations

import dataclasses
import math
import operator

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from conformance.schedules import legal, strategies
from conformance.schedules.cases import Case
from conformance.schedules.persistence import halves
from conformance.schedules.properties import COMPOSED, RATE, Property, in_force, one_of, plan
from conformance.schedules.strategies import Draw
from conformance.schedules.subject import EPOCH, Actions, Failure, Subject, Tally, against, stopped
from impls.scheduler import OPTAX, TIMM, TORCH, Scheduler
from impls.session import TargetError
from reference.balls.number import Number

LR_OF_THE_ADDED = 1.0
VALUE = "the schedule has a value here"
COUNT = "the number of steps, or the whole part of the epoch"
PARTS = st.sampled_from((0, 0.5, 0.25, 0.75))
"""Fractions of an epoch, each of them a number of every format."""


def compared(
    subject: Subject, case: Case, tally: Tally, actions: Actions, legal_: list[list[Number]],
    times: list[float],
) -> Failure | None:  # fmt: skip
    """Run actions and compare what every group of the case used with its enclosures."""
    answer = subject.outcome(case, actions)
    if isinstance(answer, TargetError):
        return stopped(case, actions, answer, VALUE)
    tally.readings += len(answer["used"]) * len(case.base)
    for group, enclosed in enumerate(legal_):
        values = [reading[group] for reading in answer["used"]]
        failure = against(case, actions, tally, RATE, group, values, enclosed, times)
        if failure:
            return failure
    return None


def stepped_alone(subject: Subject, case: Case, tally: Tally) -> Failure | None:
    """Step the schedule several times before the optimizer makes its first step."""
    first = min(case.split, case.steps - 1)
    actions: Actions = [["skip", first], ["run", case.steps - 1 - first], ["read"]]
    enclosed = [legal.stepped(case, group, case.steps)[first:] for group in range(len(case.base))]
    return compared(subject, case, tally, actions, enclosed, [float(t) for t in range(first, case.steps)])


def epoch_then_steps(subject: Subject, case: Case, tally: Tally) -> Failure | None:
    """Step to an epoch by argument, and go on from there without one."""
    (epoch,) = case.inputs
    actions: Actions = [["epochs", list(case.inputs)], ["run", case.steps], ["read"]]
    enclosed = []
    for group in range(len(case.base)):
        (first,) = legal.at_epochs(case, group, case.inputs)
        enclosed.append([first, *legal.continued(case, group, epoch, case.steps + 1, first)])
    times = [epoch, *(epoch + step for step in range(case.steps + 1))]
    return compared(subject, case, tally, actions, enclosed, times)


def counted(subject: Subject, case: Case, tally: Tally) -> Failure | None:
    """Compare last_epoch at every reading with the steps made, and after step(epoch) with the epoch."""
    runs: list[tuple[Actions, float]] = [(plan(case), 0)]
    if subject.entry.by_epoch:
        steps: Actions = [["run", case.steps], ["read"]]
        runs = [(steps, 0), ([["epochs", list(case.inputs)], *steps], case.inputs[0])]
    for actions, start in runs:
        answer = subject.outcome(case, actions)
        if isinstance(answer, TargetError):
            return stopped(case, actions, answer, VALUE)
        tally.readings += len(answer["epoch"])
        twice = actions[0][0] == "epochs"  # the epoch itself
        for index, found in enumerate(answer["epoch"]):
            tally.values += 1
            wanted = float(math.floor(start) + max(0, index - twice))
            if found is not None and found != wanted:
                tally.outside += 1
                ends = (wanted, wanted)
                return Failure(case, actions, EPOCH, float(found), ends, COUNT, index, 0, index)
    return None


@st.composite
def said_otherwise(draw: Draw, entry: Scheduler) -> Case:
    """Draw a case whose arguments are given in the other way."""
    case: Case = draw(strategies.cases(entry))
    return dataclasses.replace(case, node=dataclasses.replace(case.node, otherwise=True))


def group_added(subject: Subject, case: Case, tally: Tally) -> Failure | None:
    """Add a group while the run goes on: those that were there keep their schedule."""
    before, after, _ = halves(case)
    actions: Actions = [*before, ["add", LR_OF_THE_ADDED], *after]
    answer = subject.outcome(case, actions)
    if isinstance(answer, TargetError):
        return stopped(case, actions, answer, "the groups that were there go on")
    tally.readings += len(answer["used"]) * len(case.base)
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


@st.composite
def one_epoch(draw: Draw, entry: Scheduler) -> Case:
    """Draw an epoch and a few steps from there, within the horizon where there is one.

    Where the schedule has fractional epochs it is often one.
    """
    case: Case = draw(strategies.cases(entry))
    last = int(case.node.settings[0][entry.last]) - 1 if entry.last else strategies.LONGEST
    whole = strategies.whole_numbers(case.node, 0, last)
    epoch = draw(st.builds(operator.add, whole, PARTS) if entry.fractional else whole)
    steps = draw(st.integers(0, min(8, max(0, int(last - epoch)))))
    return dataclasses.replace(case, inputs=(epoch,), steps=steps)


def _plain(entry: Scheduler) -> SearchStrategy[Case]:
    return strategies.of(entry)


def _steps_alone(entry: Scheduler) -> str:
    if entry.interface == OPTAX:
        return "the count is the optimizer's own"
    return "it steps with a metric" if strategies.follows_metrics(entry) else ""


def _epoch_and_steps(entry: Scheduler) -> str:
    if entry.interface != "torch":
        return "its step always takes the epoch" if entry.interface == TIMM else "it has no step of its own"
    return "" if entry.by_epoch else "its step takes no epoch"


def _counted(entry: Scheduler) -> SearchStrategy[Case]:
    return one_epoch(entry) if entry.by_epoch and entry.interface == TORCH else strategies.of(entry)


def _counts(entry: Scheduler) -> str:
    return "" if entry.interface == TORCH else "it keeps no last_epoch"


def _two_ways(entry: Scheduler) -> str:
    return "" if entry.otherwise else "it takes its arguments in one way"


def _knows_groups(entry: Scheduler) -> str:
    return "its parts are asked" if entry.schedule in COMPOSED else ""


CALLS = (
    Property("order/steps",
            "Every call of step goes on by one, whether or not the optimizer has made a step.",
             "torch.optim documentation: how to adjust learning rate", stepped_alone, _plain, _steps_alone),
    Property("epoch/then-steps", "After step(epoch), steps without an argument go on from that epoch.",
             "torch.optim.lr_scheduler.LRScheduler.step", epoch_then_steps, one_epoch, _epoch_and_steps),
    Property("epoch/counted", "Where a scheduler has a last_epoch it is the number of steps, or the epoch "
             "that it was given, without its fraction.", "torch.optim documentation: last_epoch", counted,
             _counted, _counts),
    Property("settings/otherwise", "Arguments that say the same in another way give the same schedule.",
             "torch.optim.lr_scheduler: epochs and steps_per_epoch, scale_fn", in_force, said_otherwise,
             _two_ways),
    Property("groups/added", "A group that is added later does not stop the schedule of the others.",
             "torch.optim.Optimizer.add_param_group: made for layers that are trained later", group_added,
             _plain, _knows_groups),
)  # fmt: skip
