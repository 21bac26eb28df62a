"""The clauses of the contract, chapter by chapter in the order of an optimizer's life.

The experiments of a chapter are in the worker's module of the same name, and optimizers that break its
clauses in that of ``tests/quality/contract``.
"""

from __future__ import annotations

from conformance.contract.clause import Clause
from conformance.contract.clauses import (
    distributed,
    elements,
    gradients,
    groups,
    history,
    hyperparameters,
    layouts,
    lifecycle,
    precision,
    scaling,
    searches,
    side_effects,
    state,
    step_api,
)

CHAPTERS = (
    elements,
    layouts,
    gradients,
    hyperparameters,
    groups,
    state,
    history,
    precision,
    scaling,
    step_api,
    side_effects,
    distributed,
    lifecycle,
    searches,
)
CLAUSES: tuple[Clause, ...] = tuple(clause for chapter in CHAPTERS for clause in chapter.CLAUSES)
BY_IDENTIFIER = {clause.identifier: clause for clause in CLAUSES}
