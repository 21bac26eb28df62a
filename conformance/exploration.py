"""Runs a body on cases that Hypothesis draws, deterministically from a seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import hypothesis
from hypothesis import HealthCheck, Phase
from hypothesis.strategies import SearchStrategy

from conformance.cases import Case
from impls.session import TargetError, WorkerFailure


@dataclass
class Exploration:
    """What stopped an exploration, and at which case: nothing, if all cases were run."""

    stopped: TargetError | WorkerFailure | None = None
    case: Case | None = None
    skipped: int = field(default=0)


def explore(
    strategy: SearchStrategy[Case], examples: int, seed: int, body: Callable[[Case], None]
) -> Exploration:
    """Run ``body`` on up to ``examples`` cases; the first one that stops the worker is the last."""
    exploration = Exploration()

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.given(strategy)
    def run(case: Case) -> None:
        if exploration.stopped is not None:
            return
        try:
            body(case)
        except (TargetError, WorkerFailure) as stop:
            exploration.stopped, exploration.case = stop, case

    run()
    return exploration
