"""What an experiment in the worker saw, and what the formula says of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from conformance.contract.breach import BESIDE, EXACTLY, NAN, STEP, Breach
from conformance.contract.case import ClauseCase
from conformance.engine.evidence import RAISED, Tally
from conformance.optimizers.agreement import shaped
from conformance.optimizers.subject import GRADIENT, WorkerSubject
from reference.balls.derivative import enclose_derivative
from reference.compiled.rounding import QuickEnclosure
from reference.expression import decided
from reference.formats import FORMATS, Array
from reference.intervals.enclosure import StepEnclosure, as_intervals
from reference.intervals.interval import Interval
from reference.intervals.roundings import store_rounding
from reference.profile import EITHER, Profile
from spec.first_rate import asks_first_rate, first_rate
from spec.rule import UpdateRule
from spec.symbols import first_lr, g, lr

BY = "derivative by "


@dataclass(frozen=True)
class Step:
    """Elements of one step, as they came from the worker: rows by key, and what the step used."""

    count: int
    numbers: Mapping[str, tuple[float, str]]
    kept: Mapping[str, str]
    settings: Mapping[str, Any] | None
    past: list[Mapping[str, Any]]
    """Settings that were in force before."""
    places: list[int]
    shape: tuple[int, ...]
    rows: Mapping[str, Mapping[str, Array]]
    dtypes: Mapping[str, str]


def read(plain: Mapping[str, Any], buffers: Iterator[memoryview], negated: Container[str] = ()) -> Step:
    """Return the step of an observation; its rows are taken from ``buffers``.

    ``negated`` are the keys of states that are kept with the other sign than the rule's.
    """
    rows: dict[str, dict[str, Array]] = {}
    dtypes: dict[str, str] = {}
    for part, value in plain.items():
        if part in {"before", "got", "expected", "gradient"}:
            read = {key: np.frombuffer(next(buffers), FORMATS[name].dtype) for key, name in value.items()}
            rows[part] = {key: -row if key in negated else row for key, row in read.items()}
            dtypes |= value
    return Step(
        plain["count"],
        plain["numbers"],
        plain["kept"],
        plain.get("settings"),
        plain.get("past", []),
        plain["places"],
        tuple(plain["shape"] or [len(plain["places"])]),
        rows,
        dtypes,
    )


def enclose(
    subject: WorkerSubject, rule: UpdateRule, case: ClauseCase, step: Step, profile: Profile
) -> dict[str, Interval]:
    """Return what a legal evaluation makes of every element, by the key of the state."""
    keys = subject.keys(rule)
    settings = dict(case.settings)
    if step.settings is not None:
        settings |= by_symbol(subject, rule, step.settings)
        if asks_first_rate(rule):
            every = (by_symbol(subject, rule, had) for had in (*step.past, step.settings))
            settings[first_lr.name] = first_rate(had[lr.name] for had in every if lr.name in had)
    scalars = {**settings, "t": _count(subject, rule, step) + 1.0}
    formats = {}
    before: dict[str, Array] = {rule.parameter.symbol.name: step.rows["before"]["parameter"]}
    for state in rule.states:
        name, key = state.symbol.name, keys.get(state.symbol.name, "")  # an idle one has no key, and no part
        initial = float(decided(state.initial)(**settings))
        if state.scalar:
            scalars[name], kept = step.numbers.get(key, (initial, step.kept.get(key, "float32")))
            formats[name] = FORMATS[kept]
            continue
        formats[name] = FORMATS[step.dtypes.get(key, subject.storage.name)]
        row = step.rows["before"].get(key)
        shape = step.shape if rule.elementwise else state.shape(step.shape)
        before[name] = np.full(shape, initial, formats[name].dtype) if row is None else row
    before[GRADIENT] = step.rows["gradient"]["gradient"]
    if not rule.elementwise:
        before = shaped(rule, before, step.shape)
    with np.errstate(all="ignore"):
        enclosure = QuickEnclosure(rule, profile, subject.storage, scalars, formats)
        known = as_intervals(before, subject.storage)
        if subject.keeps_rest:
            name = rule.parameter.symbol.name
            known[name] = _with_rest(known[name], subject)
        legal = enclosure(known)
    derivatives = {key: derivative(enclosure, before, key) for key in step.rows.get("got", {}) if BY in key}
    named = {"parameter": rule.parameter.symbol.name} | {
        keys[s.symbol.name]: s.symbol.name for s in rule.states if not s.scalar and s.symbol.name in keys
    }
    return {key: legal[name] for key, name in named.items()} | derivatives


def _with_rest(shown: Interval, subject: WorkerSubject) -> Interval:
    """Return what parameters may be that show some values: more or less by what either rounding may lose."""
    either = dataclasses.replace(subject.profile, stored=EITHER)
    return store_rounding(either, subject.storage)(shown.lo, shown.hi, shown.flags)


def _count(subject: WorkerSubject, rule: UpdateRule, step: Step) -> int:
    """Return how many steps the states know of: none where no count and no state is kept.

    A momentum that is switched on later begins then, as it does in a first step.
    """
    keys = subject.keys(rule)
    kept = any(keys.get(s.symbol.name) in step.rows["before"] for s in rule.states)
    counted = subject.implementation.counter is not None
    return step.count if counted or kept or not rule.states else 0


def derivative(enclosure: StepEnclosure, before: Mapping[str, Array], key: str) -> Interval:
    """Return the enclosure of a derivative by the gradient or by a setting, named by its keyword."""
    name = key.removeprefix(BY)
    settings = (h.symbol for h in enclosure.program.rule.hyperparameters if h.keyword == name)
    by = g if name == "gradient" else next(settings)
    with np.errstate(all="ignore"):
        return enclose_derivative(enclosure, before, by, total=by != g)


def by_symbol(subject: WorkerSubject, rule: UpdateRule, settings: Mapping[str, Any]) -> dict[str, float]:
    """Return a group's settings by the name of their symbol."""
    found = {}
    for item in rule.hyperparameters:
        keyword, place = subject.held_keyword(item)
        if settings.get(keyword) is not None:
            value = settings[keyword]
            found[item.symbol.name] = float(value if place is None else value[place])
    return found


