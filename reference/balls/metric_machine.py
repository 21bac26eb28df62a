"""Runs a schedule over metrics: every state it may legally be in after each of them."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator

import sympy as sp

from reference.balls.formula import Compiled, Place, compiled
from reference.balls.number import Number
from reference.balls.schedule import ScheduleSettings
from spec.schedule import Machine


@functools.cache
def _lines(machine: Machine) -> tuple[tuple[str, Compiled], ...]:
    """Return the program as functions of a place, each with the name of what it computes."""
    return tuple((line.target.name, compiled(line.expression)) for line in machine.program)


class _OpenError(Exception):
    """A comparison is open, and no choice was made for it yet."""


State = dict[str, Number]


def _machine(settings: ScheduleSettings) -> Machine:
    machine = settings.schedule.machine
    if machine is None:
        raise ValueError(f"{settings.schedule.label} follows no metrics; ask for its closed form")
    return machine


def after(settings: ScheduleSettings, state: State, metric: float) -> list[State]:
    """Return the states that one metric may lead to: one, unless rounding decides a comparison."""
    found, open_choices = [], [{}]  # type: ignore[var-annotated]
    while open_choices:
        made: dict[sp.Basic, bool] = open_choices.pop()
        try:
            found.append(_run(settings, dict(state), metric, made))
        except _OpenError as undecided:
            open_choices += [{**made, undecided.args[0]: choice} for choice in (True, False)]
    return found


def _run(settings: ScheduleSettings, state: State, metric: float, made: dict[sp.Basic, bool]) -> State:
    machine = _machine(settings)

    def choose(when: sp.Basic, known: bool | None) -> bool:
        if known is not None:
            return known
        if when not in made:
            raise _OpenError(when)
        return made[when]

    place = Place(state, {}, settings.model, choose)
    place.values[machine.metric.name] = Number.exactly(metric)
    for name, function in _lines(machine):
        place.values[name] = function(place)
    following = {s.symbol.name: place.values[s.updated.name] for s in machine.states}
    return {**following, "eta": place.values["eta_t"]}


def learning_rates(settings: ScheduleSettings, metrics: Iterable[float]) -> Iterator[list[Number]]:
    """Yield, before the first metric and after each, the learning rates that may be in force."""
    machine = _machine(settings)
    place = settings.place()
    initial = {s.symbol.name: compiled(s.initial)(place) for s in machine.states}
    states = [{**initial, "eta": place.values["eta_0"]}]
    yield [state["eta"] for state in states]
    for metric in metrics:
        reached = [after(settings, {**place.values, **state}, metric) for state in states]
        states = _distinct([state for following in reached for state in following])
        yield [state["eta"] for state in states]


def _distinct(states: list[State]) -> list[State]:
    seen: dict[str, State] = {}
    for state in states:
        seen.setdefault(str({name: value.ball.str(40) for name, value in sorted(state.items())}), state)
    return list(seen.values())
