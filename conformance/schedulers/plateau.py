"""Metrics none of which improves."""

from __future__ import annotations

import dataclasses

from hypothesis import strategies as st

from conformance.engine import methods
from conformance.engine.evidence import Tally
from conformance.schedulers import enclosures as legal
from conformance.schedulers import strategies
from conformance.schedulers.cases import ScheduleCase
from conformance.schedulers.learning_rate import plan
from conformance.schedulers.property import SchedulerProperty
from conformance.schedulers.strategies import Draw
from conformance.schedulers.subject import RATE, SchedulerSubject, WrongReading
from impls.catalogue.scheduler_entries import Scheduler

SHARE, MAGNITUDE = "share", "magnitude"
"""The option of what a threshold is a share of, and the value by which less is better in every sign."""


def _by_magnitude(entry: Scheduler) -> Scheduler:
    """Return a scheduler that can be told how a share of a negative metric is meant, told as the word means it."""
    if SHARE not in entry.switches:
        return entry
    keyword, values = entry.switches[SHARE]
    chosen = {**entry.switches, SHARE: (keyword, {MAGNITUDE: values[MAGNITUDE]})}
    return dataclasses.replace(entry, switches=chosen)


@st.composite
def worsening(draw: Draw, entry: Scheduler) -> ScheduleCase:
    """Draw metrics none of which is better than the first."""
    case: ScheduleCase = draw(strategies.over_metrics(_by_magnitude(entry)))
    sign = 1.0 if case.node.schedule.options["mode"] == "min" else -1.0
    first = draw(st.sampled_from((1.0, -1.0, 0.5, -2.0, 0.0)))
    steps = draw(st.lists(st.sampled_from((0.0, 1e-6, 1e-5, 0.01)), min_size=12, max_size=20))
    inputs, now = [first], first
    for step in steps:
        now += sign * step
        inputs.append(now)
    settings = tuple({**values, "eps": 0.0, "min_lr": 0.0, **entry.fixed} for values in case.node.settings)
    return dataclasses.replace(case, inputs=tuple(inputs), node=dataclasses.replace(case.node, settings=settings))


def not_better(subject: SchedulerSubject, case: ScheduleCase, tally: Tally) -> WrongReading | None:
    """Metrics that never improve lead to the decays that patience and cooldown ask for."""
    node = dataclasses.replace(case.node, options={**case.node.options, SHARE: MAGNITUDE})
    actions = plan(case)
    answer = subject.run(case, actions)
    tally.element_cases += len(answer["used"])
    judged = dataclasses.replace(case, node=node)
    for index, (reading, numbers) in enumerate(zip(answer["used"], legal.over_metrics(judged, 0), strict=True)):
        tally.values += 1
        balls = [number.ball for number in numbers]
        if not any(ball.contains(reading[0]) for ball in balls):
            tally.outside += 1
            ends = (float(balls[0].lower()), float(balls[0].upper()))
            return WrongReading(case, actions, RATE, reading[0], ends, "", index, 0, index)
    return None


PROPERTIES = (
    SchedulerProperty(
        "plateau/improvement",
        "A metric that is no better than the best never counts as an improvement.",
        "the word: a metric that has raised improving",
        not_better,
        worsening,
        of_sort=strategies.follows_metrics,
        of_functions=True,
        methods=methods.IMPROVEMENT,
    ),
)
