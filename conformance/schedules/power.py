"""The power of a run: which formula mutants its own cases tell from the schedule."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass, field

from conformance.schedules import legal
from conformance.schedules.cases import Case, Node, boundaries
from reference.balls.error_model import EXACT
from reference.balls.metric_machine import learning_rates
from reference.balls.number import Number
from reference.balls.schedule import Settings, closed_form
from reference.undefined import Undefined
from spec import schedules as book
from spec.schedule import Schedule
from spec.schedule_mutants import ScheduleMutant, mutants

STEPS = 48
"""The steps of a case on which mutants are tried."""


@dataclass
class Power:
    """The mutants of each schedule judged, and which have been killed so far, and by what."""

    mutants: dict[str, tuple[ScheduleMutant, ...]] = field(default_factory=dict)
    killed: dict[str, dict[str, str]] = field(default_factory=dict)

    def open(self, schedule: Schedule) -> list[ScheduleMutant]:
        """Return the mutants of a schedule that are still alive."""
        if schedule.label not in self.mutants:
            self.mutants[schedule.label] = mutants(schedule, book.families()[schedule.name])
            self.killed.setdefault(schedule.label, {})
        dead = self.killed[schedule.label]
        return [mutant for mutant in self.mutants[schedule.label] if mutant.text not in dead]

    def add(self, case: Case) -> None:
        """Try every living mutant on a case: its own values against the enclosures."""
        if case.lr_dtype or not measurable(case.node):
            return
        living = self.open(case.node.schedule)
        if not living:
            return
        enclosed = _enclosed(case)
        for mutant in living:
            if _outside(case, mutant, enclosed):
                self.killed[case.node.schedule.label][mutant.text] = case.node.entry.identifier

    def merge(self, killed: dict[str, dict[str, str]]) -> None:
        """Add what another process killed."""
        for label, names in killed.items():
            for name, by in names.items():
                self.killed.setdefault(label, {}).setdefault(name, by)


@dataclass(frozen=True)
class Enclosed:
    """What is legal in a case for its first group."""

    rates: list[list[Number]]
    momenta: list[Number]


def _enclosed(case: Case) -> Enclosed:
    if case.inputs:
        return Enclosed(legal.over_metrics(case, 0), [])
    steps = min(case.steps, STEPS)
    momenta = legal.momenta(case, 0, steps) if case.node.entry.momentum else []
    return Enclosed([[number] for number in legal.stepped(case, 0, steps)], momenta)


def measurable(node: Node) -> bool:
    """Tell whether mutants can be tried: a composition is one of two schedules, as the formula has it."""
    plain = all(not part.parts for part in node.parts)
    return not node.parts or (len(node.parts) == 2 and plain)


def _settings(case: Case, schedule: Schedule, steps: int) -> Settings:
    if not case.node.parts:
        known = legal.settings(case, case.node, 0, exact=True)
        return Settings(schedule, known.values, known.functions, known.model)
    chain = case.node.entry.schedule == "chain"
    alone = dataclasses.replace(case, base=(1.0,)) if chain else case
    first, second = (list(legal.exact(alone, part, 0, range(steps + 2))) for part in case.node.parts)
    values: dict[str, float] = {"lr": case.base[0], "milestones": next(iter(boundaries(case.node)), 0)}
    given = {"a": lambda t: first[max(t, 0)], "b": lambda t: second[max(t, 0)]}
    return Settings(schedule, values, given, EXACT)


def _values(case: Case, mutant: ScheduleMutant, *, momentum: bool, steps: int) -> Iterator[list[Number]]:
    settings = _settings(case, mutant.schedule, steps)
    if case.inputs:
        yield from _until_undefined(learning_rates(settings, case.inputs))
    else:
        for step in range(steps):
            yield from _until_undefined([n] for n in closed_form(settings, [step], momentum=momentum))


def _until_undefined(values: Iterator[list[Number]]) -> Iterator[list[Number]]:
    """Yield the values, and at the first place where there is none an empty list."""
    try:
        yield from values
    except Undefined:
        yield []


def _shared(mine: Number, legal: Number) -> bool:
    """Tell whether a value is legal; none at all, 0 over 0, is not where the schedule has one."""
    return mine.ball.overlaps(legal.ball) and (mine.ball.is_finite() or not legal.ball.is_finite())


def _outside(case: Case, mutant: ScheduleMutant, enclosed: Enclosed) -> bool:
    """Tell whether the mutant leaves what is legal, or has no value where the schedule has one."""
    momentum = mutant.text.startswith("mu_t")
    right = [[number] for number in enclosed.momenta] if momentum else enclosed.rates
    wrong = _values(case, mutant, momentum=momentum, steps=len(right))
    return any(
        not any(_shared(a, b) for a in mine for b in theirs)
        for mine, theirs in zip(wrong, right, strict=False)
        if mine or any(number.ball.is_finite() for number in theirs)
    )
