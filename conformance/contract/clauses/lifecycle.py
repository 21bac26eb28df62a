"""The clause about a whole life, which a stateful machine tries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from conformance.contract.case import ClauseCase
from conformance.contract.clause import Clause
from conformance.contract.life_machine import World, lives
from conformance.contract.requirements import needs_visible_state
from conformance.exploration import Exploration
from conformance.properties import Judged, Plan
from conformance.subject import WorkerSubject
from impls.session import TargetError, WorkerFailure
from spec.rule import UpdateRule

TITLE = "A whole life"

LIVES, LEAST, ACTS = 40, 16, 12
"""The most and the fewest lives of one cell, and the most acts of one life."""
SHARE = 0.1


@dataclass(frozen=True, eq=False)
class LifeClause(Clause):
    """A clause whose cases are lives that a machine draws."""

    share: float = SHARE

    def asks(self, subject: WorkerSubject, case: ClauseCase) -> bool:
        """Tell whether a case is a life."""
        return set(case.arguments) == {"acts", "shapes"}

    def judge(self, subject: WorkerSubject, plan: Plan) -> Judged:
        """Judge lives until one breaks the clause or stops the worker."""
        judged = Judged()

        def run(case: ClauseCase) -> None:
            if judged.tally.failures or judged.exploration.stopped is not None:
                return
            try:
                self.run(subject, case, judged.tally, plan)
            except (TargetError, WorkerFailure) as stop:
                judged.exploration = Exploration(stop)

        examples = max(LEAST, min(LIVES, plan.cases))
        lives(World(subject, run), examples=examples, acts=ACTS, seed=plan.seed)
        return judged


def _drawn(subject: WorkerSubject, rule: UpdateRule) -> Iterator[Mapping[str, Any]]:
    yield from ()


CLAUSES: tuple[Clause, ...] = (
    LifeClause(
        "life/interleaved",
        "Steps, changed settings, schedules, new groups, copies and checkpoints in any order: every step "
        "is what the formula makes of the state before it, and nothing else changes anything.",
        "the rule's own citation, and every clause above",
        "lifecycle.interleaved",
        _drawn,
        needs=needs_visible_state,
        every_path=True,
    ),
)
