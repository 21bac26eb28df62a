"""Puts schedules into the report: a section each, with formula, proofs, mutants and curves."""

from __future__ import annotations

import dataclasses

from conformance.assembly import hyperparameter_entry, state_entry
from conformance.literature import proof_entry
from conformance.report import model
from conformance.schedules.deviations import ledger
from conformance.schedules.engine import Unit, UnitResult
from conformance.schedules.formulas import lines
from conformance.schedules.judging import ALL, cell
from conformance.schedules.power import Power
from conformance.verdict import Verdict
from impls.scheduler import CLOSED, RECURRENCE, Scheduler
from reference.schedule_profile import ScheduleProfile
from spec import schedules as book
from spec.schedule import Schedule, ScheduleFamily
from spec.schedule_claims import proofs
from spec.schedule_mutants import ScheduleMutant, mutants


def extended(report: model.Report, work: list[Unit], results: list[UnitResult]) -> model.Report:
    """Return the report with the sections, cells and deviations of schedulers added."""
    power = Power()
    for result in results:
        power.merge(result.killed)
    judged = {unit.entry.schedule for unit in work}
    cells = tuple(sorted((r for u in results for r in u.results), key=lambda r: r.cell))
    used = {name: r.verdict for r in cells for name in (r.deviation, *r.further) if name}
    asked = {name for unit in work for name in unit.properties}
    times = {f"schedules {i}": round(r.seconds, 3) for i, r in enumerate(cells)}
    return dataclasses.replace(
        report,
        rules=(*report.rules, *(section(book.families()[name], work, results,
            power) for name in sorted(judged))),
        properties=(*report.properties, *(model.PropertyEntry(p.identifier, p.sentence, p.source)
                                          for p in ALL if p.identifier in asked)),
        implementations=(*report.implementations,
                         *(_implementation(unit.entry, report.environment) for unit in work)),
        results=(*report.results, *(dataclasses.replace(r, seconds=0.0) for r in cells)),
        deviations=(*report.deviations, *(_deviation(name, used[name]) for name in used)),
        times={**report.times, **times},
    )  # fmt: skip


def section(
    family: ScheduleFamily, work: list[Unit], results: list[UnitResult], power: Power
) -> model.RuleEntry:
    """Return the section of one schedule."""
    mine = [(u.entry, r) for u, r in zip(work, results, strict=True) if u.entry.schedule == family.name]
    variants: dict[str, Schedule] = {}
    for entry, _ in mine:
        for schedule in claimed(entry):
            variants.setdefault(schedule.label, schedule)
    proven = frozenset(p.invariant.identifier for p in proofs(family) if p.proven)
    first = next(iter(variants.values()))
    states = first.machine.states if first.machine else ()
    return model.RuleEntry(
        family.name, family.title, str(family.citation),
        tuple(model.OptionValue(option.name, value, meaning)
              for option in family.options for value, meaning in option.values.items()),
        tuple(hyperparameter_entry(h) for h in first.hyperparameters),
        tuple(state_entry(s) for s in states),
        tuple(_variant(schedule, family, proven, power) for schedule in variants.values()),
        tuple(proof_entry(proof) for proof in proofs(family)),
        curves=tuple(curve for _, result in mine for curve in result.curves),
    )  # fmt: skip


def claimed(entry: Scheduler) -> list[Schedule]:
    """Return the schedules that a scheduler claims: one for each choice it can be given."""
    chosen: list[dict[str, str]] = [dict(entry.options)]
    for option, (_, choices) in entry.switches.items():
        chosen = [{**known, option: value} for known in chosen for value in choices]
    return [book.build(entry.schedule, options) for options in chosen]


def _variant(
    schedule: Schedule, family: ScheduleFamily, proven: frozenset[str], power: Power
) -> model.VariantEntry:
    known: tuple[model.MutantEntry, ...] = ()
    if schedule.label in power.killed:  # else this run did not measure it
        dead = power.killed[schedule.label]
        known = tuple(_mutant(mutant, dead) for mutant in mutants(schedule, family))
    return model.VariantEntry(schedule.label, dict(schedule.options), lines(schedule, proven), known)


def _mutant(mutant: ScheduleMutant, dead: dict[str, str]) -> model.MutantEntry:
    if mutant.text in dead:
        return model.MutantEntry(mutant.name, "killed", mutant.text, dead[mutant.text])
    status = "equivalent" if mutant.equivalent else "survived"
    return model.MutantEntry(mutant.name, status, mutant.text, "")


def _implementation(entry: Scheduler, environment: dict[str, str]) -> model.ImplementationEntry:
    computes = {CLOSED: "the closed form", RECURRENCE: "the recurrence"}.get(entry.computes, entry.computes)
    profile = f"{computes}, {ScheduleProfile.from_mapping(entry.profile)}"
    options = ", ".join(f"{k}={v}" for k, v in entry.options.items())
    claims = f"{entry.schedule} ({options})" if options else entry.schedule
    version = environment.get(entry.library, environment.get(entry.framework, ""))
    path = cell(entry, ALL[0]).path
    library = f"{entry.library} {version}".strip()
    return model.ImplementationEntry(
        entry.name, entry.target, entry.schedule, claims, library, {f"{path} on cpu": profile}
    )


def _deviation(name: str, verdict: Verdict) -> model.DeviationEntry:
    entry = next(item for item in ledger() if item.identifier == name)
    status = "in force" if verdict is Verdict.DEVIATION else "no longer shown"
    where = ", ".join(entry.implementations)
    return model.DeviationEntry(name, where, entry.condition, entry.reason, entry.link, entry.rest, status)
