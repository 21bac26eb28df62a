"""Schedules in the report: formula, options, proofs, mutants and curves."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from conformance.engine.exhibits import CurveEntry
from conformance.engine.power import Power
from conformance.report import model
from conformance.report.rule_section import entry_of, mutant_entries
from conformance.schedulers.formula_lines import lines
from impls.catalogue.scheduler_entries import Scheduler
from reference.schedules import references
from spec import schedules as book
from spec.family import Family
from spec.kept_proofs import kept_proofs
from spec.schedule import Schedule


def section(
    family: Family[Schedule], entries: Iterable[Scheduler], curves: tuple[CurveEntry, ...], power: Power
) -> model.RuleEntry:
    """Return the section of one schedule, with the variants that schedulers claim."""
    variants: dict[str, Schedule] = {}
    for entry in entries:
        for schedule in claimed(entry):
            variants.setdefault(schedule.label, schedule)
    proven = frozenset(p.claim.identifier for p in kept_proofs(family) if p.proven)
    first = next(iter(variants.values()))
    states = first.machine.states if first.machine else ()
    shown = [
        model.VariantEntry(name, dict(schedule.options), lines(schedule, proven), mutant_entries(schedule, power))
        for name, schedule in variants.items()
    ]
    reference = f"reference/schedules/{family.name}.py" if family.name in references() else ""
    return dataclasses.replace(
        entry_of(family, first.hyperparameters, states, shown), curves=curves, reference=reference
    )


def claimed(entry: Scheduler) -> list[Schedule]:
    """Return the schedules that a scheduler claims: one for each choice that is judged."""
    return [book.build(entry.schedule, {**entry.options, **chosen}) for chosen in entry.choices()]
