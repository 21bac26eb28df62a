"""Trajectory agreement: from the start, every step stays in the propagated enclosure."""

from __future__ import annotations

import functools
from collections.abc import Iterator

import numpy as np

from conformance.engine.evidence import Tally
from conformance.optimizers.agreement import Outside, shaped
from conformance.optimizers.cases import Case
from conformance.optimizers.prepared import Prepared
from conformance.optimizers.subject import GRADIENT, RuleSubject, StepsRead
from reference.compiled.step_judgement import StepJudge, ratios
from reference.formats import FLOAT64, Format
from reference.intervals.interval import Interval, hull
from reference.intervals.roundings import store_rounding
from reference.profile import Profile, compute_format


def judge(
    case: Case,
    prepared: tuple[Prepared, ...],
    outcome: StepsRead,
    subject: RuleSubject,
    tally: Tally,
    *,
    briefly: bool = False,
    alternative: Profile | None = None,
) -> None:
    """Judge every step of one case and add it to ``tally``; ``briefly`` none after one of which a value is outside.

    With an ``alternative`` profile only those values are outside which neither of the two allows.
    """
    tally.cases += 1
    with np.errstate(all="ignore"):
        for index, item in enumerate(prepared):
            for step, allowed in enumerate(_allowed(case, item, outcome, subject, alternative)):
                _compare(case, index, item, step, allowed, outcome, tally)
                if briefly and tally.outside:
                    return


def _allowed(
    case: Case, item: Prepared, outcome: StepsRead, subject: RuleSubject, alternative: Profile | None
) -> Iterator[tuple[dict[str, Interval], ...]]:
    """Yield the enclosures of every quantity after each step, by each of the profiles."""
    profiles = (subject.profile, *(() if alternative is None else (alternative,)))
    return zip(*(propagate(case, item, outcome, subject, profile) for profile in profiles), strict=True)


def outside(
    case: Case, prepared: tuple[Prepared, ...], outcome: StepsRead, subject: RuleSubject, until: str = ""
) -> frozenset[str]:
    """Return the quantities of which a value is outside its enclosure after some step, the first where ``until`` is."""
    found = set[str]()
    for index, item in enumerate(prepared):
        for step, legal in enumerate(propagate(case, item, outcome, subject, subject.profile)):
            for name, stored in outcome.steps[step][index].values.items():
                if stored is not None:
                    value = stored.astype(legal[name].lo.dtype).reshape(legal[name].lo.shape)
                    if not legal[name].contains(value).all():
                        found.add(name)
            if until in found:
                return frozenset(found)
    return frozenset(found)


def propagate(
    case: Case, item: Prepared, outcome: StepsRead, subject: RuleSubject, profile: Profile
) -> Iterator[dict[str, Interval]]:
    """Yield the enclosures of every quantity of one tensor after each step, from the start."""
    rule, work = subject.rules[case.switches], subject.storage.work
    start, gradients = item.values, item.gradients
    if not rule.elementwise:
        start = shaped(rule, start, item.shape)
        gradients = tuple(gradient.reshape(item.shape) for gradient in gradients)
    known = {name: Interval.exactly(value.astype(work)) for name, value in start.items()}
    kept = [state.symbol.name for state in rule.states if state.scalar]
    parameter, formats = rule.parameter.symbol.name, dict(outcome.state_formats)
    if subject.keeps_rest:
        formats[parameter] = compute_format(subject.storage)
    for step, gradient in enumerate(gradients):
        scalars = {**case.scalars(rule, item.group, step), "t": float(item.count + step + 1)}
        judge_step = StepJudge(
            rule, profile, subject.storage, scalars, formats, {name: _number(known.pop(name)) for name in kept}
        )
        known[GRADIENT] = Interval.exactly(gradient.astype(work))
        legal = dict(judge_step(known, {}, gradient.size).legal)
        known.update(legal)
        if subject.keeps_rest:
            known[parameter] = _known_no_better(legal[parameter], subject.storage)
            store, value = store_rounding(profile, subject.storage), legal[parameter]
            legal[parameter] = store(value.lo, value.hi, value.flags)
        yield legal


def _known_no_better(value: Interval, storage: Format) -> Interval:
    """Return an interval with as much more at its ends as the rest of a parameter may lose in the same format."""
    low, high = (
        np.abs(end) * storage.unit_roundoff**2 + 0.5 * storage.smallest_subnormal for end in (value.lo, value.hi)
    )
    return Interval(value.lo - low, value.hi + high, *value.flags)


def _number(value: Interval) -> Interval:
    """Return a number for a whole tensor in the wide type of scalars."""
    lo, hi = (end.reshape(()).astype(FLOAT64.work) for end in (value.lo, value.hi))
    return Interval(lo, hi, *value.flags, point=value.point)


def _compare(
    case: Case,
    tensor: int,
    item: Prepared,
    step: int,
    allowed: tuple[dict[str, Interval], ...],
    outcome: StepsRead,
    tally: Tally,
) -> None:
    """Add the values of a step to the tally: one is outside that none of the enclosures ``allowed`` holds."""
    legal = {name: functools.reduce(hull, (each[name] for each in allowed)) for name in allowed[0]}
    scalars = {**case.groups[item.group].hyperparameters, "t": float(step + 1)}
    shown = outcome.steps[step][tensor].values
    undecided = np.zeros(next(iter(legal.values())).lo.shape, bool)
    for name, stored in shown.items():
        if stored is None or name not in legal:
            continue
        value = stored.astype(legal[name].lo.dtype).reshape(legal[name].lo.shape)
        inside = np.logical_or.reduce([each[name].contains(value) for each in allowed])
        undecided = undecided | legal[name].undecided()
        tally.values += value.size
        middle = 0.5 * (legal[name].lo + legal[name].hi).reshape(-1)
        tally.add_ratios(ratios(value.reshape(-1)[:64], middle[:64], _head(legal[name])))
        if not inside.all():
            place = int(np.argmin(inside))
            before = {key: float(array[place % array.size]) for key, array in item.values.items()}
            before[GRADIENT] = float(item.gradients[step].flat[place % item.gradients[step].size])
            bounds = (float(legal[name].lo.flat[place]), float(legal[name].hi.flat[place]))
            value_there, count = float(value.flat[place]), int(np.count_nonzero(~inside))
            tally.fail(Outside(case, name, tensor, place, scalars, before, bounds, value_there, step, count))
    tally.element_cases += undecided.size
    tally.undecided += int(np.count_nonzero(undecided))


def _head(legal: Interval) -> Interval:
    return Interval(legal.lo.reshape(-1)[:64], legal.hi.reshape(-1)[:64])
