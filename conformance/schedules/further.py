"""Tensors, epochs, horizons at their limits, and metrics."""

from __future__ import annotations

import dataclasses
import math
from contextlib import suppress
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from conformance.schedules import legal, strategies
from conformance.schedules.cases import Case, Node
from conformance.schedules.composing import COMPOSING
from conformance.schedules.properties import COMPOSED, RATE, Property, in_force, plan
from conformance.schedules.strategies import Draw
from conformance.schedules.subject import CLEAR, Actions, Failure, Subject, Tally, against, stopped
from impls.scheduler import RECURRENCE, Scheduler
from impls.session import TargetError
from reference.balls.number import Number
from reference.undefined import Undefined
from spec import schedules as book
from spec.schedule import Schedule

NAN = (math.nan, math.nan)


def kept_in_place(subject: Subject, case: Case, tally: Tally) -> Failure | None:
    """Look at each group's lr at the end: it is the tensor that the optimizer was given."""
    actions = plan(case)
    answer = subject.run(case, actions)
    tally.readings += len(case.base)
    tally.values += 1
    if answer["kept"] and answer["tensors"] and not answer["shared"]:
        return None
    tally.outside += 1
    what = "replaced" if not answer["kept"] else "shared" if answer["shared"] else "no tensor any more"
    return Failure(case, actions, f"the lr tensor, {what},", math.nan, NAN, "its own, filled in place")


def not_shared(subject: Subject, case: Case, tally: Tally) -> Failure | None:
    """Give the optimizer one lr tensor as its default: each group still has its own learning rate."""
    return in_force(subject, case, tally)


@st.composite
def with_shared_tensor(draw: Draw, entry: Scheduler) -> Case:
    """Draw groups that differ only in what the scheduler gives them."""
    case: Case = draw(strategies.cases(entry, tensor=True))
    base = (case.base[0],) * len(case.base)
    return dataclasses.replace(case, base=base, shared=True, lr_dtype="float64", optimizer="SGD")


def by_epoch(subject: Subject, case: Case, tally: Tally) -> Failure | None:
    """Step to epochs by argument, and compare with the closed form there."""
    actions: Actions = [["epochs", list(case.inputs)]]
    answer = subject.outcome(case, actions)
    if isinstance(answer, TargetError):
        return stopped(case, actions, answer, "the schedule has a value here")
    tally.readings += len(case.inputs) * len(case.base)
    for group in range(len(case.base)):
        values = [reading[group] for reading in answer["used"]]
        enclosed = legal.at_epochs(case, group, case.inputs)
        failure = against(case, actions, tally, RATE, group, values, enclosed, case.inputs)
        if failure:
            return failure
    return None


def _restarts(node: Node) -> list[int]:
    """Return the starts of the first cycles of a schedule with restarts."""
    length, growth = int(node.settings[0]["T_0"]), int(node.settings[0]["T_mult"])
    found = [0]
    while len(found) < 9 and found[-1] < 10**6:
        found.append(found[-1] + length)
        length *= growth
    return found


@st.composite
def epochs(draw: Draw, entry: Scheduler) -> Case:
    """Draw epochs that go forward; fractional ones where the schedule has them."""
    case: Case = draw(strategies.cases(entry))
    last = int(case.node.settings[0][entry.last]) - 1 if entry.last else 2 * strategies.LONGEST
    whole = strategies.whole_numbers(case.node, 0, last)
    one = st.one_of(whole, st.integers(0, 4 * last).map(lambda x: x / 4)) if entry.fractional else whole
    inputs = draw(st.lists(one, min_size=1, max_size=6))
    return dataclasses.replace(case, inputs=tuple(sorted(inputs)))


@st.composite
def restarts(draw: Draw, entry: Scheduler) -> Case:
    """Draw restarts of a schedule, many of them far beyond what is stepped through."""
    case: Case = draw(strategies.cases(entry))
    inputs = draw(st.lists(st.sampled_from(_restarts(case.node)), min_size=1, max_size=6))
    return dataclasses.replace(case, inputs=tuple(sorted(inputs)))


@st.composite
def many_cycles(draw: Draw, entry: Scheduler) -> Case:
    """Draw a schedule of many cycles that start at whole steps."""
    case: Case = draw(strategies.cases(entry))
    number = draw(st.integers(strategies.FEW_CYCLES, 2 * strategies.LONGEST))
    steps = draw(st.integers(1, 3))
    settings = ({**case.node.settings[0], "num_cycles": number, "T_max": number * steps},)
    node = dataclasses.replace(case.node, settings=settings * len(case.base))
    length = number * steps + int(settings[0].get("warmup", 0))
    return dataclasses.replace(case, node=node, steps=length, split=1)


EDGES: dict[str, tuple[float, ...]] = dict.fromkeys(("factor", "gamma", "end_factor", "eta_min"), (0.0, 1.0))


