"""The clause about a whole life, which a stateful machine tries."""

from __future__ import annotations

from dataclasses import dataclass

from conformance.contract.arguments import each
from conformance.contract.case import ClauseCase
from conformance.contract.clause import Clause
from conformance.contract.life_machine import World, lives
from conformance.contract.requirements import needs_visible_state
from conformance.engine.claim import Plan
from conformance.engine.evidence import Evidence
from conformance.engine.exploration import Exploration
from conformance.optimizers.subject import WorkerSubject

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

    def judge(self, subject: WorkerSubject, plan: Plan) -> Evidence:
        """Judge lives until one breaks the clause or stops the worker."""
        exploration = Exploration(self.kind)
        tally = exploration.evidence.tally
        exploration.enough = lambda: bool(tally.failures)
        examples = max(LEAST, min(LIVES, plan.cases))
        drawn = lives(World(subject), examples=examples, acts=ACTS, seed=plan.seed)
        exploration.listed(drawn, lambda case: self.run(subject, case, tally, plan))
        return self.comparable(subject, exploration.evidence)


CLAUSES: tuple[Clause, ...] = (
    LifeClause(
        "life/interleaved",
        "Steps, changed settings, schedules, new groups, copies and checkpoints in any order: every step "
        "is what the formula makes of the state before it, and nothing else changes anything.",
        "the rule's own citation, and every clause above",
        "lifecycle.interleaved",
        each(),
        needs=needs_visible_state,
        every_path=True,
    ),
)
