"""Assembles the report of a run from its results, the rule book and the ledger."""

from __future__ import annotations

import dataclasses
import hashlib
import platform
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.metadata import version
from typing import TypeVar

import msgspec

from conformance.catalogue.catalogued import FRAMEWORK
from conformance.catalogue.numpy_references import judged_rules
from conformance.catalogue.optimizer_units import ARITHMETIC, OptimizerUnit
from conformance.catalogue.scheduler_units import SchedulerUnit
from conformance.claims import BY_IDENTIFIER
from conformance.engine.coverage import COVERAGE
from conformance.engine.evidence import Exhibit
from conformance.engine.exhibits import ArithmeticEntry, CoverageEntry, CurveEntry, SearchEntry, TrainingEntry
from conformance.engine.power import Power
from conformance.engine.runs import UnitResult
from conformance.engine.verdict import CellResult
from conformance.optimizers import mutants as rule_mutants
from conformance.report import model, rule_section, schedule_section
from conformance.report.coverage_section import shown_by
from conformance.report.deviation_section import deviations, unjudged
from conformance.report.literature import experiment_entries, proven_claims
from conformance.report.stored_power import stored_power
from conformance.schedulers import mutants as schedule_mutants
from impls.catalogue.scheduler_entries import CLOSED, RECURRENCE, Scheduler
from reference.balls.schedule_profile import ScheduleProfile
from reference.profile import Profile
from spec import rules as rule_book
from spec import schedules as schedule_book
from spec.rule import UpdateRule

T = TypeVar("T")
Work = Sequence[OptimizerUnit | SchedulerUnit]
NAMES = ("numpy", "sympy", "hypothesis", "python-flint", "ml_dtypes")


def environment_of(framework: str) -> dict[str, str]:
    """Return the versions that a run depends on."""
    return {
        "python": platform.python_version(),
        "platform": f"{sys.platform} {platform.machine()}",
        "torch": framework,
        **{name: version(name) for name in NAMES},
    }


def assemble(
    work: Work,
    results: Sequence[UnitResult],
    *,
    command: str,
    seed: int,
    budget: float,
    environment: Mapping[str, str],
    not_run: tuple[str, ...],
    seconds: float,
    whole: bool = False,
    cut_short: bool = False,
) -> model.Report:
    """Return the report of a run; the proofs are made here, once for each rule and schedule.

    The ``whole`` book also has the rules that nothing judged claims, and the claims of the literature.  A
    run that was ``cut_short`` waits for no proof: its report has verdicts, and no formulas.
    """
    cells = sorted((r for u in results for r in u.results), key=lambda r: r.cell)
    return model.Report(
        suite_version=version("stepproof"),
        command=command,
        seed=seed,
        budget=round(budget),
        environment=dict(environment),
        rules=() if cut_short else (*_rules(work, results, whole=whole), *_schedules(work, results)),
        properties=tuple(_properties(work)),
        implementations=tuple(_implementations(work, arithmetic_of(results), environment)),
        results=tuple(dataclasses.replace(r, seconds=0.0) for r in cells),
        deviations=deviations(cells),
        not_run=(*not_run, *unjudged(cells, _versions(work, environment))),
        times={"total": round(seconds, 3), **{str(i): round(r.seconds, 3) for i, r in enumerate(cells)}},
        claims=proven_claims() if whole else (),
        experiments=experiment_entries() if whole else (),
        training=_training(results),
        searches=exhibited((e for r in results for e in r.exhibits), "search", SearchEntry),
        cut_short=cut_short,
        cases_hash=hash_of_cases(cells),
        stored_power=stored_power(),
    )


def _versions(work: Work, environment: Mapping[str, str]) -> dict[str, str]:
    """Return for each implementation the version of the library that ships it, where it was judged."""
    found = {}
    for unit in work:
        names = (f"{unit.library} in {unit.python}", f"torch in {unit.python}", unit.library, "torch")
        found[unit.cell("").implementation] = next(environment[name] for name in names if name in environment)
    return found


def hash_of_cases(cells: Iterable[CellResult]) -> str:
    """Return one hash of all cases that a run judged."""
    drawn = "\n".join(f"{r.cell} {r.digest}" for r in sorted(cells, key=lambda r: r.cell))
    return hashlib.sha256(drawn.encode()).hexdigest()


def _power(power: Power, results: Sequence[UnitResult]) -> Power:
    for result in results:
        power.merge(result.killed)
    return power


def _rules(work: Work, results: Sequence[UnitResult], *, whole: bool) -> Iterator[model.RuleEntry]:
    power = _power(Power(rule_mutants.of), results)
    spared: dict[str, set[str]] = {}
    for label, lines in (pair for entry in arithmetic_of(results) for pair in entry.spared.items()):
        spared.setdefault(label, set()).update(lines)
    judged: dict[str, dict[str, UpdateRule]] = {}
    for item in {unit.implementation.identifier: unit.implementation for unit in _optimizers(work)}.values():
        for rule in judged_rules(item).values():
            judged.setdefault(rule.name, {})[rule.label] = rule
    shown = shown_by(exhibited((e for r in results for e in r.exhibits), COVERAGE, CoverageEntry))
    for name, rules in judged.items():
        yield rule_section.section(rule_book.family(name), rules, power, spared, shown)
    if whole:
        yield from (rule_section.unjudged(f) for name, f in rule_book.families().items() if name not in judged)


