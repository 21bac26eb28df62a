"""The clauses of the contract, in the order of an optimizer's life."""

from __future__ import annotations

from conformance.contract import (
    distributed_clauses,
    element_clauses,
    life_clauses,
    search_clauses,
    setting_clauses,
    state_clauses,
    whole_clauses,
)
from conformance.contract.clause import Clause
from conformance.properties import PROPERTIES, Property

CLAUSES: tuple[Clause, ...] = (
    *element_clauses.CLAUSES,
    *setting_clauses.CLAUSES,
    *state_clauses.CLAUSES,
    *whole_clauses.CLAUSES,
    *distributed_clauses.CLAUSES,
    *life_clauses.CLAUSES,
    *search_clauses.CLAUSES,
)
COUNTING = tuple(item for item in PROPERTIES if item.identifier.startswith("state/"))
"""What the contract asks of states that the properties of a formula answer already."""
CONTRACT: tuple[Clause | Property, ...] = (*CLAUSES, *COUNTING)
BY_IDENTIFIER = {clause.identifier: clause for clause in CLAUSES}
