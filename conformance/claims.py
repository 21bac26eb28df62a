"""All that is claimed of an implementation: the properties of its formula and the clauses of the contract."""

from __future__ import annotations

from typing import TypeAlias

from conformance.contract.clause import Clause
from conformance.contract.clauses import CLAUSES
from conformance.properties import PROPERTIES, Property

Claim: TypeAlias = Property | Clause
CLAIMS: tuple[Claim, ...] = (*PROPERTIES, *CLAUSES)
BY_IDENTIFIER: dict[str, Claim] = {claim.identifier: claim for claim in CLAIMS}
