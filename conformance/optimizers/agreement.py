"""Local agreement: one step from any state lies in the enclosure of everything legal."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from conformance.engine.evidence import Tally
from conformance.optimizers.cases import Case
from conformance.optimizers.subject import GRADIENT, Prepared, RuleSubject, StepsRead
from reference.formats import Array, Format
from reference.intervals.enclosure import StepEnclosure, as_intervals
from reference.intervals.exact import exact_step
from reference.intervals.interval import Interval
from spec.rule import UpdateRule

BLOCK = 8192
"""Elements enclosed at once: the arrays of one operation stay in the processor's cache."""
SAMPLE = 512
"""Elements of a slab on which ratios are measured and mutants evaluated."""


@dataclass(frozen=True)
class Slab:
    """All tensors of a case with the same scalars, joined to one array, so that one enclosure serves them."""

    group: int
    scalars: Mapping[str, float]
    before: Mapping[str, Array]
    after: Mapping[str, Array]
    origin: Array
    """For each element the index of its tensor and its place in it."""
    whole: bool = False
    """Whether the elements count for each other, and so are judged together."""

    def part(self, start: int, length: int) -> dict[str, Array]:
        """Return ``length`` elements before the step; all of them where they count for each other."""
        return {name: self._part(value, start, length) for name, value in self.before.items()}

    def result(self, start: int, length: int) -> dict[str, Array]:
        """Return ``length`` elements after the step."""
        return {name: self._part(value, start, length) for name, value in self.after.items()}

    def _part(self, value: Array, start: int, length: int) -> Array:
        return value if self.whole else value[start : start + length]


@dataclass(frozen=True)
class Outside:
    """The first value of a block outside its enclosure, what was legal there, and how many are outside."""

    case: Case
    quantity: str
    tensor: int
    place: int
    scalars: Mapping[str, float]
    before: Mapping[str, float]
    legal: tuple[float, float]
    value: float
    step: int = 0
    count: int = 1

    @property
    def likeness(self) -> str:
        """The quantity: its values are wrong for one reason."""
        return self.quantity

    @property
    def told(self) -> str:
        """What was seen in one line: at which step of the formula, of what, in which variant."""
        told = f"t={self.scalars['t']:g}: {self.quantity}" if "t" in self.scalars else self.quantity
        return f"{told}, with {', '.join(self.case.switches)}" if self.case.switches else told


@dataclass(frozen=True)
class Raised(Outside):
    """A step that returned nothing: the code under test raised, or its worker ended."""

    said: str = ""
    sort: str = ""

    @property
    def likeness(self) -> str:
        """The phase and the exception, or how the worker ended."""
        return self.sort

    @property
    def told(self) -> str:
        """What was said, and in which variant."""
        return f"{self.said}, with {', '.join(self.case.switches)}" if self.case.switches else self.said


def slabs(case: Case, prepared: tuple[Prepared, ...], outcome: StepsRead | None, rule: UpdateRule) -> Iterator[Slab]:
    """Join tensors that share all scalars; what an implementation hides, or has not run, is left out."""
    joined: dict[tuple[int, int, int, tuple[float, ...]], list[int]] = {}
    kept = [state.symbol.name for state in rule.states if state.scalar]
    for index, item in enumerate(prepared):
        numbers = tuple(float(item.values[name][0]) for name in kept)
        alone = -1 if rule.elementwise else index
        joined.setdefault((item.group, item.count, alone, numbers), []).append(index)
    final = outcome.steps[-1] if outcome else ()
    for (group, count, alone, numbers), members in joined.items():
        before = {
            name: np.concatenate([prepared[i].values[name] for i in members])
            for name in prepared[members[0]].values
            if name not in kept
        }
        before[GRADIENT] = np.concatenate([prepared[i].gradients[0] for i in members])
        sizes = [len(prepared[i].gradients[0]) for i in members]
        after = {}
        for quantity in rule.quantities if final else ():
            parts = [final[i].values.get(quantity.symbol.name) for i in members]
            shown = [part for part in parts if part is not None]
            if len(shown) == len(parts):
                if quantity.scalar:
                    shown = [np.repeat(part, size) for part, size in zip(shown, sizes, strict=True)]
                after[quantity.symbol.name] = np.concatenate(shown)
        owner = np.repeat(members, sizes)
        place = np.concatenate([np.arange(size) for size in sizes])
        scalars = {**case.groups[group].hyperparameters, "t": float(count + 1)}
        scalars |= dict(zip(kept, numbers, strict=True))
        if alone >= 0:
            shape = prepared[alone].shape
            before, after = shaped(rule, before, shape), shaped(rule, after, shape)
        yield Slab(group, scalars, before, after, np.stack([owner, place]), whole=not rule.elementwise)


def shaped(rule: UpdateRule, values: Mapping[str, Array], shape: tuple[int, ...]) -> dict[str, Array]:
    """Return the arrays of one tensor of shape ``shape`` in the shapes of what they hold."""
    shapes = {quantity.symbol.name: quantity.shape(shape) for quantity in rule.quantities}
    return {name: value.reshape(shapes.get(name, shape)) for name, value in values.items()}