def _schedules(work: Work, results: Sequence[UnitResult]) -> Iterator[model.RuleEntry]:
    power = _power(Power(schedule_mutants.of), results)
    mine = [(u.entry, r) for u, r in zip(work, results, strict=True) if isinstance(u, SchedulerUnit)]
    for name in sorted({entry.schedule for entry, _ in mine}):
        of_it = [(entry, result) for entry, result in mine if entry.schedule == name]
        curves = exhibited((e for _, r in of_it for e in r.exhibits), "curve", CurveEntry)
        yield schedule_section.section(schedule_book.family(name), [entry for entry, _ in of_it], curves, power)


def _optimizers(work: Work) -> list[OptimizerUnit]:
    return [unit for unit in work if isinstance(unit, OptimizerUnit)]


def _schedulers(work: Work) -> list[SchedulerUnit]:
    return [unit for unit in work if isinstance(unit, SchedulerUnit)]


def _training(results: Sequence[UnitResult]) -> tuple[TrainingEntry, ...]:
    """Return each problem with each rule once, with the runs of all who trained with it."""
    found: dict[tuple[str, str, str], TrainingEntry] = {}
    for entry in exhibited((e for r in results for e in r.exhibits), "training", TrainingEntry):
        key = (entry.problem, entry.rule, entry.dtype)
        before = found.get(key, dataclasses.replace(entry, runs=()))
        found[key] = dataclasses.replace(before, runs=(*before.runs, *entry.runs))
    return tuple(found[key] for key in sorted(found))


def exhibited(exhibits: Iterable[Exhibit], sort: str, of: type[T]) -> tuple[T, ...]:
    """Return the exhibits of one sort as what they are."""
    return tuple(msgspec.convert(exhibit.data, of) for exhibit in exhibits if exhibit.sort == sort)


def _properties(work: Work) -> Iterator[model.PropertyEntry]:
    for chapter, claims in BY_IDENTIFIER.items():
        asked = {name for unit in work if unit.chapter == chapter for name in unit.properties}
        named = (claim for name, claim in claims.items() if name in asked)
        chosen = {name: level for unit in work for name, level in unit.levels.items()}
        yield from (
            model.PropertyEntry(c.identifier, c.sentence, c.source, chosen.get(c.identifier, c.level)) for c in named
        )


def arithmetic_of(results: Sequence[UnitResult]) -> tuple[ArithmeticEntry, ...]:
    """Return the profiles that were found."""
    return exhibited((e for r in results for e in r.exhibits), ARITHMETIC, ArithmeticEntry)


def _implementations(
    work: Work, found: Sequence[ArithmeticEntry], environment: Mapping[str, str]
) -> Iterator[model.ImplementationEntry]:
    optimizers: dict[str, list[OptimizerUnit]] = {}
    for unit in _optimizers(work):
        optimizers.setdefault(unit.implementation.identifier, []).append(unit)
    for name, mine in optimizers.items():
        item = mine[0].implementation
        declared = {f"{u.path.name} on {u.device}": u.path.profile for u in mine if u.path.declared}
        profiles = {where: str(Profile.from_mapping(given, item.rule)) for where, given in declared.items()}
        looked = {f"{e.path}, {e.dtype}": e.profile for e in found if e.implementation == name}
        claims = _claims(item.rule, item.options)
        claims = f"{item.rule} with every option" if item.framework == FRAMEWORK else claims
        library = f"{item.library} {environment.get(item.library, '')}".strip()
        family = rule_book.family(item.rule).name
        yield model.ImplementationEntry(name, item.called, family, claims, library, profiles, looked)
    yield from (_scheduler(unit, environment) for unit in _schedulers(work))


def _claims(name: str, options: Mapping[str, str]) -> str:
    chosen = ", ".join(f"{k}={v}" for k, v in options.items())
    return f"{name} ({chosen})" if chosen else name


def _scheduler(unit: SchedulerUnit, environment: Mapping[str, str]) -> model.ImplementationEntry:
    entry = unit.entry
    version_ = environment.get(entry.library, environment.get(entry.framework, ""))
    return model.ImplementationEntry(
        entry.name,
        entry.target,
        entry.schedule,
        _claims(entry.schedule, entry.options),
        f"{entry.library} {version_}".strip(),
        {f"{unit.cell('').path} on cpu": _profile(entry)},
    )


def _profile(entry: Scheduler) -> str:
    computes = {CLOSED: "the closed form", RECURRENCE: "the recurrence"}.get(entry.computes, entry.computes)
    return f"{computes}, {ScheduleProfile.from_mapping(entry.profile)}"
