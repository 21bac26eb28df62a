"""Runs a body on drawn cases, and tells what stopped it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hypothesis.strategies import SearchStrategy

from conformance.cases import Case, to_plain
from conformance.drawing import draw
from impls.session import TargetError, WorkerFailure


@dataclass
class Exploration:
    """What stopped an exploration, and at which case: nothing, if all cases were run."""

    stopped: TargetError | WorkerFailure | None = None
    case: Case | None = None


def explore(
    strategy: SearchStrategy[Case], examples: int, seed: int, body: Callable[[Case], None]
) -> Exploration:
    """Run ``body`` on up to ``examples`` cases; the first one that stops the worker is the last."""
    for case in draw(strategy, examples, seed, to_plain):
        try:
            body(case)
        except (TargetError, WorkerFailure) as stop:
            return Exploration(stop, case)
    return Exploration()