@st.composite
def edges(draw: Draw, entry: Scheduler) -> Case:
    """Draw a case with a factor of 0 or 1."""
    case: Case = draw(strategies.cases(entry))
    names = sorted(set(EDGES) & _settable(entry))
    name = draw(st.sampled_from(names))
    value = draw(st.sampled_from(EDGES[name]))
    if name == "eta_min" and entry.library != "torch":
        value = min(value, *case.base, 1.0)
    settings = tuple({**values, name: value} for values in case.node.settings)
    node = dataclasses.replace(case.node, settings=settings)
    return dataclasses.replace(case, node=node, steps=min(case.steps, 12))


def _settable(entry: Scheduler) -> set[str]:
    """Return the keywords of the settings that a scheduler can be given."""
    schedule: Schedule = book.build(entry.schedule, entry.options)
    return {h.keyword for h in schedule.hyperparameters} - set(entry.fixed)


def _with_edges(entry: Scheduler) -> str:
    if entry.schedule in COMPOSED or strategies.follows_metrics(entry):
        return (
            "its parts are asked"
            if entry.schedule in COMPOSED
            else "its factor is drawn over the whole range"
        )
    return "" if set(EDGES) & _settable(entry) else "it has no factor"


SPECIAL: dict[str, tuple[Any, ...]] = {
    "T_max": (0, 1), "total_iters": (0, 1), "step_size": (0, 1), "T_0": (0, 1), "total_steps": (0, 1, 2, 10),
    "anneal_epochs": (0, 1),
    "step_size_up": (0, 1), "step_size_down": (0, 1), "pct_start": (0.0, 1.0, 0.1, 0.5), "T_mult": (1, 0),
    "warmup": (0, 1), "stable": (0, 1), "decay": (0, 1), "transition_steps": (0, 1), "pct_final": (1.0,),
}  # fmt: skip


@st.composite
def limits(draw: Draw, entry: Scheduler) -> Case:
    """Draw a case whose horizon, or another length, is 0 or 1."""
    case: Case = draw(strategies.cases(entry))
    names = sorted(set(SPECIAL) & _settable(entry))
    chosen = draw(st.lists(st.sampled_from(names), min_size=1, max_size=2, unique=True))
    special = {name: draw(st.sampled_from(SPECIAL[name])) for name in chosen}
    settings = tuple(_ordered({**values, **special}) for values in case.node.settings)
    node = dataclasses.replace(case.node, settings=settings)
    last = settings[0].get(entry.last, 8) if entry.last else 8
    return dataclasses.replace(case, node=node, steps=max(1, min(8, int(last))))


def _ordered(values: dict[str, float]) -> dict[str, float]:
    """Let no phase end before it begins."""
    if "pct_final" in values:
        values["pct_final"] = max(values["pct_final"], values["pct_start"])
    return values


def at_limits(subject: Subject, case: Case, tally: Tally) -> Failure | None:
    """At a degenerate horizon a scheduler has the schedule's value, or says what is wrong."""
    actions = plan(case)
    answer = subject.outcome(case, actions)
    tally.readings += 1
    if isinstance(answer, TargetError):
        tally.values += 1
        if answer.kind in CLEAR:
            return None
        tally.outside += 1
        return stopped(case, actions, answer, "the schedule's value, or a ValueError that names the argument")
    defined = _defined(case)
    for group in range(len(case.base)):
        for time, reading in enumerate(answer["used"]):
            possible = [numbers[time] for numbers in defined[group] if numbers[time].ball.is_finite()]
            tests = [
                against(case, actions, Tally(), RATE, group, [reading[group]], [number], [time], time)
                for number in possible
            ]
            tally.values += bool(possible)
            if possible and all(tests):
                tally.outside += 1
                return tests[0]
    return None


def _defined(case: Case) -> list[list[list[Number]]]:
    """Return for each group what is legal: the closed form, and the recurrence within its domain.

    Where the closed form is 0 over 0 nothing is asked but an answer that is no stray error.
    """
    found: list[list[list[Number]]] = []
    schedule = case.node.schedule
    inside = all(
        case.node.settings[0][h.keyword] in h.domain for h in schedule.hyperparameters if h.keyword != "lr"
    )
    for group in range(len(case.base)):
        rows = []
        for formula in (True, False):
            with suppress(Undefined):
                rows.append(legal.at_epochs(case, group, range(case.steps), formula=formula))
        if inside and case.node.entry.computes == RECURRENCE:
            rows.append(legal.stepped(case, group, case.steps))
        found.append(rows)
    return found


@st.composite
def from_the_start(draw: Draw, entry: Scheduler) -> Case:
    """Draw a first step that is already special: milestones at 0 and 1."""
    case: Case = draw(strategies.cases(entry))
    milestones = tuple(sorted(draw(st.lists(st.integers(0, 3), min_size=1, max_size=3, unique=True))))
    return dataclasses.replace(case, node=dataclasses.replace(case.node, milestones=milestones), steps=6)


