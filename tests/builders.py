"""Builds what tests judge: entries of the catalogue by name, units, subjects and verdicts."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

from conformance import claims
from conformance.catalogue.catalogued import entries
from conformance.catalogue.installed import version_of
from conformance.catalogue.optimizer_units import OptimizerUnit
from conformance.engine.claim import Claim, Unit, unexplained
from conformance.engine.evidence import Exhibit, Failure
from conformance.engine.judging import judge_unit, verdict
from conformance.engine.ledger import OPTIMIZERS, SCHEDULERS, Entry, load
from conformance.engine.replay import judge_known
from conformance.engine.verdict import CellResult
from conformance.optimizers.subject import WorkerSubject
from conformance.schedulers.entries import named
from impls.catalogue.entries import Implementation
from impls.catalogue.scheduler_entries import Scheduler
from impls.session import Session


def entry(identifier: str) -> Implementation:
    """Return what is judged under a name: a reference, or an optimizer of any library."""
    return next(item for item in entries() if item.identifier == identifier)


def scheduler(identifier: str) -> Scheduler:
    """Return what is judged under a name: a reference, or a scheduler of any library."""
    found = named(identifier)
    assert found is not None, identifier
    return found


def claim(identifier: str, chapter: str = OPTIMIZERS) -> Claim:
    """Return the claim of that name about optimizers, or of another chapter."""
    return claims.BY_IDENTIFIER[chapter][identifier]


def scheduler_claim(identifier: str) -> Claim:
    """Return the claim of that name about schedulers."""
    return claim(identifier, SCHEDULERS)


def deviation(identifier: str) -> Entry:
    """Return the ledger's entry of that name."""
    return next(known for known in load() if known.identifier == identifier)


def unit_of(
    item: Implementation, *properties: str, path: str = "", dtype: str = "float32", cases: int = 4, **more: Any
) -> OptimizerUnit:
    """Return a unit of an implementation on its first path, or a named one, that tries no mutants."""
    chosen = item.path(path, "cpu") if path else item.paths[0]
    given = {"measure_power": False, **more}
    return OptimizerUnit(item, chosen, "cpu", dtype, properties, cases, 0, **given)


def subject_of(item: Implementation, session: Session, *, path: str = "", dtype: str = "float32") -> WorkerSubject:
    """Return an implementation on its first path, or a named one, as it is judged."""
    return unit_of(item, path=path, dtype=dtype).subject(session)


def results_of(unit: Unit, session: Session) -> list[CellResult]:
    """Return the verdict on every cell of a unit."""
    judged = judge_unit(unit, claims.BY_IDENTIFIER[unit.chapter], session, version_of, {})
    return [event.result for event in judged if not isinstance(event, Exhibit)]


def result_of(unit: Unit, session: Session) -> CellResult:
    """Return the verdict on the one cell of a unit."""
    (result,) = results_of(unit, session)
    return result


def judged_beside(
    known: Sequence[Entry], unit: OptimizerUnit, subject: WorkerSubject, asked: Claim, *, strict: bool = False
) -> CellResult:
    """Judge a cell as though these entries were the whole ledger."""
    cell = subject.cell(asked.identifier)

    def explore(of: Any, explained: Callable[[Failure], bool]) -> CellResult:
        plan = dataclasses.replace(unit.plan(asked, unit.power()), explained=explained)
        return verdict(of, asked, cell, asked.judge(of, plan), plan)

    speaking = [entry for entry in known if entry.speaks_of(asked.identifier)]
    if not speaking:
        return explore(subject, unexplained)
    return judge_known(subject, asked, cell, speaking, explore, lambda _: strict)
