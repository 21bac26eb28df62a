"""Formula mutants: the same formula with one thing changed, for measuring the suite's power."""

from __future__ import annotations

from typing import overload

from spec.family import Family
from spec.mutants.mutant import Mutant
from spec.mutants.of_rules import RuleMutant, of_rule
from spec.mutants.of_schedules import ScheduleMutant, of_schedule
from spec.rule import UpdateRule
from spec.schedule import Schedule


@overload
def mutants(formula: UpdateRule, family: Family[UpdateRule]) -> tuple[RuleMutant, ...]: ...
@overload
def mutants(formula: Schedule, family: Family[Schedule]) -> tuple[ScheduleMutant, ...]: ...
def mutants(
    formula: UpdateRule | Schedule, family: Family[UpdateRule] | Family[Schedule]
) -> tuple[RuleMutant, ...] | tuple[ScheduleMutant, ...]:
    """Return the formula mutants of a rule or a schedule, those that read the same taken once."""
    if isinstance(formula, UpdateRule):
        return of_rule(formula, family)  # type: ignore[arg-type]
    return of_schedule(formula, family)  # type: ignore[arg-type]


__all__ = ["Mutant", "RuleMutant", "ScheduleMutant", "mutants"]
