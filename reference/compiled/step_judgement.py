"""One step judged: what came of it, held against its enclosure, by compiled code or by the walk."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Mapping

import numpy as np

from reference.compiled import probe
from reference.compiled.judged import JudgedValues
from reference.compiled.records import record
from reference.compiled.rounding import QuickEnclosure
from reference.compiled.step import CompiledStep
from reference.compiled.task import Task
from reference.formats import FLOAT64, Array, Format
from reference.intervals.enclosure import StepEnclosure, program, refuse_tiny
from reference.intervals.exact import exact_step
from reference.intervals.interval import Interval
from reference.profile import Profile
from spec.first_rate import with_first_rate
from spec.rule import UpdateRule
from spec.symbols import g

BLOCK = 8192
"""Elements walked at once: the arrays of one operation stay in the processor's cache."""


class StepJudge:
    """Judges steps of one rule under one profile for one set of scalars.

    ``scalars``, ``state_formats`` and ``kept`` are those of ``StepEnclosure``, which is the definition of
    what is legal.  Raises ``ValueError`` for a hyperparameter too small to enclose.
    """

    def __init__(
        self,
        rule: UpdateRule,
        profile: Profile,
        storage: Format,
        scalars: Mapping[str, float],
        state_formats: Mapping[str, Format] | None = None,
        kept: Mapping[str, Interval] | None = None,
    ) -> None:
        refuse_tiny(rule, scalars)
        self.rule, self.profile, self.storage = rule, profile, storage
        self.scalars = dict(with_first_rate(rule, scalars))
        self.state_formats, self.kept = state_formats or {}, dict(kept or {})
        self.program = program(rule, profile.every_form)

    def __call__(self, before: Mapping[str, Interval | Array], after: Mapping[str, Array], shown: int) -> JudgedValues:
        """Judge a step: ``before`` holds gradient, parameter and states, ``after`` what was returned.

        Arrays are flat where elements do not count for each other.  ``shown`` is how many elements are
        returned with their enclosures; all of a rule whose elements do.
        """
        before = self._for_each(before)
        points = frozenset(n for n, value in before.items() if not isinstance(value, Interval) or value.point)
        found = record(self.task(points))
        if found.step is not None:
            judged = found.step(self.scalars, self._numbers(), before, after, shown)
            if judged is not None:
                return judged
        judged = self.walked_quickly(before, after, shown)
        found.add(_ends(before[g.name]).size, self.accepts)
        return judged

    def _for_each(self, before: Mapping[str, Interval | Array]) -> Mapping[str, Interval | Array]:
        """Return intervals for each element, where a line without tensors has left one number for all of them."""
        shape = _ends(before[g.name]).shape
        numbers = {state.symbol.name for state in self.rule.states if state.scalar}
        alone = {n: v for n, v in before.items() if isinstance(v, Interval) and not np.ndim(v.lo) and n not in numbers}
        if not (alone and shape and self.rule.elementwise):
            return before
        filled = {
            name: Interval(np.full(shape, value.lo), np.full(shape, value.hi), *value.flags, point=value.point)
            for name, value in alone.items()
        }
        return {**before, **filled}

    def accepts(self, step: CompiledStep) -> bool:
        """Tell whether compiled code returns what the walk does, before and after it."""
        before = probe.tensors(step.task)
        after = {name: _ends(value)[::-1] for name, value in before.items() if name != g.name}
        with np.errstate(all="ignore"):
            judged = step(self.scalars, self._numbers(), before, after, probe.PART)
            walked = self.walked(before, after, probe.PART)
        return judged is not None and probe.compared(walked, judged)[1] == 0

    def task(self, points: frozenset[str]) -> Task:
        """Return what code is written for where the tensors of ``points`` are known values."""
        return Task(self.program, self.profile, self.storage, self.state_formats, points, self.scalars)

    @functools.cached_property
    def _defined(self) -> StepEnclosure:
        return StepEnclosure(self.rule, self.profile, self.storage, self.scalars, self.state_formats, self.kept)

    @functools.cached_property
    def _quick(self) -> StepEnclosure:
        return QuickEnclosure(self.rule, self.profile, self.storage, self.scalars, self.state_formats, self.kept)

    def _numbers(self) -> dict[str, Interval]:
        """Return the states that are one number for a tensor."""
        names = (state.symbol.name for state in self.rule.states if state.scalar)
        return {
            name: self.kept.get(name) or Interval.exactly(np.asarray(self.scalars[name], FLOAT64.work))
            for name in names
        }

    def walked(self, before: Mapping[str, Interval | Array], after: Mapping[str, Array], shown: int) -> JudgedValues:
        """Judge by the walk: the definition of what compiled code finds."""
        return self._by(self._defined, before, after, shown)

    def walked_quickly(
        self, before: Mapping[str, Interval | Array], after: Mapping[str, Array], shown: int
    ) -> JudgedValues:
        """Judge by the walk, with roundings by compiled code."""
        return self._by(self._quick, before, after, shown)

    def _by(
        self, enclosure: StepEnclosure, before: Mapping[str, Interval | Array], after: Mapping[str, Array], shown: int
    ) -> JudgedValues:
        """Judge by an enclosure, in blocks."""
        intervals = {name: self._interval(value) for name, value in before.items()}
        numbers = {state.symbol.name for state in self.rule.states if state.scalar}
        known = numbers <= set(self.scalars) and all(value.point for value in intervals.values())
        if not self.rule.elementwise:
            return self._block(enclosure, intervals, after, known=known)
        whole = JudgedValues({}, np.zeros(0), {}, 0)
        size = intervals[g.name].lo.size
        bounds = sorted({*range(0, size, BLOCK), min(shown, size)} - {size})
        for start, end in itertools.pairwise([*bounds, size]):
            part = slice(start, end)
            block = self._block(
                enclosure,
                {name: _part(value, part) for name, value in intervals.items()},
                {name: value[part] for name, value in after.items()},
                known=known and end <= shown,
            )
            whole = _joined(whole, block, start, keep=end <= shown)
        return whole

    def _interval(self, value: Interval | Array) -> Interval:
        return value if isinstance(value, Interval) else Interval.exactly(value.astype(self.storage.work))

    def _block(
        self, enclosure: StepEnclosure, before: Mapping[str, Interval], after: Mapping[str, Array], *, known: bool
    ) -> JudgedValues:
        """Judge elements together; ratios are taken where all values before the step are known."""
        legal = enclosure(before)
        undecided: Array = np.zeros(before[g.name].lo.shape, bool)
        outside = {}
        after = {name: value.astype(self.storage.work) for name, value in after.items()}
        for name, value in after.items():
            inside = legal[name].contains(value)
            undecided |= legal[name].undecided()
            if not inside.all():
                outside[name] = (int(np.count_nonzero(~inside)), int(np.argmin(inside)))
        taken: list[Array] = []
        if known:
            arrays = {name: value.lo for name, value in before.items()}
            centre = exact_step(self.program, self.storage, self.scalars, arrays, self.state_formats)
            names = (q.symbol.name for q in self.rule.quantities if q.symbol.name in after)
            taken = [ratios(after[name], centre[name], legal[name]).reshape(-1) for name in names]
        return JudgedValues(
            legal, np.concatenate(taken) if taken else np.zeros(0), outside, int(np.count_nonzero(undecided))
        )


