"""What every scheduler is asked: its learning rate, what it reports, its range, its state."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from conformance.engine import methods
from conformance.engine.evidence import Tally
from conformance.schedulers import enclosures as legal
from conformance.schedulers import strategies
from conformance.schedulers.boundary_cases import at_the_boundaries, groups_apart
from conformance.schedulers.cases import ScheduleCase, only
from conformance.schedulers.property import SchedulerProperty
from conformance.schedulers.subject import RATE, Actions, SchedulerSubject, WrongReading, against, raised, same
from impls.catalogue.scheduler_entries import OPTAX, TIMM, Scheduler
from impls.session import TargetError

MOMENTUM = "the momentum"


def plan(case: ScheduleCase) -> Actions:
    """Return the actions that run a case whole, reading before every step."""
    if case.inputs:
        return [["read"], ["metrics", list(case.inputs)]]
    return [["run", case.steps - 1], ["read"]]


def in_force(subject: SchedulerSubject, case: ScheduleCase, tally: Tally) -> WrongReading | None:
    """Compare what the optimizer used at every step with the schedule's enclosure."""
    actions = plan(case)
    answer = subject.outcome(case, actions)
    if isinstance(answer, TargetError):
        return raised(case, actions, answer, "the schedule has a value here")
    used = answer["used"]
    tally.element_cases += len(used) * len(case.base)
    for group in range(len(case.base)):
        values = [reading[group] for reading in used]
        if case.inputs:
            failure = one_of(case, actions, tally, group, values)
        else:
            enclosed = legal.stepped(case, group, len(used))
            failure = against(case, actions, tally, RATE, group, values, enclosed, range(len(used)))
        if failure:
            return failure
    return None


def one_of(case: ScheduleCase, actions: Actions, tally: Tally, group: int, values: list[float]) -> WrongReading | None:
    """Compare with the learning rates that the state machine may be in."""
    for index, (value, numbers) in enumerate(zip(values, legal.over_metrics(case, group), strict=True)):
        tests = [against(case, actions, Tally(), RATE, group, [value], [number], [index]) for number in numbers]
        tally.values += 1
        tally.undecided += len(numbers) > 1
        if all(tests):
            tally.outside += 1
            first = tests[0]
            if first is None:
                raise RuntimeError("a value is outside every enclosure and inside the first")
            return WrongReading(case, actions, RATE, value, first.legal, "", index, group, index)
    return None


def reported(subject: SchedulerSubject, case: ScheduleCase, tally: Tally) -> WrongReading | None:
    """Compare get_last_lr with what the optimizer used at the same step."""
    actions = plan(case)
    answer = subject.outcome(case, actions)
    if isinstance(answer, TargetError):
        return raised(case, actions, answer, "the schedule has a value here")
    tally.element_cases += len(answer["used"]) * len(case.base)
    words = "what the optimizer used at this step"
    return same(case, actions, tally, "get_last_lr", answer["last"], answer["used"], words)


def cycled_momentum(subject: SchedulerSubject, case: ScheduleCase, tally: Tally) -> WrongReading | None:
    """Compare the momentum, or beta1, of every step with its enclosure."""
    actions = plan(case)
    answer = subject.run(case, actions)
    tally.element_cases += len(answer["used"]) * len(case.base)
    for group in range(len(case.base)):
        values = [reading[group] for reading in answer["momentum"]]
        enclosed = legal.momenta(case, group, len(values))
        failure = against(case, actions, tally, MOMENTUM, group, values, enclosed, range(len(values)))
        if failure:
            return failure
    return None


def in_range(subject: SchedulerSubject, case: ScheduleCase, tally: Tally) -> WrongReading | None:
    """Step far beyond the horizon: no learning rate is negative, infinite or NaN.

    A scheduler may end with a ValueError that says that it is over.
    """
    steps = case.steps + 3
    actions: Actions = plan(case) if case.inputs else [["run", steps]]
    answer = subject.outcome(case, actions)
    while isinstance(answer, TargetError) and answer.kind == "ValueError" and steps > 1:
        steps -= 1
        actions = [["run", steps - 1], ["read"]]
        answer = subject.outcome(case, actions)
    if isinstance(answer, TargetError):
        return raised(case, actions, answer, "a learning rate, or a ValueError that says why there is none")
    tally.element_cases += len(answer["used"]) * len(case.base)
    for index, reading in enumerate(answer["used"]):
        for group, value in enumerate(reading):
            tally.values += 1
            if not (math.isfinite(value) and value >= 0.0):
                tally.outside += 1
                return WrongReading(case, actions, RATE, value, (0.0, math.inf), "", index, group, index)
    return None


