"""The scheduler under test behind its worker, and the comparison of what it did with what is legal."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from flint import arb

from conformance.schedules.cases import Case, header
from conformance.schedules.legal import stored
from impls.scheduler import Scheduler
from impls.session import Session, TargetError
from reference.balls.number import Number

Actions = list[list[Any]]
CLEAR = frozenset({"ValueError", "TypeError"})
"""Kinds of error that say what is wrong with an argument."""
BINS = 40
EPOCH = "last_epoch"


@dataclass(frozen=True)
class Failure:
    """One thing that no legal scheduler does, at a reading of a run of a case.

    ``index`` counts the readings, ``time`` is the t it stands for; ``legal`` are the ends of the
    enclosure, empty where ``expected`` says in words what should have been.
    """

    case: Case
    actions: Actions
    quantity: str
    value: float
    legal: tuple[float, float]
    expected: str
    index: int = 0
    group: int = 0
    time: float = 0.0
    error: str = ""

    @property
    def told(self) -> str:
        """What is seen of it, as an entry of the ledger names it: the error, or the place and quantity."""
        if self.error:
            return self.error
        entry, settings = self.case.node.entry, self.case.node.settings
        over = bool(entry.last) and self.time >= settings[0][entry.last]
        place = "beyond the last step" if over else f"t={self.time:g}"
        return f"{place}: {self.quantity}"


@dataclass
class Tally:
    """What was compared so far."""

    cases: int = 0
    readings: int = 0
    values: int = 0
    outside: int = 0
    undecided: int = 0
    ratios: list[float] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Add what another tally counted."""
        for name in ("cases", "readings", "values", "outside", "undecided"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.ratios += other.ratios


@dataclass(frozen=True)
class Subject:
    """One scheduler of the catalogue in a session."""

    entry: Scheduler
    session: Session

    def run(self, case: Case, actions: Actions) -> dict[str, Any]:
        """Run a case; raises ``TargetError`` where the scheduler does."""
        return self.session.request(header(case, actions)).header

    def outcome(self, case: Case, actions: Actions) -> dict[str, Any] | TargetError:
        """Run a case; an exception of the scheduler is an outcome too."""
        try:
            return self.run(case, actions)
        except TargetError as error:
            return error


def stopped(case: Case, actions: Actions, error: TargetError, expected: str) -> Failure:
    """Return the failure that an exception is."""
    first = error.message.splitlines()[0] if error.message else ""
    text = f"{error.kind}: {first}"
    return Failure(case, actions, "the learning rate", math.nan, (math.nan, math.nan), expected, error=text)


def against(
    case: Case, actions: Actions, tally: Tally, quantity: str, group: int, values: Sequence[float],
    legal: Sequence[Number], times: Sequence[float], first: int = 0,
) -> Failure | None:  # fmt: skip
    """Compare what was read for a group with its enclosures; returns the first value outside."""
    failure = None
    for offset, (value, number, time) in enumerate(zip(values, legal, times, strict=True)):
        ball = stored(case, number) if quantity == "the learning rate" else number.ball
        tally.values += 1
        tally.undecided += number.both
        if math.isfinite(value) and ball.contains(arb(value)):
            _ratio(tally, value, ball)
            continue
        tally.outside += 1
        if failure is None:
            ends = (float(ball.lower()), float(ball.upper()))
            failure = Failure(case, actions, quantity, value, ends, "", first + offset, group, time)
    return failure


def _ratio(tally: Tally, value: float, ball: arb) -> None:
    radius = float(ball.rad())
    if radius > 0.0 and len(tally.ratios) < 50_000:
        tally.ratios.append(min(1.0, abs(float((arb(value) - ball.mid()) / ball.rad()))))


def same(
    case: Case, actions: Actions, tally: Tally, quantity: str, found: list[list[Any]],
        expected: list[list[Any]],
    words: str, first: int = 0,
) -> Failure | None:  # fmt: skip
    """Compare two lists of readings bit for bit; returns the first that differs."""
    for index, (mine, other) in enumerate(zip(found, expected, strict=True)):
        for group, (value, wanted) in enumerate(zip(mine, other, strict=True)):
            tally.values += 1
            if value == wanted or (value is None and wanted is None):
                continue
            tally.outside += 1
            ends = (float(wanted), float(wanted))
            return Failure(
                case, actions, quantity, float(value), ends, words, first + index, group, first + index
            )
    return None
