"""What a minimiser did: the points at which it called the function, and what it kept after each step."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from impls.session import Session
from reference.formats import Array, Format
from reference.lbfgs.minimiser import Memory, Settings, step
from reference.lbfgs.problems import Problem

ENOUGH = 1000
"""More evaluations than a step needs, so that no search is cut short."""


@dataclass(frozen=True)
class SearchRun:
    """The calls of each step, what each call saw, the points after the steps, and the states there."""

    calls: tuple[int, ...]
    visited: tuple[Array, ...]
    losses: tuple[float, ...]
    gradients: tuple[Array, ...]
    points: tuple[Array, ...]
    states: tuple[Mapping[str, Any], ...] = ()


def followed(
    target: str, problem: Problem, settings: Settings, steps: int, storage: Format, session: Session
) -> SearchRun:
    """Let a target of torch minimise a problem in the worker."""
    header = {
        "op": "minimise",
        "target": target,
        "dtype": storage.name,
        "steps": steps,
        "settings": {key: value for key, value in vars(settings).items() if value is not None},
        "arguments": {"problem": problem.name, "start": list(problem.start)},
    }
    read = session.request(header).header
    visited, gradients, points = (
        [np.array(row, storage.dtype) for row in read[key]] for key in ("visited", "gradients", "points")
    )
    return SearchRun(
        tuple(read["calls"]),
        tuple(visited),
        tuple(read["losses"]),
        tuple(gradients),
        tuple(points),
        tuple(read["states"]),
    )


def of_reference(problem: Problem, settings: Settings, steps: int, storage: Format) -> SearchRun:
    """Let the reference minimise a problem."""
    calls: list[int] = []
    visited: list[Array] = []
    seen: list[tuple[float, Array]] = []
    points: list[Array] = []

    def evaluate(x: Array) -> tuple[Any, Array]:
        visited.append(x)
        seen.append(problem.evaluate(x))
        return seen[-1]

    memory, x = Memory(), np.array(problem.start, storage.dtype)
    for _ in range(steps):
        before = len(visited)
        x = step(memory, x, evaluate, settings)
        calls.append(len(visited) - before)
        points.append(x)
    losses, gradients = zip(*seen, strict=True)
    return SearchRun(tuple(calls), tuple(visited), tuple(float(x) for x in losses), gradients, tuple(points))


def one_by_one(settings: Settings) -> Settings:
    """Return the settings under which each step is one iteration, so that its state can be read."""
    return dataclasses.replace(settings, max_iter=1, max_eval=ENOUGH)
