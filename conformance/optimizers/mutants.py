"""Which mutants of a rule a case tells from it: their own results leave its enclosures."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from contextlib import suppress

import numpy as np

from conformance.engine.power import Power
from conformance.optimizers.agreement import Sample
from conformance.optimizers.found_profile import FoundProfile
from reference.compiled.rounding import QuickEnclosure
from reference.formats import Array, Format
from reference.intervals.enclosure import as_intervals, program
from reference.intervals.exact import exact_step
from reference.undefined import Undefined
from spec import rules as book
from spec.mutants import RuleMutant, mutants
from spec.rule import UpdateRule


def of(rule: UpdateRule) -> tuple[RuleMutant, ...]:
    """Return the mutants of a rule: those of the book, equal or not within the domain that a subject takes."""
    whole = book.build(rule.name, rule.options)
    found = mutants(dataclasses.replace(rule, hyperparameters=whole.hyperparameters), book.family(rule.name))
    return tuple(dataclasses.replace(mutant, original=rule) for mutant in found)


def kill(power: Power, samples: Iterable[Sample], storage: Format, cell: str) -> None:
    """Evaluate every living mutant on samples of a case of ``cell``."""
    with np.errstate(all="ignore"):
        for sample in samples:
            lines = lines_of(sample, storage)
            for mutant in power.open(sample.rule):
                if _outside(mutant, sample, storage, lines):
                    power.kill(sample.rule, mutant, cell)


def spare(power: Power, samples: Iterable[Sample], storage: Format, found: FoundProfile) -> None:
    """Note the living mutants that would be dead by the textbook's profile: the one that was found lets them live."""
    if found.profile == found.narrowest:
        return
    with np.errstate(all="ignore"):
        for sample in samples:
            spared = found.spared.setdefault(sample.rule.label, set())
            living = [mutant for mutant in power.open(sample.rule) if mutant.line not in spared]
            if not living:
                continue
            strict = QuickEnclosure(sample.rule, found.narrowest, storage, sample.scalars, sample.formats)
            legal = strict(as_intervals(sample.before, storage))
            told, lines = dataclasses.replace(sample, legal=legal), lines_of(sample, storage)
            spared |= {mutant.line for mutant in living if _outside(mutant, told, storage, lines)}


def differs(power: Power, sample: Sample, storage: Format) -> bool:
    """Tell whether a living mutant's result is not the rule's own, whatever its enclosure."""
    with np.errstate(all="ignore"):
        lines: dict[str, Array] = {}
        right = rounded_step(sample.rule, sample, storage, lines)
        return any(
            not np.array_equal(value, right[name], equal_nan=True)
            for mutant in power.open(sample.rule)
            for name, value in _wrong(mutant, sample, storage, lines).items()
        )


def tells(power: Power, sample: Sample, storage: Format) -> bool:
    """Tell whether a sample would kill a living mutant."""
    with np.errstate(all="ignore"):
        lines = lines_of(sample, storage)
        return any(_outside(mutant, sample, storage, lines) for mutant in power.open(sample.rule))


def distance(mutant: RuleMutant, sample: Sample, storage: Format) -> float:
    """Return how far a mutant's exact results are from the rule's own, in widths of what is legal.

    It is nothing where one of them has no value.
    """
    found = 0.0
    with np.errstate(all="ignore"), suppress(Undefined):
        right, wrong = (
            exact_step(program(rule, frozenset()), storage, sample.scalars, sample.before, sample.formats, {})
            for rule in (sample.rule, mutant.wrong)
        )
        for name, legal in sample.legal.items():
            ratio = np.abs(np.asarray(wrong[name]) - right[name]) / (legal.hi - legal.lo)
            found = max(found, float(np.max(ratio, initial=0.0, where=np.isfinite(ratio))))
    return found


def outside(mutant: RuleMutant, sample: Sample, storage: Format) -> bool:
    """Tell whether a sample would kill a mutant."""
    with np.errstate(all="ignore"):
        return _outside(mutant, sample, storage, lines_of(sample, storage))


def _outside(mutant: RuleMutant, sample: Sample, storage: Format, lines: Mapping[str, Array]) -> bool:
    """Tell whether the mutant's correctly rounded result leaves some enclosure."""
    wrong = _wrong(mutant, sample, storage, lines)
    for name, legal in sample.legal.items():
        result: Array = np.broadcast_to(wrong[name], legal.lo.shape).astype(legal.lo.dtype)
        if not legal.contains(result).all():
            return True
    return False


def lines_of(sample: Sample, storage: Format) -> dict[str, Array]:
    """Return every line of the rule's own step on a sample, which its mutants share up to their change."""
    lines: dict[str, Array] = {}
    rounded_step(sample.rule, sample, storage, lines)
    return lines


def _wrong(mutant: RuleMutant, sample: Sample, storage: Format, lines: Mapping[str, Array]) -> dict[str, Array]:
    """Return each quantity after a step of a mutant of the sample's rule."""
    shared = {name: value for name, value in lines.items() if name in mutant.unchanged}
    return rounded_step(mutant.wrong, sample, storage, shared)


def rounded_step(rule: UpdateRule, sample: Sample, storage: Format, lines: dict[str, Array]) -> dict[str, Array]:
    """Return each quantity after a step of ``rule``, correctly rounded to the format that it is kept in."""
    compiled = program(rule, frozenset())
    exact = exact_step(compiled, storage, sample.scalars, sample.before, sample.formats, lines)
    rounded = {}
    for name, value in exact.items():
        kept = sample.formats.get(name, storage)
        rounded[name] = kept.nearest(np.asarray(value).astype(kept.work))
    return rounded
