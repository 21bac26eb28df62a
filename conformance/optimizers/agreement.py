"""Local agreement: one step from any state lies in the enclosure of everything legal."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from conformance.engine.evidence import Tally
from conformance.optimizers.cases import Case
from conformance.optimizers.prepared import Prepared
from conformance.optimizers.subject import GRADIENT, RuleSubject, StepsRead
from reference.compiled.step_judgement import StepJudge
from reference.formats import Array, Format
from reference.intervals.interval import Interval, hull
from reference.profile import Profile
from spec.rule import UpdateRule

BLOCK = 8192
"""Elements of a large tensor that tell whether a profile explains it."""
SAMPLE = 512
"""Elements of a slab on which ratios are measured and mutants evaluated."""


@dataclass(frozen=True)
class Slab:
    """All tensors of a case with the same scalars, joined to one array, so that one enclosure serves them."""

    group: int
    scalars: Mapping[str, float]
    before: Mapping[str, Array]
    after: Mapping[str, Array]
    tensors: Mapping[int, int]
    """The indices of its tensors, in order, and how many elements each has."""
    whole: bool = False
    """Whether the elements count for each other, and so are judged together."""

    @property
    def size(self) -> int:
        """The number of elements."""
        return sum(self.tensors.values())

    def origin(self, place: int) -> tuple[int, int]:
        """Return the index of the tensor of an element, and its place in it."""
        tensors = iter(self.tensors.items())
        index, size = next(tensors)
        while place >= size:
            place -= size
            index, size = next(tensors)
        return index, place

    def blocks(self, failures: Iterable[Outside]) -> list[int]:
        """Return where the first block begins, and each in which an element failed."""
        return sorted({0, *(place - place % BLOCK for place in self.places(failures))})

    def places(self, failures: Iterable[Outside]) -> list[int]:
        """Return the places of the elements that failed."""
        begun = dict(zip(self.tensors, itertools.accumulate(self.tensors.values(), initial=0), strict=False))
        return sorted({begun[each.tensor] + each.place for each in failures if each.tensor in begun})

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
            name: _joined([prepared[i].values[name] for i in members])
            for name in prepared[members[0]].values
            if name not in kept
        }
        before[GRADIENT] = _joined([prepared[i].gradients[0] for i in members])
        sizes = [len(prepared[i].gradients[0]) for i in members]
        after = {}
        for quantity in rule.quantities if final else ():
            parts = [final[i].values.get(quantity.symbol.name) for i in members]
            shown = [part for part in parts if part is not None]
            if len(shown) == len(parts):
                if quantity.scalar:
                    shown = [np.repeat(part, size) for part, size in zip(shown, sizes, strict=True)]
                after[quantity.symbol.name] = _joined(shown)
        scalars = {**case.scalars(rule, group), "t": float(count + 1)}
        scalars |= dict(zip(kept, numbers, strict=True))
        if alone >= 0:
            shape = prepared[alone].shape
            before, after = shaped(rule, before, shape), shaped(rule, after, shape)
        yield Slab(group, scalars, before, after, dict(zip(members, sizes, strict=True)), whole=not rule.elementwise)


def _joined(parts: list[Array]) -> Array:
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def shaped(rule: UpdateRule, values: Mapping[str, Array], shape: tuple[int, ...]) -> dict[str, Array]:
    """Return the arrays of one tensor of shape ``shape`` in the shapes of what they hold; others are left out."""
    shapes = {quantity.symbol.name: quantity.shape(shape) for quantity in rule.quantities} | {GRADIENT: shape}
    return {name: value.reshape(shapes[name]) for name, value in values.items() if name in shapes}


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
    case: Case,
    prepared: tuple[Prepared, ...],
    outcome: StepsRead,
    subject: RuleSubject,
    tally: Tally,
    *,
    briefly: bool = False,
    alternative: Profile | None = None,
) -> list[Sample]:
    """Judge one step of one case, add it to ``tally`` and return samples for mutants.

    ``briefly`` no tensor is looked at after one of which a value is outside.  With an ``alternative`` profile
    only those values are outside which neither of the two allows.
    """
    rule = subject.rules[case.switches]
    tally.cases += 1
    taken = []
    with np.errstate(all="ignore"):
        for slab in slabs(case, prepared, outcome, rule):
            if not slab.size:
                continue
            given = subject.storage, slab.scalars, outcome.state_formats
            step = StepJudge(rule, subject.profile, *given)
            other = None if alternative is None else StepJudge(rule, alternative, *given)
            taken.append(_judge_slab(case, slab, step, other, tally))
            if briefly and tally.outside:
                break
    return taken


def outside(
    case: Case,
    prepared: tuple[Prepared, ...],
    outcome: StepsRead,
    subject: RuleSubject,
    failures: tuple[Outside, ...] = (),
    until: str = "",
) -> frozenset[str]:
    """Return the quantities of which a value of one step is outside its enclosure.

    Of a large tensor the first block is looked at, and the blocks of known ``failures``; nothing is looked at
    after a block in which ``until`` is outside.
    """
    rule, found = subject.rules[case.switches], set[str]()
    for slab in slabs(case, prepared, outcome, rule):
        if slab.size:
            step = StepJudge(rule, subject.profile, subject.storage, slab.scalars, outcome.state_formats)
            for start in [0] if slab.whole else slab.blocks(failures):
                found |= step(slab.part(start, BLOCK), slab.result(start, BLOCK), 0).outside.keys()
                if until in found:
                    return frozenset(found)
    return frozenset(found)


def outside_still(
    case: Case, prepared: tuple[Prepared, ...], outcome: StepsRead, subject: RuleSubject, failures: tuple[Outside, ...]
) -> Iterator[frozenset[str]]:
    """Yield the quantities of which an element that failed under another profile is outside, element by element."""
    rule = subject.rules[case.switches]
    for slab in slabs(case, prepared, outcome, rule) if failures and rule.elementwise else ():
        if places := slab.places(failures):
            step = StepJudge(rule, subject.profile, subject.storage, slab.scalars, outcome.state_formats)
            yield from (frozenset(step(slab.part(at, 1), slab.result(at, 1), 0).outside) for at in places)


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
            if slab.size and promising(_unenclosed(slab, rule, formats)):
                step = StepJudge(rule, subject.profile, subject.storage, slab.scalars, formats)
                before = slab.part(0, SAMPLE)
                yield Sample(rule, slab.scalars, before, step(before, {}, SAMPLE).legal, formats)


def _unenclosed(slab: Slab, rule: UpdateRule, formats: Mapping[str, Format]) -> Sample:
    return Sample(rule, slab.scalars, slab.part(0, SAMPLE), {}, formats)


def _judge_slab(case: Case, slab: Slab, step: StepJudge, other: StepJudge | None, tally: Tally) -> Sample:
    judged = step(slab.before, slab.after, SAMPLE)
    tally.values += sum(value.size for value in slab.after.values())
    found, legal = judged.outside, judged.legal
    if other is not None and found:
        own, others = (each(slab.before, {}, slab.size).legal for each in (step, other))
        outside = {name: _outside_both(own[name], others[name], slab.after[name]) for name in found}
        found = {name: where for name, where in outside.items() if where[0]}
        legal = {name: hull(interval, others[name]) for name, interval in own.items()}
    for name, (count, first) in found.items():
        tally.fail(dataclasses.replace(_outside(slab, case, step, legal, name, first), count=count))
    tally.element_cases += slab.before[GRADIENT].size
    tally.undecided += judged.undecided
    tally.add_ratios(judged.ratios)
    return Sample(step.rule, slab.scalars, slab.part(0, SAMPLE), judged.legal, step.state_formats)


def _outside_both(first: Interval, second: Interval, after: Array) -> tuple[int, int]:
    """Return how many values neither of two intervals holds, and the place of the first."""
    value = after.astype(first.lo.dtype)
    inside = first.contains(value) | second.contains(value)
    return int(np.count_nonzero(~inside)), int(np.argmin(inside))


def _outside(slab: Slab, case: Case, step: StepJudge, legal: Mapping[str, Interval], name: str, place: int) -> Outside:
    """Return a failure; its element is enclosed where it is none of those with ``legal`` intervals."""
    tensor, element = slab.origin(place)
    before = {key: float(value.flat[place % value.size]) for key, value in slab.before.items()}
    interval, start = legal[name], 0
    if not slab.whole and interval.lo.ndim and place >= interval.lo.size:
        interval, start = step(slab.part(place, 1), {}, 1).legal[name], place
    shape = slab.after[name].shape if slab.whole else interval.lo.shape or (place - start + 1,)
    lo, hi = (np.broadcast_to(end, shape).flat[place - start] for end in (interval.lo, interval.hi))
    value = float(slab.after[name].flat[place])
    return Outside(case, name, int(tensor), int(element), slab.scalars, before, (float(lo), float(hi)), value)
