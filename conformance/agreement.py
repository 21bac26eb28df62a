"""Local agreement: one step from any state lies in the enclosure of everything legal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from conformance.cases import Case
from conformance.subject import GRADIENT, Outcome, Prepared, Subject
from reference.arithmetic import ExactArithmetic
from reference.enclosure import StepEnclosure
from reference.exact import ExactStep
from reference.formats import Array, Format
from reference.interval import Interval
from spec.rule import UpdateRule

BLOCK = 8192
"""Elements enclosed at once: the arrays of one operation stay in the processor's cache."""
RATIO_BINS = 20
SAMPLE = 512
"""Elements of a slab on which ratios are measured and mutants evaluated."""


@dataclass(frozen=True)
class Slab:
    """Tensors of one case that share all scalars, joined: what one enclosure is computed for."""

    group: int
    scalars: Mapping[str, float]
    before: Mapping[str, Array]
    after: Mapping[str, Array]
    origin: Array
    """For each element the index of its tensor and its place in it."""


@dataclass(frozen=True)
class Outside:
    """One value outside its enclosure, with everything that entered it."""

    case: Case
    switches: tuple[str, ...]
    quantity: str
    tensor: int
    place: int
    scalars: Mapping[str, float]
    before: Mapping[str, float]
    legal: tuple[float, float]
    value: float


@dataclass
class Tally:
    """Figures and failures of one cell, gathered case by case."""

    cases: int = 0
    element_cases: int = 0
    values: int = 0
    outside: int = 0
    undecided: int = 0
    histogram: Array = field(default_factory=lambda: np.zeros(RATIO_BINS, np.int64))
    ratios: list[Array] = field(default_factory=list)
    failures: list[Outside] = field(default_factory=list)

    def add_ratios(self, ratio: Array) -> None:
        """Add observed errors over the room the enclosures leave."""
        finite = ratio[np.isfinite(ratio)].astype(np.float64)
        self.histogram += np.histogram(finite, RATIO_BINS, (0.0, 1.0))[0]
        self.ratios.append(finite)


def slabs(
    case: Case, prepared: tuple[Prepared, ...], outcome: Outcome, rule: UpdateRule
) -> Iterator[Slab]:
    """Join tensors of the same group and step count."""
    joined: dict[tuple[int, int], list[int]] = {}
    for index, item in enumerate(prepared):
        joined.setdefault((item.group, item.count), []).append(index)
    final = outcome.steps[-1]
    for (group, count), members in joined.items():
        before = {
            name: np.concatenate([prepared[i].values[name] for i in members])
            for name in prepared[members[0]].values
        }
        before[GRADIENT] = np.concatenate([prepared[i].gradients[0] for i in members])
        shown = [q.symbol.name for q in rule.quantities if final[members[0]].values.get(q.symbol.name) is not None]
        after = {name: np.concatenate([_shown(final[i].values, name) for i in members]) for name in shown}
        origin = np.concatenate(
            [np.stack([np.full(len(prepared[i].gradients[0]), i), np.arange(len(prepared[i].gradients[0]))]) for i in members], axis=1
        )
        scalars = {**case.groups[group].hyperparameters, "t": float(count + 1)}
        yield Slab(group, scalars, before, after, origin)


def _shown(values: Mapping[str, Array | None], name: str) -> Array:
    value = values[name]
    assert value is not None
    return value


def judge(case: Case, prepared: tuple[Prepared, ...], outcome: Outcome, subject: Subject, tally: Tally) -> Iterator[tuple[StepEnclosure, Slab, Mapping[str, Interval], Array]]:
    """Judge one case, and yield for each slab a sample on which mutants can be evaluated."""
    rule = subject.rules[case.switches]
    tally.cases += 1
    for slab in slabs(case, prepared, outcome, rule):
        enclosure = StepEnclosure(rule, subject.profile, subject.storage, slab.scalars, outcome.state_formats)
        size = slab.origin.shape[1]
        for start in range(0, size, BLOCK):
            part = slice(start, min(start + BLOCK, size))
            legal = _judge_block(case, slab, part, enclosure, subject.storage, tally)
            if start == 0:
                sample = slice(0, min(SAMPLE, size))
                _measure(slab, sample, enclosure, legal, tally)
                yield enclosure, slab, legal, sample
