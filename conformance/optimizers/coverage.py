"""Which parts of a rule's formula a case makes visible: a part that is off takes a result out of its enclosure."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterable, Mapping

import numpy as np

from conformance.engine.coverage import ERRORS, Coverage
from conformance.optimizers.agreement import Sample
from conformance.optimizers.mutants import lines_of, rounded_step
from conformance.optimizers.subject import GRADIENT
from reference.formats import Array, Format
from reference.intervals.interval import Interval
from spec import rules as book
from spec.mutants.parts import SCALE, FormulaPart, parts
from spec.rule import UpdateRule

MOST = 256
"""Samples of a cell that are looked at: number 1, 2, 4, 8 and so on, and all of them for what none has shown."""
ELEMENTS = 128
"""Elements of a sample that are looked at, where they do not count for each other."""


@functools.lru_cache(maxsize=512)
def of(rule: UpdateRule) -> tuple[FormulaPart, ...]:
    """Return the parts of a rule's formula."""
    return parts(rule)


def without_effect(part: FormulaPart) -> bool:
    """Tell whether a part is proven to change nothing, whatever its error, wherever the rule's own settings allow."""
    whole = book.build(part.original.name, part.original.options)
    return dataclasses.replace(part, original=dataclasses.replace(whole, program=part.original.program)).equivalent


def look(coverage: Coverage, samples: Iterable[Sample], storage: Format) -> None:
    """Look at every part of the formula on samples of a case, from the largest error down to one that is not seen."""
    with np.errstate(all="ignore"):
        for sample in samples:
            label = sample.rule.label
            number = coverage.samples.get(label, 0)
            if number < MOST:
                coverage.samples[label] = number + 1
                _look(coverage, _shortened(sample), storage, every=(number + 1).bit_count() == 1)


def _look(coverage: Coverage, sample: Sample, storage: Format, *, every: bool) -> None:
    """Look at ``every`` part on one sample, or at those that have not been seen."""
    size = sample.legal[sample.rule.parameter.symbol.name].lo.size
    lines: dict[str, Array] = {}
    for part in of(sample.rule):
        seen = coverage.of(sample.rule.label, part.identifier)
        if seen.caught[0] and not every:
            continue
        lines = lines or lines_of(sample, storage)
        seen.looked_at += size
        for place, error in enumerate(ERRORS):
            count = _outside(part, error, sample, storage, lines)
            seen.caught[place] += count
            if not count:
                break


def _outside(part: FormulaPart, error: float, sample: Sample, storage: Format, lines: Mapping[str, Array]) -> int:
    """Return on how many elements a result leaves its enclosure where the part is off by an error."""
    shared = {name: value for name, value in lines.items() if name in part.unchanged}
    given = dataclasses.replace(sample, scalars={**sample.scalars, SCALE.name: 1.0 - error})
    wrong = rounded_step(part.wrong, given, storage, shared)
    found = np.zeros(sample.legal[sample.rule.parameter.symbol.name].lo.shape, bool)
    for name, legal in sample.legal.items():
        found |= ~legal.contains(np.broadcast_to(wrong[name], legal.lo.shape).astype(legal.lo.dtype))
    return int(np.count_nonzero(found))


def _shortened(sample: Sample) -> Sample:
    """Return the first elements of a sample, or all where they count for each other."""
    if not sample.rule.elementwise or sample.before[GRADIENT].size <= ELEMENTS:
        return sample
    before = {name: value[:ELEMENTS] for name, value in sample.before.items()}
    return dataclasses.replace(sample, before=before, legal={n: _first(v) for n, v in sample.legal.items()})


def _first(value: Interval) -> Interval:
    if not np.ndim(value.lo):
        return value
    nan, both = (flag[:ELEMENTS] if np.ndim(flag) else flag for flag in value.flags)  # type: ignore[index]
    return Interval(value.lo[:ELEMENTS], value.hi[:ELEMENTS], nan, both, point=value.point)
