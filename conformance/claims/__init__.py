"""All kinds of claims and all claims, by chapter, and how a unit of theirs is judged."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping

from conformance.catalogue.installed import version_of
from conformance.contract.clauses import CLAUSES
from conformance.engine.claim import Claim, Kind, Unit
from conformance.engine.evidence import Exhibit
from conformance.engine.judging import Done, Judged, judge_unit
from conformance.engine.ledger import OPTIMIZERS, SCHEDULERS
from conformance.engine.verdict import CellResult
from conformance.optimizers.properties import PROPERTIES
from conformance.schedulers.properties import PROPERTIES as SCHEDULER_PROPERTIES
from conformance.training.claims import CLAIMS as TRAINING
from impls.session import Session

CHAPTERS: Mapping[str, tuple[Claim, ...]] = {
    OPTIMIZERS: (*PROPERTIES, *CLAUSES, *TRAINING),
    SCHEDULERS: SCHEDULER_PROPERTIES,
}
"""All that is claimed of an optimizer: of its formula, the contract, and training; and of a scheduler."""
BY_IDENTIFIER: Mapping[str, Mapping[str, Claim]] = {
    chapter: {claim.identifier: claim for claim in claims} for chapter, claims in CHAPTERS.items()
}
KINDS: Mapping[str, Kind] = {claim.kind.name: claim.kind for claims in CHAPTERS.values() for claim in claims}
_SESSIONS: dict[tuple[str | None, float, int], Session] = {}
"""The workers of this process, which lives as long as they."""


def identifiers(chapter: str) -> tuple[str, ...]:
    """Return the identifiers of all claims of a chapter."""
    return tuple(BY_IDENTIFIER[chapter])


def judge(
    unit: Unit,
    done: Mapping[str, Done] | None = None,
    book: Mapping[str, Claim] | None = None,
    session: Session | None = None,
) -> Iterator[Judged | Exhibit]:
    """Yield the cells of a unit but for those that are done, and what the report shows besides.

    ``book`` has other claims under the same names.  Without a ``session`` the unit is asked in a worker of this
    process.
    """
    claims = book or BY_IDENTIFIER[unit.chapter]
    for judged in judge_unit(unit, claims, session or _own_session(unit), version_of, done or {}):
        yield (
            dataclasses.replace(judged, result=at_chosen(unit, judged.result)) if isinstance(judged, Judged) else judged
        )


def _own_session(unit: Unit) -> Session:
    key = (unit.python, unit.timeout, unit.memory)
    if key not in _SESSIONS:
        _SESSIONS[key] = Session(unit.python, timeout=unit.timeout, memory=unit.memory)
    return _SESSIONS[key]


def at_chosen(unit: Unit, result: CellResult) -> CellResult:
    """Return a result at the level that somebody chose for its claim, if anybody did."""
    level = unit.levels.get(result.cell.property)
    return result if level is None else result.at(level)