@dataclass(frozen=True)
class Sample:
    """The first elements of a slab with their enclosures, on which mutants are evaluated."""

    rule: UpdateRule
    scalars: Mapping[str, float]
    before: Mapping[str, Array]
    legal: Mapping[str, Interval]
    formats: Mapping[str, Format] = field(default_factory=dict)
    """States that are kept in another format than the parameter."""


def judge(
    case: Case, prepared: tuple[Prepared, ...], outcome: StepsRead, subject: RuleSubject, tally: Tally
) -> list[Sample]:
    """Judge one step of one case, add it to ``tally`` and return samples for mutants."""
    rule = subject.rules[case.switches]
    tally.cases += 1
    taken = []
    with np.errstate(all="ignore"):
        for slab in slabs(case, prepared, outcome, rule):
            if not slab.origin.size:
                continue
            enclosure = StepEnclosure(rule, subject.profile, subject.storage, slab.scalars, outcome.state_formats)
            for start in range(0, 1 if slab.whole else slab.origin.shape[1], BLOCK):
                _judge_block(case, slab, start, enclosure, tally)
            taken.append(_sample(slab, enclosure, tally))
    return taken


def outside(case: Case, prepared: tuple[Prepared, ...], outcome: StepsRead, subject: RuleSubject) -> frozenset[str]:
    """Return the quantities of which a value of one step is outside its enclosure; of a large tensor its first part."""
    rule, found = subject.rules[case.switches], set[str]()
    for slab in slabs(case, prepared, outcome, rule):
        if slab.origin.size:
            enclosure = StepEnclosure(rule, subject.profile, subject.storage, slab.scalars, outcome.state_formats)
            legal = enclosure(as_intervals(slab.part(0, BLOCK), subject.storage))
            for name, stored in slab.result(0, BLOCK).items():
                if not legal[name].contains(stored.astype(subject.storage.work)).all():
                    found.add(name)
    return frozenset(found)


def samples(
    case: Case,
    prepared: tuple[Prepared, ...],
    subject: RuleSubject,
    formats: Mapping[str, Format],
    promising: Callable[[Sample], bool],
) -> Iterator[Sample]:
    """Yield the samples of a case that has not been run, for states kept in ``formats``.

    Enclosing is what costs, so that only those are enclosed which are ``promising`` without.
    """
    rule = subject.rules[case.switches]
    with np.errstate(all="ignore"):
        for slab in slabs(case, prepared, None, rule):
            if slab.origin.size and promising(_unenclosed(slab, rule, formats)):
                enclosure = StepEnclosure(rule, subject.profile, subject.storage, slab.scalars, formats)
                yield _sample(slab, enclosure, Tally())


def _unenclosed(slab: Slab, rule: UpdateRule, formats: Mapping[str, Format]) -> Sample:
    return Sample(rule, slab.scalars, slab.part(0, SAMPLE), {}, formats)


def _judge_block(case: Case, slab: Slab, start: int, enclosure: StepEnclosure, tally: Tally) -> None:
    before = slab.part(start, BLOCK)
    legal = enclosure(as_intervals(before, enclosure.storage))
    undecided: Array = np.zeros(before[GRADIENT].shape, bool)
    for name, stored in slab.result(start, BLOCK).items():
        value = stored.astype(enclosure.storage.work)
        inside = legal[name].contains(value)
        undecided |= legal[name].undecided()
        tally.values += value.size
        count = int(np.count_nonzero(~inside))
        if count:
            outside = _outside(case, slab, start, int(np.argmin(inside)), name, legal[name])
            tally.fail(dataclasses.replace(outside, count=count))
    tally.element_cases += undecided.size
    tally.undecided += int(np.count_nonzero(undecided))


def _outside(case: Case, slab: Slab, start: int, first: int, name: str, legal: Interval) -> Outside:
    place = start + first
    tensor, element = slab.origin[:, place]
    before = {key: float(value.flat[place % value.size]) for key, value in slab.before.items()}
    shape = slab.result(start, BLOCK)[name].shape
    lo, hi = (np.broadcast_to(end, shape) for end in (legal.lo, legal.hi))
    bounds = (float(lo.flat[first]), float(hi.flat[first]))
    value = float(slab.after[name].flat[place])
    return Outside(case, name, int(tensor), int(element), slab.scalars, before, bounds, value)


def _sample(slab: Slab, enclosure: StepEnclosure, tally: Tally) -> Sample:
    before = slab.part(0, SAMPLE)
    legal = enclosure(as_intervals(before, enclosure.storage))
    kept = enclosure.state_formats
    centre = exact_step(enclosure.program, enclosure.storage, slab.scalars, before, kept)
    for name, stored in slab.result(0, SAMPLE).items():
        tally.add_ratios(ratios(stored.astype(enclosure.storage.work), centre[name], legal[name]))
    return Sample(enclosure.program.rule, slab.scalars, before, legal, kept)


def ratios(value: Array, centre: Array, legal: Interval) -> Array:
    """Return |value - centre| over the room the enclosure leaves on that side."""
    above = (value - centre) / (legal.hi - centre)
    below = (centre - value) / (centre - legal.lo)
    ratio = np.where(value == centre, 0.0, np.where(value > centre, above, below))
    return np.where(np.isfinite(legal.lo) & np.isfinite(legal.hi), ratio, np.nan)
