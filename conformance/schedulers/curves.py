"""Curves of a scheduler beside its schedule, and how far a recurrence drifts."""

from __future__ import annotations

import math
from collections.abc import Iterator

import sympy as sp
from flint import arb

from conformance.engine.exhibits import CurveEntry, JointEntry
from conformance.schedulers import enclosures as legal
from conformance.schedulers.cases import ScheduleCase, SchedulerNode
from conformance.schedulers.learning_rate import plan
from conformance.schedulers.subject import Actions, SchedulerSubject
from impls.catalogue.scheduler_entries import RECURRENCE, Scheduler
from impls.session import TargetError
from reference.balls.formula import Place, compiled
from reference.balls.number import Number
from spec import schedules as book
from spec.schedule import Joint

STEPS, BASE = 120, 0.1
MILESTONES = (30, 60, 60, 95)
DRIFT_STEPS, SAMPLES = 100_000, 20


def shown_case(entry: Scheduler, options: dict[str, str]) -> ScheduleCase:
    """Return the case that a curve shows: one group with the settings that the schedule shows."""
    schedule = book.build(entry.schedule, {**entry.options, **options})
    settings = {
        h.keyword: h.default if h.shown is None else h.shown for h in schedule.hyperparameters if h.keyword != "lr"
    } | dict(entry.fixed)
    factors = (tuple(1.0 / (1.0 + 0.02 * step) for step in range(STEPS + 2)),) if entry.tables else ()
    if schedule.options.get("of") == "previous":
        factors = ((0.98,) * (STEPS + 2),)
    places = tuple(dict.fromkeys(MILESTONES)) if entry.distinct else MILESTONES
    node = SchedulerNode(entry.identifier, options, (settings,), places if entry.lists else (), factors)
    metrics = tuple(1.0 / (1 + min(step, 25)) for step in range(STEPS - 1)) if schedule.machine else ()
    return ScheduleCase(node, (BASE,), STEPS, inputs=metrics)


def curves(subject: SchedulerSubject) -> tuple[CurveEntry, ...]:
    """Return a curve for every combination of the options that the scheduler can be given."""
    if subject.entry.composed:
        return ()
    chosen = list(subject.entry.choices())
    if book.build(subject.entry.schedule).machine:
        chosen = chosen[:1]
    return tuple(_curve(subject, shown_case(subject.entry, options)) for options in chosen)


def _curve(subject: SchedulerSubject, case: ScheduleCase) -> CurveEntry:
    schedule = case.node.schedule
    answer = subject.outcome(case, plan(case))
    used = [] if isinstance(answer, TargetError) else [reading[0] for reading in answer["used"]]
    if schedule.machine:
        enclosed = [numbers[0] for numbers in legal.over_metrics(case, 0)]
        exact = [float(number.ball.mid()) for number in enclosed]
    else:
        enclosed = legal.stepped(case, 0, STEPS)
        exact = [float(number.ball.mid()) for number in legal.exact(case, case.node, 0, range(STEPS))]
    units = tuple(_units(value, number) for value, number in zip(used, enclosed, strict=False))
    note = _drift_note(subject, case)
    joints = tuple(JointEntry(name, time, restart) for name, time, restart in joint_times(case))
    title = f"{subject.entry.name}, {schedule.label}"
    return CurveEntry(title, tuple(exact), tuple(used), units, joints, note)


def _units(value: float, number: Number) -> float:
    """Return the distance from the middle of the enclosure, in its radii."""
    radius = number.ball.rad()
    return float((arb(value) - number.ball.mid()) / radius) if radius > 0 else 0.0


def joint_times(case: ScheduleCase) -> Iterator[tuple[str, float, bool]]:
    """Yield the joints of a case within its steps: name, time, and whether it restarts there."""
    schedule, place = case.node.schedule, legal.settings(case, case.node, 0, exact=True).place()
    for milestone in dict.fromkeys(case.node.milestones):
        yield "milestone", float(milestone), False
    for joint in schedule.joints:
        yield from ((joint.name, time, joint.restart) for time in times_of(joint, place, case.steps))


def times_of(joint: Joint, place: Place, steps: int) -> Iterator[float]:
    """Yield the times of a joint within some steps."""
    function = compiled(sp.sympify(joint.time))
    for index in range(steps if joint.repeated else 1):
        place.values["i"] = Number.exactly(index)
        time = float(function(place).ball.mid())
        if time >= steps:
            return
        if time > 0:
            yield time


def _drift_note(subject: SchedulerSubject, case: ScheduleCase) -> str:
    """Return the drift of a recurrence from the closed form over many steps, measured now."""
    schedule = case.node.schedule
    if subject.entry.computes != RECURRENCE or schedule.machine or subject.entry.tables:
        return ""
    lasting = {h.keyword: h.lasting for h in schedule.hyperparameters if h.lasting is not None}
    values = {name: lasting.get(name, value) for name, value in case.node.settings[0].items()}
    node = SchedulerNode(case.node.scheduler, case.node.options, (values,), case.node.milestones)
    long = ScheduleCase(node, case.base, DRIFT_STEPS)
    length = DRIFT_STEPS // SAMPLES
    sampled: Actions = [["skip", length], ["read"]]
    answer = subject.outcome(long, [["read"], *sampled * SAMPLES])
    if isinstance(answer, TargetError):
        return ""
    times = range(0, DRIFT_STEPS + 1, length)
    exact = legal.exact(long, node, 0, times)
    drifts = [
        abs(float((arb(reading[0]) - number.ball) / number.ball))
        for reading, number in zip(answer["used"], exact, strict=True)
        if number.ball != 0
    ]
    largest = max((d for d in drifts if math.isfinite(d)), default=0.0)
    where = f"{len(drifts)} places of {DRIFT_STEPS:,} steps"
    return f"largest relative drift from the closed form at {where}: {largest:.2g}"