def _ends(value: Interval | Array) -> Array:
    """Return the values of a tensor, of intervals their lower ends."""
    return value.lo if isinstance(value, Interval) else value


def ratios(value: Array, centre: Array, legal: Interval) -> Array:
    """Return |value - centre| over the room the enclosure leaves on that side."""
    above = (value - centre) / (legal.hi - centre)
    below = (centre - value) / (centre - legal.lo)
    ratio = np.where(value == centre, 0.0, np.where(value > centre, above, below))
    return np.where(np.isfinite(legal.lo) & np.isfinite(legal.hi), ratio, np.nan)


def _part(value: Interval, part: slice) -> Interval:
    flags = (np.asarray(flag) for flag in value.flags)
    nan, both = (flag[part] if flag.ndim else bool(flag) for flag in flags)
    return Interval(value.lo[part], value.hi[part], nan, both, point=value.point)


def _joined(first: JudgedValues, second: JudgedValues, start: int, *, keep: bool) -> JudgedValues:
    """Return what is found of two parts of a step, the second from element ``start`` on."""
    outside = dict(first.outside)
    for name, (count, place) in second.outside.items():
        before, earliest = outside.get(name, (0, start + place))
        outside[name] = (before + count, earliest)
    legal = first.legal
    if keep:
        legal = {
            name: _beside(first.legal[name], value) if first.legal else value for name, value in second.legal.items()
        }
    return JudgedValues(
        legal, np.concatenate([first.ratios, second.ratios]), outside, first.undecided + second.undecided
    )


def _beside(a: Interval, b: Interval) -> Interval:
    """Return two intervals as one array."""
    if a.lo.ndim == 0:
        return a
    flags = (
        False
        if p is False and q is False
        else np.concatenate([np.broadcast_to(p, a.lo.shape), np.broadcast_to(q, b.lo.shape)])
        for p, q in zip(a.flags, b.flags, strict=True)
    )
    return Interval(np.concatenate([a.lo, b.lo]), np.concatenate([a.hi, b.hi]), *flags)
