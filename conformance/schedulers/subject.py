"""The scheduler under test behind its worker, and the comparison of what it did with what is legal."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import arb

from conformance.engine.evidence import RAISED, Tally
from conformance.engine.ledger import Entry
from conformance.engine.verdict import Cell
from conformance.schedulers.cases import ScheduleCase, header
from conformance.schedulers.enclosures import explained, stored
from impls.catalogue.scheduler_entries import CLAIM, Scheduler
from impls.devices import HOST
from impls.libraries import scheduler
from impls.session import Session, TargetError
from reference.balls.number import Number

Actions = list[list[Any]]
CLEAR = frozenset({"ValueError", "TypeError"})
"""Kinds of error that say what is wrong with an argument."""
RATE = "the learning rate"
NAN = (math.nan, math.nan)
EPOCH = "last_epoch"
AS_PROCESS = "process"
"""The action that begins a run in two processes; it names the one that is looked at."""
BASE, INHERITED, OWN = "/torch/optim/lr_scheduler.py", "in torch's base class", "in its own code"
"""Where torch's own schedulers stand, and how an error of a stranger's scheduler is told: from there, or its own."""


@dataclass(frozen=True)
class WrongReading:
    """One thing that no legal scheduler does, at a reading of a run of a case.

    ``index`` counts the readings, ``time`` is the t it stands for; ``legal`` are the ends of the
    enclosure, empty where ``expected`` says in words what should have been.
    """

    case: ScheduleCase
    actions: Actions
    quantity: str
    value: float
    legal: tuple[float, float]
    expected: str
    index: int = 0
    group: int = 0
    time: float = 0.0
    error: str = ""
    count: int = 1
    inherited: bool = False
    """Whether the error is raised by the framework's base class, and nobody else's line is involved."""

    @property
    def likeness(self) -> tuple[str, str]:
        """The quantity, and the sort of error."""
        return self.quantity, self.error.partition(":")[0]

    @property
    def told(self) -> str:
        """What is seen of it, as an entry of the ledger names it: the error, or the place and quantity."""
        if self.error and self.case.node.entry.any_form:
            return f"{INHERITED if self.inherited else OWN}: {self.error}"
        if self.error:
            return self.error
        node = self.case.node
        ends = node.schedule.ends
        over = bool(ends) and self.time >= node.settings[0][ends]
        place = "beyond the last step" if over else f"t={self.time:g}"
        return f"{place}: {self.quantity}"


def cell_of(entry: Scheduler, claim: str) -> Cell:
    """Return the cell of a property of a scheduler."""
    return Cell(entry.name, entry.path, HOST, entry.dtype, claim)


@dataclass(frozen=True)
class SchedulerSubject:
    """One scheduler in a session; of its cases those are judged whose settings are within ``domains``."""

    entry: Scheduler
    session: Session
    domains: tuple[Mapping[str, tuple[float, float]], ...] = ()

    @property
    def library(self) -> str:
        """The package that ships the scheduler."""
        return self.entry.library

    @property
    def own(self) -> bool:
        """Tell whether it is in the catalogue."""
        return CLAIM not in self.entry.identifier and scheduler(self.entry.identifier) is not None

    @property
    def printed_profile(self) -> str:
        """What may legally differ in its arithmetic is told once, with the implementation."""
        return ""

    def cell(self, claim: str) -> Cell:
        """Return the cell of a property."""
        return cell_of(self.entry, claim)

    def kin(self, claim: str) -> tuple[Cell, ...]:
        """Return the cell of a property: a deviation is known of each scheduler by itself."""
        return (self.cell(claim),)

    def beside(self, entry: Entry) -> SchedulerSubject:
        """Return the subject with the domains for which a ledger entry says that the property holds."""
        return dataclasses.replace(self, domains=(*self.domains, entry.domains)) if entry.domains else self

    def takes(self, case: ScheduleCase) -> bool:
        """Tell whether all settings of a case are within the domains."""
        return all(
            low <= values[keyword] <= high
            for domains in (*self.domains, self.entry.accepted)
            for keyword, (low, high) in domains.items()
            for values in case.node.settings
            if keyword in values
        )

    def variants(self) -> Iterator[SchedulerSubject]:
        """Yield the subject once for each choice of its switches, with that choice alone."""
        for entry in self.entry.variants():
            yield dataclasses.replace(self, entry=entry)

    def run(self, case: ScheduleCase, actions: Actions) -> dict[str, Any]:
        """Run a case; raises ``TargetError`` where the scheduler does."""
        return self.session.request(header(case, actions)).header

    def outcome(self, case: ScheduleCase, actions: Actions) -> dict[str, Any] | TargetError:
        """Run a case; an exception of the scheduler is an outcome too."""
        try:
            return self.run(case, actions)
        except TargetError as error:
            return error


def stopped(case: ScheduleCase, actions: Actions, kind: str, said: str, expected: str) -> WrongReading:
    """Return the failure that an exception of a kind is."""
    first = said.splitlines()[0] if said else ""
    return WrongReading(case, actions, RAISED, math.nan, NAN, expected, error=f"{kind}: {first}")


def raised(case: ScheduleCase, actions: Actions, error: TargetError, expected: str) -> WrongReading:
    """Return the failure that an exception of the scheduler is."""
    failure = stopped(case, actions, error.kind, error.message, expected)
    innermost = error.traceback.rpartition('File "')[2].partition('"')[0].replace("\\", "/")
    inherited = case.node.entry.any_form and innermost.endswith(BASE)
    return dataclasses.replace(failure, inherited=inherited)


def against(
    case: ScheduleCase,
    actions: Actions,
    tally: Tally,
    quantity: str,
    group: int,
    values: Sequence[float],
    legal: Sequence[Number],
    times: Sequence[float],
) -> WrongReading | None:
    """Compare what was read for a group with its enclosures; returns the first value outside.

    Of a scheduler that declares no arithmetic none is, where one form of the formula has them all.
    """
    failure, ratios, outside = None, [], 0
    for offset, (value, number, time) in enumerate(zip(values, legal, times, strict=True)):
        ball = stored(case, number) if quantity == RATE else number.ball
        tally.values += 1
        tally.undecided += number.both
        if math.isfinite(value) and ball.contains(arb(value)):
            if (radius := float(ball.rad())) > 0.0:
                ratios.append(min(1.0, abs(float(arb(value) - ball.mid())) / radius))
            continue
        outside += 1
        if failure is None:
            ends = (float(ball.lower()), float(ball.upper()))
            failure = WrongReading(case, actions, quantity, value, ends, "", offset, group, time)
    tally.add_ratios(np.array(ratios))
    if failure and quantity == RATE and case.node.entry.any_form and explained(case, group, values, times):
        return None
    tally.outside += outside
    return failure


def same(
    case: ScheduleCase,
    actions: Actions,
    tally: Tally,
    quantity: str,
    found: list[list[Any]],
    expected: list[list[Any]],
    words: str,
    first: int = 0,
) -> WrongReading | None:
    """Compare two lists of readings bit for bit; returns the first that differs."""
    for index, (mine, other) in enumerate(zip(found, expected, strict=True)):
        for group, (value, wanted) in enumerate(zip(mine, other, strict=True)):
            tally.values += 1
            if value == wanted or (value is None and wanted is None):
                continue
            tally.outside += 1
            ends = (float(wanted), float(wanted))
            return WrongReading(case, actions, quantity, float(value), ends, words, first + index, group, first + index)
    return None
