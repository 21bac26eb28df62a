"""Saving and resuming: by state_dict in three ways, and by last_epoch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from conformance.engine import methods
from conformance.engine.evidence import Tally
from conformance.schedulers import enclosures as legal
from conformance.schedulers import strategies
from conformance.schedulers.cases import ScheduleCase
from conformance.schedulers.property import JudgeCase, SchedulerProperty
from conformance.schedulers.subject import RATE, Actions, SchedulerSubject, WrongReading, against, raised, same
from impls.catalogue.scheduler_entries import OPTAX, TIMM, Scheduler
from impls.session import TargetError


def halves(case: ScheduleCase) -> tuple[Actions, Actions, int]:
    """Return the actions before and after the split, and how many readings come before."""
    if case.inputs:
        first, rest = list(case.inputs[: case.split]), list(case.inputs[case.split :])
        return [["read"], ["metrics", first]], [["metrics", rest], ["read"]], 1 + len(first)
    return [["run", case.split]], [["run", case.steps - 1 - case.split], ["read"]], case.split


def restored(way: str) -> JudgeCase:
    """Return a judge that saves after ``split`` steps and goes on with fresh objects."""

    def judge(subject: SchedulerSubject, case: ScheduleCase, tally: Tally) -> WrongReading | None:
        before, after, count = halves(case)
        if not case.inputs and case.steps - 1 < case.split:
            return None
        actions = [*before, ["save", way], *after]
        whole, split = subject.outcome(case, [*before, *after]), subject.outcome(case, actions)
        if isinstance(whole, TargetError):
            tally.leave_open()
            return None
        if isinstance(split, TargetError):
            return raised(case, actions, split, "the saved run goes on")
        if way in split["notes"]:
            tally.inapplicable.append(UNFIT)
            return None
        return _goes_on(case, actions, tally, split, whole, count)

    return judge


def _goes_on(
    case: ScheduleCase, actions: Actions, tally: Tally, split: Mapping[str, Any], whole: Mapping[str, Any], count: int
) -> WrongReading | None:
    """Compare what was read after ``count`` readings with the run that was not interrupted, bit for bit."""
    tally.element_cases += len(split["used"]) * len(case.base)
    words = "what the run has that was not interrupted"
    for quantity, name in ((RATE, "used"), ("the momentum", "momentum"), ("get_last_lr", "last")):
        failure = same(case, actions, tally, quantity, split[name][count:], whole[name][count:], words, count)
        if failure:
            return failure
    return None


def loaded_over(subject: SchedulerSubject, case: ScheduleCase, tally: Tally) -> WrongReading | None:
    """Load a checkpoint into a scheduler that has run as far, and into the one that made it and went on."""
    before, after, count = halves(case)
    if not case.inputs and case.steps - 1 < case.split:
        return None
    whole = subject.outcome(case, [*before, *after])
    if isinstance(whole, TargetError):
        tally.leave_open()
        return None
    for fresh, past in ((True, before), (False, after[:1])):
        actions = [*before, ["detour", fresh, past], *after]
        split = subject.outcome(case, actions)
        if isinstance(split, TargetError):
            return raised(case, actions, split, "the run goes on from its checkpoint")
        failure = _goes_on(case, actions, tally, split, whole, count)
        if failure:
            return failure
    return None


def state_kept(subject: SchedulerSubject, case: ScheduleCase, tally: Tally) -> WrongReading | None:
    """Load a state and look at it again: it has the keys that it had."""
    before, _, _ = halves(case)
    actions = [*before, ["save", "pickle"], ["read"]]
    answer = subject.outcome(case, actions)
    if isinstance(answer, TargetError):
        tally.leave_open()
        return None
    tally.element_cases += 1
    tally.values += 1
    lost = answer["notes"].get("state")
    if not lost:
        return None
    tally.outside += 1
    names = ", ".join(lost)
    return WrongReading(
        case, actions, f"the keys {names} of the state", math.nan, (math.nan, math.nan), "left in the state"
    )


def resumed(subject: SchedulerSubject, case: ScheduleCase, tally: Tally) -> WrongReading | None:
    """Resume by last_epoch after ``split`` steps: the learning rate stays, and goes on.

    The checkpoint is written after the scheduler's step, so that the groups hold the learning rate
    of t = split; the scheduler is built with last_epoch = split - 1 and counts to split itself.
    """
    steps = case.steps
    if not 0 < case.split < steps:
        return None
    actions: Actions = [["run", case.split], ["resume", case.split - 1], ["run", steps - 1 - case.split], ["read"]]
    answer = subject.outcome(case, actions)
    if isinstance(answer, TargetError):
        return raised(case, actions, answer, "the resumed run goes on")
    tally.element_cases += len(answer["used"]) * len(case.base)
    for group in range(len(case.base)):
        values = [reading[group] for reading in answer["used"]]
        enclosed = legal.stepped(case, group, len(values))
        failure = against(case, actions, tally, RATE, group, values, enclosed, range(len(values)))
        if failure:
            return failure
    return None


def _takes_last_epoch(entry: Scheduler) -> str:
    if strategies.follows_metrics(entry):
        return "it has no last_epoch"
    composed = entry.composed
    return "its parts would have to be resumed, which they cannot be told" if composed else ""


UNFIT = "in every case its state has content that JSON cannot hold"
STATE, LAST_EPOCH = ("state_dict", "load_state_dict"), "argument last_epoch"
PICKLED = {OPTAX: "its state is a count, which is pickled"}
PROPERTIES = (
    SchedulerProperty(
        "state/pickle",
        "A run that is saved and loaded through pickle goes on identically.",
        "torch.optim documentation: saving and loading",
        restored("pickle"),
        needs=STATE,
        methods=methods.SAVING_A_SCHEDULER,
    ),
    SchedulerProperty(
        "state/weights-only",
        "The same through torch.save and torch.load with weights_only.",
        "torch.load documentation",
        restored("weights_only"),
        needs=STATE,
        not_asked=PICKLED,
        methods=methods.SAVING_A_SCHEDULER,
    ),
    SchedulerProperty(
        "state/json",
        "The same through JSON, where the state has content that JSON can hold.",
        "the state is plain values",
        restored("json"),
        needs=STATE,
        not_asked=PICKLED,
        methods=methods.SAVING_A_SCHEDULER,
    ),
    SchedulerProperty(
        "state/kept",
        "load_state_dict leaves the state that it is given as it was.",
        "torch.optim documentation: saving and loading",
        state_kept,
        needs=STATE,
        not_asked=PICKLED,
        methods=methods.SAVING_A_SCHEDULER,
    ),
    SchedulerProperty(
        "state/loaded-over",
        "A checkpoint loaded into a scheduler that has stepped brings it to where the checkpoint was made.",
        "torch.optim.lr_scheduler.LRScheduler.load_state_dict: load the scheduler's state",
        loaded_over,
        needs=STATE,
        not_asked={OPTAX: "its state is a count, which is restored"},
        methods=methods.SAVING_A_SCHEDULER,
    ),
    SchedulerProperty(
        "resume/last-epoch",
        "A scheduler built with last_epoch on a loaded optimizer goes on where the run was.",
        "torch.optim.lr_scheduler.LRScheduler: restoring from a saved checkpoint",
        resumed,
        needs=(LAST_EPOCH,),
        why_not=_takes_last_epoch,
        share=3.0,
        not_asked={
            TIMM: "it keeps no last_epoch: the caller tells it the epoch",
            OPTAX: "its state is a count, which is restored",
        },
        methods=methods.CONSTRUCTOR_OF_SCHEDULER,
    ),
)