def other_keys(subject: SchedulerSubject, case: ScheduleCase, tally: Tally) -> WrongReading | None:
    """Compare everything else in the groups before and after."""
    actions = plan(case)
    answer = subject.run(case, actions)
    tally.element_cases += len(case.base)
    tally.values += 1
    if not answer["changed"]:
        return None
    tally.outside += 1
    names = ", ".join(answer["changed"])
    return WrongReading(
        case, actions, f"the keys {names} of a group", math.nan, (math.nan, math.nan), "left as they were"
    )


def alone(subject: SchedulerSubject, case: ScheduleCase, tally: Tally) -> WrongReading | None:
    """Run every group by itself: it has the same learning rates as beside the others."""
    actions = plan(case)
    together = subject.run(case, actions)["used"]
    tally.element_cases += len(together) * len(case.base)
    for group in range(len(case.base)):
        one = dataclasses.replace(case, base=(case.base[group],), node=only(case.node, group))
        values = subject.run(one, actions)["used"]
        mine = [[reading[group]] for reading in together]
        failure = same(case, actions, tally, RATE, mine, values, "what the group has by itself")
        if failure:
            return dataclasses.replace(failure, group=group)
    return None


def with_own_rates(entry: Scheduler) -> SearchStrategy[ScheduleCase]:
    """Draw groups of different learning rates, whatever the arguments speak of."""
    return strategies.of(dataclasses.replace(entry, single_base_lr=bool(entry.ratios)))


@st.composite
def compiled(draw: strategies.Draw, entry: Scheduler) -> ScheduleCase:
    """Draw one schedule that is compiled with the step of the optimizer, often of an awkward length."""
    case: ScheduleCase = draw(strategies.of(entry))
    for name in {"step_size", "transition_steps", "total_iters"} & {*strategies.keywords(case.node)}:
        length = draw(st.one_of(st.just(int(case.node.settings[0][name])), st.sampled_from(AWKWARD)))
        node = dataclasses.replace(case.node, settings=({**case.node.settings[0], name: length},))
        case = dataclasses.replace(case, node=node, steps=min(length + 5, case.steps + AWKWARD[-1]))
    return dataclasses.replace(case, compiled=True)


AWKWARD = tuple(n for n in range(2, 64) if np.float32(n) * np.float32(1 / n) < 1)
"""Lengths that float32 does not divide by themselves once the quotient is a product with the reciprocal."""


def _compiles(entry: Scheduler) -> bool:
    return entry.interface == OPTAX


def _parts_are_asked(entry: Scheduler) -> str:
    return "its parts are asked" if entry.composed else ""


def _no_momentum(entry: Scheduler) -> str:
    return "" if entry.momentum else "it cycles no momentum"


IN_FORCE = SchedulerProperty(
    "lr/in-force",
    "The learning rate that the optimizer uses at step t is the schedule's.",
    "the closed form, or the recurrence that it declares, with rounding propagated",
    in_force,
    share=2.0,
    first=at_the_boundaries,
    measures_power=True,
    of_functions=True,
)
NO_GROUPS = {OPTAX: "a function of the count knows no groups"}
PROPERTIES = (
    IN_FORCE,
    SchedulerProperty(
        "lr/reported",
        "get_last_lr tells the learning rate in force.",
        "torch.optim documentation",
        reported,
        needs=("get_last_lr",),
        not_asked={TIMM: "it does not tell the learning rate", OPTAX: "a function of the count tells nothing else"},
        methods=methods.REPORTED,
    ),
    SchedulerProperty(
        "lr/compiled",
        "Compiled, it has the same learning rate.",
        "jax.jit",
        in_force,
        compiled,
        share=0.5,
        of_sort=_compiles,
    ),
    SchedulerProperty(
        "lr/range",
        "No learning rate is negative or not finite, in the horizon or beyond it.",
        "the schedule's range",
        in_range,
        why_not=_parts_are_asked,
        share=2.0,
        of_functions=True,
    ),
    SchedulerProperty(
        "momentum/in-force",
        "The cycled momentum at step t is the schedule's.",
        "Smith 2018, section 3",
        cycled_momentum,
        why_not=_no_momentum,
        of_functions=True,
    ),
    SchedulerProperty(
        "groups/independent",
        "Every group has the learning rates that it has by itself.",
        "torch.optim documentation: per-parameter options",
        alone,
        with_own_rates,
        first=groups_apart,
        not_asked=NO_GROUPS,
    ),
    SchedulerProperty(
        "groups/other-keys",
        "A scheduler changes no key of a group but the learning rate and a momentum that it declares.",
        "torch.optim documentation",
        other_keys,
        not_asked=NO_GROUPS,
    ),
)