@st.composite
def worsening(draw: Draw, entry: Scheduler) -> Case:
    """Draw metrics none of which is better than the first."""
    case: Case = draw(strategies.over_metrics(entry))
    sign = 1.0 if case.node.options["mode"] == "min" else -1.0
    first = draw(st.sampled_from((1.0, -1.0, 0.5, -2.0, 0.0)))
    steps = draw(st.lists(st.sampled_from((0.0, 1e-6, 1e-5, 0.01)), min_size=12, max_size=20))
    inputs, now = [first], first
    for step in steps:
        now += sign * step
        inputs.append(now)
    settings = tuple({**values, "eps": 0.0, "min_lr": 0.0, **entry.fixed} for values in case.node.settings)
    return dataclasses.replace(
        case, inputs=tuple(inputs), node=dataclasses.replace(case.node, settings=settings)
    )


def not_better(subject: Subject, case: Case, tally: Tally) -> Failure | None:
    """Metrics that never improve lead to the decays that patience and cooldown ask for."""
    node = dataclasses.replace(case.node, options={**case.node.options, "share": "magnitude"})
    actions = plan(case)
    answer = subject.run(case, actions)
    tally.readings += len(answer["used"])
    judged = dataclasses.replace(case, node=node)
    for index, (reading, numbers) in enumerate(
        zip(answer["used"], legal.over_metrics(judged, 0), strict=True)
    ):
        tally.values += 1
        balls = [number.ball for number in numbers]
        if not any(ball.contains(reading[0]) for ball in balls):
            tally.outside += 1
            ends = (float(balls[0].lower()), float(balls[0].upper()))
            return Failure(case, actions, RATE, reading[0], ends, "", index, 0, index)
    return None


def _by_epoch(entry: Scheduler) -> str:
    return "" if entry.by_epoch else "its step takes no epoch"


def _with_restarts(entry: Scheduler) -> str:
    return "" if entry.fractional else "it has no restarts"


def _with_many_cycles(entry: Scheduler) -> str:
    return "" if "num_cycles" in _settable(entry) else "it has no number of cycles"


def _with_limits(entry: Scheduler) -> str:
    if entry.schedule in COMPOSED or strategies.follows_metrics(entry):
        return "it has no horizon of its own"
    return "" if set(SPECIAL) & _settable(entry) else "it has no horizon"


def _with_metrics(entry: Scheduler) -> str:
    return "" if strategies.follows_metrics(entry) else "it is no schedule over metrics"


def _with_milestones(entry: Scheduler) -> str:
    return "" if entry.lists else "it is no schedule with milestones"


def _with_tensors(entry: Scheduler) -> SearchStrategy[Case]:
    return strategies.of(entry, tensor=True)


def _of_groups(entry: Scheduler) -> str:
    return (
        ""
        if entry.tables or entry.schedule in {"one_cycle", "cyclic"}
        else "it gives all groups the same factor"
    )


FURTHER = (
    Property("tensor/in-force", "With the lr as a tensor the schedule is the same, in the tensor's format.",
             "torch.optim documentation: lr as a Tensor", in_force, _with_tensors),
    Property("tensor/kept", "An lr that is a tensor is filled in place: not replaced, and not shared.",
             "torch.optim documentation: lr as a Tensor", kept_in_place, _with_tensors),
    Property("tensor/groups",
             "Groups that took their lr tensor from the optimizer's default do not share it.",
             "torch.optim documentation: per-parameter options", not_shared, with_shared_tensor, _of_groups),
    Property("epoch/closed-form",
             "step(epoch) gives the closed form at that epoch, and agrees with stepping.",
             "torch.optim.lr_scheduler.LRScheduler.step", by_epoch, epochs, _by_epoch, share=3.0),
    Property("epoch/restarts", "step(epoch) begins a cycle at every restart, however far.",
             "the closed form", by_epoch, restarts, _with_restarts, share=3.0),
    Property("lr/restarts",
             "A schedule of many cycles begins each at the learning rate that it restarts at.",
             "the closed form", in_force, many_cycles, _with_many_cycles, share=3.0),
    Property("horizon/limits", "A horizon of 0 or 1 gives the schedule's value or a clear error.",
             "the closed form where it is defined", at_limits, limits, _with_limits, share=3.0),
    Property("settings/edges",
             "A factor at the edge of its range gives the schedule's value or a clear error.",
             "the closed form where it is defined", at_limits, edges, _with_edges, share=2.0),
    Property("lr/first", "A milestone at or next to step 0 counts from the first step on.",
             "the closed form at 0", in_force, from_the_start, _with_milestones),
    Property("plateau/improvement",
             "A metric that is no better than the best never counts as an improvement.",
             "the word: a metric that has stopped improving", not_better, worsening, _with_metrics),
    *COMPOSING,
)  # fmt: skip