def illegal(
    subject: WorkerSubject,
    rule: UpdateRule,
    case: ClauseCase,
    plain: Mapping[str, Any],
    step: Step,
    profiles: tuple[Profile, ...],
    tally: Tally,
) -> list[Breach]:
    """Return for each quantity the first element that no profile allows."""
    results = [(side, key, row) for side in ("got", "expected") for key, row in step.rows.get(side, {}).items()]
    outside = {(side, key): np.ones(row.shape, bool) for side, key, row in results}
    first: dict[str, Interval] = {}
    for profile in profiles:
        legal = enclose(subject, rule, case, step, profile)
        first = first or legal
        for side, key, row in results:
            outside[side, key] &= ~_inside(legal[key], row) if key in legal else False
        if not any(places.any() for places in outside.values()):
            break
    tally.undecided += max(int(np.count_nonzero(first[key].undecided())) for _, key, _ in results if key in first)
    breaches = []
    for (side, key), places in outside.items():
        if places.any():
            breach = _breach(case, plain, step, side, key, int(np.argmax(places)), first[key])
            breaches.append(dataclasses.replace(breach, count=int(np.count_nonzero(places))))
    return breaches


def _inside(legal: Interval, row: Array) -> Array:
    value = row.astype(legal.lo.dtype)
    value = value.reshape(legal.lo.shape) if legal.lo.size == row.size else value
    return legal.contains(value).reshape(-1)


def _breach(
    case: ClauseCase, plain: Mapping[str, Any], step: Step, side: str, key: str, place: int, legal: Interval
) -> Breach:
    shape = step.rows[side][key].shape
    low, high = (float(np.broadcast_to(end.reshape(-1), shape)[place]) for end in (legal.lo, legal.hi))
    value = float(step.rows[side][key][place])
    rows = {**step.rows["before"], **step.rows["gradient"]}
    before = {name: float(row[place]) for name, row in rows.items() if row.shape == shape}
    scalars = {**case.settings, "t": step.count + 1.0}
    where = plain["what"].rpartition(": ")[0] if side == "expected" or "expected" in step.rows else plain["what"]
    beside = BESIDE if side == "expected" else ""
    where_is = step.places[place] if shape == (len(step.places),) else place
    what = where if where.endswith(key) else f"{where}: {key}{beside}"
    return Breach(
        case,
        what,
        where_is,
        scalars,
        before,
        (low, high),
        value,
        expected=f"[{low!r}, {high!r}]",
        got=repr(value),
        compared=STEP,
    )


def differing(case: ClauseCase, plain: Mapping[str, Any]) -> Breach:
    """Return the breach of an observation whose two sides had to be equal."""
    got, expected = plain["got"], plain["expected"]
    numbers = [float(x) if isinstance(x, (int, float)) else float("nan") for x in (got, expected)]
    return Breach(
        case,
        plain["what"],
        plain["place"],
        dict(case.settings),
        {},
        (numbers[1], numbers[1]),
        numbers[0],
        expected=_text(expected),
        got=_text(got),
        compared=EXACTLY,
        count=plain["differing"],
    )


def raising(case: ClauseCase, error: Mapping[str, str]) -> Breach:
    """Return the breach of an optimizer that raised an exception where it had to go on."""
    where = error["where"] or error["line"]
    return Breach(
        case,
        RAISED,
        0,
        dict(case.settings),
        {},
        (NAN, NAN),
        NAN,
        expected="no exception",
        got=error["message"],
        compared=f"raised at {where}",
    )


def _text(value: Any) -> str:
    return repr(value) if isinstance(value, float) else str(value)
