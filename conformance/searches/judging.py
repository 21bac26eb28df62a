"""Every point that a minimiser visits is judged twice: from what it saw and kept, and from the start.

A comparison that rounding may decide either way is followed both ways, as far as the points bear it out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from conformance.searches.runs import SearchRun
from reference.balls.rounded import Computing, Decisions, OpenComparisonError, Rounded
from reference.formats import FLOAT64, Array, Format
from reference.lbfgs.minimiser import Memory, Settings, step
from reference.lbfgs.problems import Problem

MOST_OPEN = 12
"""Open comparisons that are followed in one course."""


@dataclass(frozen=True)
class SearchJudgement:
    """What judging a course gave: points judged, of how many, and what lies outside.

    ``widths`` is the widest enclosure of a coordinate at each point that was judged.
    """

    judged: int
    points: int
    fault: DepartedError | None
    widths: tuple[float, ...]


@dataclass
class DepartedError(Exception):
    """A number of a course, found by ``path`` in what was recorded, lies outside its enclosure."""

    what: str
    path: tuple[str | int, ...]
    got: float
    low: float
    high: float


def compare(
    what: str, path: tuple[str | int, ...], legal: Sequence[Rounded] | Array, values: Sequence[float] | Array
) -> None:
    """Raise ``DepartedError`` for the first value outside its enclosure."""
    for index, (ball, value) in enumerate(zip(legal, values, strict=True)):
        if not ball.contains(float(value)):
            raise DepartedError(f"{what}, coordinate {index}", (*path, index), float(value), *ball.ends)


def compare_one(what: str, path: tuple[str | int, ...], legal: Rounded, value: float) -> None:
    """Raise ``DepartedError`` if the value is outside its enclosure."""
    if not legal.contains(value):
        raise DepartedError(what, path, value, *legal.ends)


@dataclass
class Anchored(Memory):
    """A memory that is compared, iteration for iteration, with what was kept, and goes on from that."""

    states: Sequence[Mapping[str, Any]] = ()
    computing: Computing = field(default_factory=lambda: Computing(FLOAT64))

    def keep(self, gradient: Array, history: int) -> None:
        """Keep pairs as the reference does; then they are those that were kept."""
        if 0 < self.iterations <= len(self.states):
            place, before = self.iterations - 1, self.states[self.iterations - 1]
            if isinstance(self.length, Rounded):
                what = f"the step length of iteration {self.iterations}"
                compare_one(what, ("states", place, "t"), self.length, before["t"])
            self.length = self.computing.number(before["t"])
        super().keep(gradient, history)
        if self.pairs and self.iterations < len(self.states):
            self._anchor(self.states[self.iterations])

    def _anchor(self, state: Mapping[str, Any]) -> None:
        place, after = self.iterations, f"of iteration {self.iterations + 1}"
        reciprocals = state["ro"]
        if len(reciprocals) != len(self.pairs):
            legal = float(len(self.pairs))
            raise DepartedError(f"the number of pairs {after}", ("states", place, "ro"), math.nan, legal, legal)
        kept = list(zip(state["old_dirs"], state["old_stps"], reciprocals, strict=True))
        for index, (pair, numbers) in enumerate(zip(self.pairs, kept, strict=True)):
            for key, legal, values in zip(("old_dirs", "old_stps"), pair, numbers, strict=False):
                compare(f"{key} {index} {after}", ("states", place, key, index), legal, values)
            compare_one(f"ro {index} {after}", ("states", place, "ro", index), pair[2], numbers[2])
        compare_one(f"H_diag {after}", ("states", place, "H_diag"), self.scale, state["H_diag"])
        exactly = self.computing.array
        self.pairs = [(exactly(np.array(d)), exactly(np.array(s)), self.computing.number(r)) for d, s, r in kept]
        self.scale = self.computing.number(state["H_diag"])

    def towards(self, gradient: Array) -> Array:
        """Return the direction that was kept, once it is compared."""
        direction = super().towards(gradient)
        if self.iterations > len(self.states):
            return direction
        kept = self.states[self.iterations - 1]["d"]
        what = f"the direction of iteration {self.iterations}"
        compare(what, ("states", self.iterations - 1, "d"), direction, kept)
        return self.computing.array(np.array(kept))


@dataclass
class _Replay:
    """The reference on balls beside a course: each point is compared where the function is called."""

    problem: Problem
    settings: Settings
    course: SearchRun
    computing: Computing
    states: Sequence[Mapping[str, Any]] | None
    widths: list[float] = field(default_factory=list)
    place: int = 0

    def run(self) -> None:
        """Follow all steps; raises ``DepartedError`` where the course leaves the reference."""
        memory = Memory() if self.states is None else Anchored(states=self.states, computing=self.computing)
        x = self.computing.array(self.course.visited[0])
        ends = np.cumsum(self.course.calls)
        for index, (end, reached) in enumerate(zip(ends, self.course.points, strict=True)):
            x = step(memory, x, self._evaluate, self.settings)
            if self.place != end:
                raise self._miscounted(index, self.place - int(end))
            self._visit(x, reached, f"the point after step {index + 1}", ("points", index))
            if self.states is not None:
                x = self.computing.array(reached)

    def _miscounted(self, index: int, more: int) -> DepartedError:
        """Return: the reference calls the function ``more`` times in a step."""
        calls = float(self.course.calls[index])
        what = f"calls in step {index + 1}"
        return DepartedError(what, ("calls", index), calls, calls + more, calls + more)

    def _evaluate(self, x: Array) -> tuple[Any, Array]:
        if self.place == len(self.course.visited):
            raise self._miscounted(len(self.course.calls) - 1, 1)
        self._visit(x, self.course.visited[self.place], f"the point of call {self.place + 1}", ("visited", self.place))
        loss, gradient = self.course.losses[self.place], self.course.gradients[self.place]
        self.place += 1
        if self.states is None:
            return self.problem.evaluate(x)
        return self.computing.number(loss), self.computing.array(gradient)

    def _visit(self, x: Array, reached: Array, what: str, path: tuple[str | int, ...]) -> None:
        compare(what, path, x, reached)
        self.widths.append(max(legal.width for legal in x))


def judge(
    problem: Problem,
    settings: Settings,
    course: SearchRun,
    storage: Format,
    states: Sequence[Mapping[str, Any]] | None = None,
) -> SearchJudgement:
    """Judge a course against the reference on balls.

    With the ``states`` after each iteration, from what was seen and kept; without, from the start alone,
    as far as no comparison is open.
    """
    total = len(course.visited) + len(course.points)
    best = SearchJudgement(-1, total, None, ())
    pending: list[tuple[bool, ...]] = [()]
    while pending:
        given = pending.pop()
        replay = _Replay(problem, settings, course, Computing(storage, Decisions(given)), states)
        fault: DepartedError | None = None
        try:
            replay.run()
        except OpenComparisonError:
            if states is not None and len(given) < MOST_OPEN:
                pending += [(*given, False), (*given, True)]
                continue
        except DepartedError as departed:
            fault = departed
        if (len(replay.widths), fault is None) > (best.judged, best.fault is None):
            best = SearchJudgement(len(replay.widths), total, fault, tuple(replay.widths))
        if fault is None:
            break
    return best
