"""A learning rate that is a tensor: it is filled in place, in its format, and each group has its own."""

from __future__ import annotations

import dataclasses
import math

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from conformance.engine.evidence import Tally
from conformance.schedulers import strategies
from conformance.schedulers.cases import ScheduleCase
from conformance.schedulers.learning_rate import in_force, plan
from conformance.schedulers.property import SchedulerProperty
from conformance.schedulers.strategies import Draw
from conformance.schedulers.subject import NAN, SchedulerSubject, WrongReading
from impls.catalogue.scheduler_entries import OPTAX, Scheduler
from spec import schedules as book


def kept_in_place(subject: SchedulerSubject, case: ScheduleCase, tally: Tally) -> WrongReading | None:
    """Look at each group's lr at the end: it is the tensor that the optimizer was given."""
    actions = plan(case)
    answer = subject.run(case, actions)
    tally.element_cases += len(case.base)
    tally.values += 1
    if answer["kept"] and answer["tensors"] and not answer["shared"]:
        return None
    tally.outside += 1
    what = "replaced" if not answer["kept"] else "shared" if answer["shared"] else "no tensor any more"
    return WrongReading(case, actions, f"the lr tensor, {what},", math.nan, NAN, "its own, filled in place")


def not_shared(subject: SchedulerSubject, case: ScheduleCase, tally: Tally) -> WrongReading | None:
    """Give the optimizer one lr tensor as its default: each group still has its own learning rate."""
    return in_force(subject, case, tally)


@st.composite
def with_shared_tensor(draw: Draw, entry: Scheduler) -> ScheduleCase:
    """Draw groups that differ only in what the scheduler gives them."""
    case: ScheduleCase = draw(strategies.cases(entry, tensor=True))
    base = (case.base[0],) * len(case.base)
    return dataclasses.replace(case, base=base, shared=True, lr_dtype="float64", optimizer="SGD")


def _with_tensors(entry: Scheduler) -> SearchStrategy[ScheduleCase]:
    return strategies.of(entry, tensor=True)


def _of_groups(entry: Scheduler) -> str:
    return "" if entry.tables or book.build(entry.schedule).sets_base else "it gives all groups the same factor"


ARRAYS = {OPTAX: "arrays are not written to"}


PROPERTIES = (
    SchedulerProperty(
        "tensor/in-force",
        "With the lr as a tensor the schedule is the same, in the tensor's format.",
        "torch.optim documentation: lr as a Tensor",
        in_force,
        _with_tensors,
        not_asked=ARRAYS,
    ),
    SchedulerProperty(
        "tensor/kept",
        "An lr that is a tensor is filled in place: not replaced, and not shared.",
        "torch.optim documentation: lr as a Tensor",
        kept_in_place,
        _with_tensors,
        not_asked=ARRAYS,
    ),
    SchedulerProperty(
        "tensor/groups",
        "Groups that took their lr tensor from the optimizer's default do not share it.",
        "torch.optim documentation: per-parameter options",
        not_shared,
        with_shared_tensor,
        _of_groups,
        not_asked=ARRAYS,
    ),
)
