"""Lengths, milestones and factors at their limits, many cycles, and a first step that is special."""

from __future__ import annotations

import dataclasses
from contextlib import suppress

from hypothesis import strategies as st

from conformance.engine import methods
from conformance.engine.evidence import Tally
from conformance.engine.verdict import Level
from conformance.schedulers import enclosures as legal
from conformance.schedulers import strategies
from conformance.schedulers.cases import ScheduleCase
from conformance.schedulers.learning_rate import in_force, plan
from conformance.schedulers.property import SchedulerProperty
from conformance.schedulers.strategies import Draw
from conformance.schedulers.subject import CLEAR, RATE, SchedulerSubject, WrongReading, against, raised
from impls.catalogue.scheduler_entries import RECURRENCE, Scheduler
from impls.session import TargetError
from reference.balls.number import Number
from reference.undefined import Undefined

MANY_CYCLES = 21
"""From this number on many cycles restart; fewer are drawn everywhere."""


@st.composite
def many_cycles(draw: Draw, entry: Scheduler) -> ScheduleCase:
    """Draw a schedule of many cycles that start at whole steps."""
    case: ScheduleCase = draw(strategies.cases(draw(st.sampled_from(strategies.with_setting(entry, "num_cycles")))))
    number = draw(st.integers(MANY_CYCLES, 2 * strategies.LONGEST))
    steps = draw(st.integers(1, 3))
    settings = ({**case.node.settings[0], "num_cycles": number, "T_max": number * steps},)
    node = dataclasses.replace(case.node, settings=settings * len(case.base))
    length = number * steps + int(settings[0].get("warmup", 0))
    return dataclasses.replace(case, node=node, steps=length, split=1)


@st.composite
def edges(draw: Draw, entry: Scheduler) -> ScheduleCase:
    """Draw a case with a factor of 0 or 1."""
    case: ScheduleCase = draw(strategies.cases(entry))
    known = {name: h for name, h in strategies.settable(entry).items() if h.edges}
    name = draw(st.sampled_from(sorted(known)))
    value = draw(st.sampled_from(known[name].edges))
    if known[name].below == "lr" and entry.library not in strategies.UNBOUNDED:
        value = min(value, *case.base, 1.0)
    settings = tuple({**values, name: value} for values in case.node.settings)
    node = dataclasses.replace(case.node, settings=settings)
    return dataclasses.replace(case, node=node, steps=min(case.steps, 12))


@st.composite
def limits(draw: Draw, entry: Scheduler) -> ScheduleCase:
    """Draw a case whose horizon, or another length, is 0 or 1."""
    case: ScheduleCase = draw(strategies.cases(entry))
    known = {name: h.limits for name, h in strategies.settable(entry).items() if h.limits}
    chosen = draw(st.lists(st.sampled_from(sorted(known)), min_size=1, max_size=2, unique=True))
    special = {name: draw(st.sampled_from(known[name])) for name in chosen}
    settings = tuple(_ordered({**values, **special}) for values in case.node.settings)
    node = dataclasses.replace(case.node, settings=settings)
    last = settings[0].get(node.schedule.ends, 8)
    return dataclasses.replace(case, node=node, steps=max(1, min(8, int(last))))


def _ordered(values: dict[str, float]) -> dict[str, float]:
    """Let no phase end before it begins."""
    if "pct_final" in values:
        values["pct_final"] = max(values["pct_final"], values["pct_start"])
    return values


@st.composite
def from_the_start(draw: Draw, entry: Scheduler) -> ScheduleCase:
    """Draw a first step that is already special: milestones at 0 and 1."""
    case: ScheduleCase = draw(strategies.cases(entry))
    milestones = tuple(sorted(draw(st.lists(st.integers(0, 3), min_size=1, max_size=3, unique=True))))
    return dataclasses.replace(case, node=dataclasses.replace(case.node, milestones=milestones), steps=6)


def at_limits(subject: SchedulerSubject, case: ScheduleCase, tally: Tally) -> WrongReading | None:
    """At a degenerate horizon a scheduler has the schedule's value, or says what is wrong."""
    actions = plan(case)
    answer = subject.outcome(case, actions)
    tally.element_cases += 1
    if isinstance(answer, TargetError):
        tally.values += 1
        if answer.kind in CLEAR:
            return None
        tally.outside += 1
        return raised(case, actions, answer, "the schedule's value, or a ValueError that names the argument")
    defined = _defined(case)
    for group in range(len(case.base)):
        for time, reading in enumerate(answer["used"]):
            possible = [numbers[time] for numbers in defined[group] if numbers[time].ball.is_finite()]
            tests = [
                against(case, actions, Tally(), RATE, group, [reading[group]], [number], [time]) for number in possible
            ]
            tally.values += bool(possible)
            if possible and all(tests):
                tally.outside += 1
                return tests[0] and dataclasses.replace(tests[0], index=time)
    return None


def _defined(case: ScheduleCase) -> list[list[list[Number]]]:
    """Return for each group what is legal: the closed form, and the recurrence within its domain.

    Where the closed form is 0 over 0 nothing is asked but an answer that is no stray error.
    """
    found: list[list[list[Number]]] = []
    schedule = case.node.schedule
    inside = all(case.node.settings[0][h.keyword] in h.domain for h in schedule.hyperparameters if h.keyword != "lr")
    for group in range(len(case.base)):
        rows = []
        for formula in (True, False):
            with suppress(Undefined):
                rows.append(legal.at_epochs(case, group, range(case.steps), formula=formula))
        if inside and case.node.entry.computes == RECURRENCE:
            rows.append(legal.stepped(case, group, case.steps))
        found.append(rows)
    return found


def _with_edges(entry: Scheduler) -> str:
    if entry.composed or strategies.follows_metrics(entry):
        return "its parts are asked" if entry.composed else "its factor is drawn over the whole range"
    return "" if any(h.edges for h in strategies.settable(entry).values()) else "it has no factor"


def _with_many_cycles(entry: Scheduler) -> str:
    return "" if strategies.with_setting(entry, "num_cycles") else "it has no number of cycles"


def _with_limits(entry: Scheduler) -> str:
    if entry.composed or strategies.follows_metrics(entry):
        return "it has no horizon of its own"
    return "" if any(h.limits for h in strategies.settable(entry).values()) else "it has no horizon"


def _with_milestones(entry: Scheduler) -> bool:
    return bool(entry.lists)


PROPERTIES = (
    SchedulerProperty(
        "lr/restarts",
        "A schedule of many cycles begins each at the learning rate that it restarts at.",
        "the closed form",
        in_force,
        many_cycles,
        _with_many_cycles,
        share=3.0,
        of_functions=True,
    ),
    SchedulerProperty(
        "horizon/limits",
        "A horizon of 0 or 1 gives the schedule's value or a clear error.",
        "the closed form where it is defined",
        at_limits,
        limits,
        _with_limits,
        share=3.0,
        level=Level.SHOULD,
    ),
    SchedulerProperty(
        "settings/edges",
        "A factor at the edge of its range gives the schedule's value or a clear error.",
        "the closed form where it is defined",
        at_limits,
        edges,
        _with_edges,
        share=2.0,
        of_functions=True,
        methods=methods.CONSTRUCTOR_OF_SCHEDULER,
    ),
    SchedulerProperty(
        "lr/first",
        "A milestone at or next to step 0 counts from the first step on.",
        "the closed form at 0",
        in_force,
        from_the_start,
        of_sort=_with_milestones,
        of_functions=True,
    ),
)
