"""The units of a run of schedulers: one scheduler with its claims."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from conformance.catalogue.optimizer_units import OF_A_CASE, TO_START
from conformance.catalogue.schedule_references import scheduler_subject
from conformance.engine.claim import Claim, Plan
from conformance.engine.evidence import Exhibit
from conformance.engine.ledger import SCHEDULERS
from conformance.engine.power import Power
from conformance.engine.verdict import Cell, Level
from conformance.schedulers import mutants
from conformance.schedulers.curves import curves
from conformance.schedulers.subject import SchedulerSubject, cell_of
from impls.catalogue.scheduler_entries import Scheduler
from impls.session import MEMORY, Session

EXAMPLES_PER_SECOND = 2.4
"""Cases of a property for each second of budget; fixed, so that a budget fixes the cases."""


@dataclass(frozen=True)
class SchedulerUnit:
    """A scheduler; with ``draw`` its curves are drawn and its drift is measured."""

    entry: Scheduler
    properties: tuple[str, ...]
    examples: int
    seed: int
    python: str | None = None
    timeout: float = 60.0
    memory: int = MEMORY
    draw: bool = True
    levels: Mapping[str, Level] = field(default_factory=dict)

    chapter = SCHEDULERS

    @property
    def label(self) -> str:
        """The scheduler, with what it claims where it is in no catalogue."""
        entry = self.entry
        if not entry.any_form:
            return entry.identifier
        chosen = ", ".join(f"{name}={value}" for name, value in entry.options.items())
        return f"{entry.name} as {entry.schedule}{f' ({chosen})' if chosen else ''}"

    @property
    def library(self) -> str:
        """The package that ships the scheduler."""
        return self.entry.library

    @property
    def cost(self) -> float:
        """About how much it costs, in claims of the contract: it balances shards and decides nothing."""
        return TO_START + len(self.properties) + OF_A_CASE * self.examples

    @property
    def target(self) -> dict[str, Any]:
        """What a stored failure must say for its subject to be built again."""
        return {"chapter": SCHEDULERS, "scheduler": self.entry.identifier, "python": self.python}

    @property
    def called(self) -> str:
        """The scheduler as its stored cases name it."""
        return self.entry.identifier

    def brief(self, cases: int) -> SchedulerUnit | None:
        """Return it with few cases."""
        return dataclasses.replace(self, examples=cases, draw=False)

    def cell(self, claim: str) -> Cell:
        """Return the cell of one property."""
        return cell_of(self.entry, claim)

    def subject(self, session: Session) -> SchedulerSubject:
        """Return what is judged."""
        return scheduler_subject(self.entry, session)

    def plan(self, claim: Claim, power: Power) -> Plan:
        """Return how hard a claim is tested."""
        return Plan(max(1, round(self.examples * claim.share)), 0, self.seed, power)

    def power(self) -> Power:
        """Return the power of a unit that has judged nothing."""
        return Power(mutants.of)

    def exhibits(self, subject: SchedulerSubject) -> Iterator[Exhibit]:
        """Yield the curves of the scheduler beside its schedule."""
        if self.draw:
            yield from (Exhibit("curve", msgspec.to_builtins(curve)) for curve in curves(subject))


def units(
    entries: tuple[Scheduler, ...],
    *,
    properties: tuple[str, ...],
    budget: float,
    seed: int,
    python: str | None = None,
    timeout: float = 60.0,
    memory: int = MEMORY,
) -> list[SchedulerUnit]:
    """Return the units of a run; ``budget`` is in seconds for each scheduler on two cores."""
    examples = max(5, round(EXAMPLES_PER_SECOND * budget))
    return [SchedulerUnit(entry, properties, examples, seed, python, timeout, memory) for entry in entries]
