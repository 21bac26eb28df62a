"""Hypothesis strategies for cases of schedulers, simplest first."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np
from hypothesis import strategies as st

from conformance.schedulers.cases import ScheduleCase, SchedulerNode
from impls.catalogue.scheduler_entries import NUMPY, OPTAX, TORCH, Scheduler
from impls.catalogue.torch_schedulers import SCHEDULERS
from impls.libraries import OTHER_SCHEDULERS
from spec import schedules as book
from spec.lines.phases import NEXT_TO
from spec.schedule import Schedule, Setting

Draw: TypeAlias = Callable[[st.SearchStrategy[Any]], Any]
LONGEST = 48
"""The longest horizon that is drawn: every special place of a schedule is a few steps away."""
TENSOR_FORMATS = ("float64", "float32")
COMPOSED = frozenset({"sequence", "chain"})
UNBOUNDED = frozenset({TORCH, NUMPY})
"""Libraries whose schedulers may end above the learning rate at which they begin."""

RATES = st.one_of(st.sampled_from((1.0, 0.5, 0.1, 0.003)), st.floats(2.0**-20, 8.0))
COUNTS = st.one_of(st.integers(1, 6), st.integers(1, LONGEST))
FACTORS = st.sampled_from((1.0, 0.5, 0.25, 0.9, 2.0, 0.0))
METRICS = st.sampled_from((1.0, 0.5, 0.0, 2.0, 0.999, 1.0001, -1.0, -0.5, -2.0))


def setting(h: Setting) -> st.SearchStrategy[float]:
    """Return values of a setting from its domain: those that it names, numbers of steps, or shares."""
    usual: st.SearchStrategy[float] | None = st.sampled_from(h.usual) if h.usual else None
    if h.between is not None:
        drawn = _between(*h.between, whole=bool(h.symbol.is_integer))
        return drawn if usual is None else st.one_of(usual, drawn)
    if usual is not None:
        return usual
    if h.symbol.is_integer:
        return COUNTS.filter(lambda count: count in h.domain)
    edges = [edge for edge in (h.domain.high, h.domain.low) if edge in h.domain and abs(edge) < 2.0]
    return st.one_of(st.sampled_from((0.5, *edges, 0.1, 0.9, 0.25)), st.floats(0.01, 0.99))


def _between(low: float, high: float, *, whole: bool) -> st.SearchStrategy[float]:
    if whole:
        return st.integers(int(low), int(high))
    return st.floats(-high, -low).map(lambda value: -value) if high < 0.0 else st.floats(low, high)


def _options(entry: Scheduler, draw: Draw) -> dict[str, str]:
    return {name: draw(st.sampled_from(sorted(choices))) for name, (_, choices) in entry.switches.items()}


def node(draw: Draw, entry: Scheduler, groups: int, steps: int, base: tuple[float, ...] = ()) -> SchedulerNode:
    """Draw one scheduler that is no composition; ``steps`` is how far its tables reach."""
    options = _options(entry, draw)
    schedule = book.build(entry.schedule, {**entry.options, **options})
    shared = {h.keyword: draw(setting(h)) for h in schedule.hyperparameters if h.keyword != "lr"}
    alike = entry.single_settings
    settings = [_own(draw, schedule, shared) if index and not alike else shared for index in range(groups)]
    settings = [schedule.consistent({**values, **entry.fixed}) for values in settings]
    if entry.library not in UNBOUNDED:
        settings = [_below(schedule, values, base) for values in settings]
    earliest = 2 if schedule.options.get("boundary") == "before" else 0
    place = st.one_of(st.integers(earliest, LONGEST), st.integers(earliest, earliest + 1))
    times = st.lists(place, max_size=5, unique=entry.distinct)
    milestones = tuple(sorted(draw(times))) if entry.lists else ()
    tables = tuple(_table(draw, steps) for _ in range(groups)) if entry.tables else ()
    return SchedulerNode(entry.identifier, options, tuple(settings), milestones, tables)


def settable(entry: Scheduler, chosen: Mapping[str, str] | None = None) -> dict[str, Setting]:
    """Return the settings that a scheduler can be given, by keyword, with some options chosen."""
    schedule = book.build(entry.schedule, {**entry.options, **(chosen or {})})
    return {h.keyword: h for h in schedule.hyperparameters if h.keyword not in entry.fixed}


def with_setting(entry: Scheduler, keyword: str) -> list[Scheduler]:
    """Return the variants of a scheduler that can be given a setting."""
    return [v for v, chosen in zip(entry.variants(), entry.choices(), strict=True) if keyword in settable(v, chosen)]


def _below(schedule: Schedule, values: Mapping[str, float], base: tuple[float, ...]) -> dict[str, float]:
    """Keep the last learning rate below the first, which some constructors ask for."""
    bounded = {h.keyword for h in schedule.hyperparameters if h.below == "lr"}
    lowest = min(base) / 2
    return {name: min(value, lowest) if name in bounded else value for name, value in values.items()}


def _table(draw: Draw, steps: int) -> tuple[float, ...]:
    """Draw a given function: a few factors over and over."""
    pattern = draw(st.lists(FACTORS, min_size=1, max_size=4))
    return tuple(pattern[step % len(pattern)] for step in range(steps + 2))


def _own(draw: Draw, schedule: Schedule, shared: dict[str, float]) -> dict[str, float]:
    """Draw anew what a group may have for itself."""
    own = {h.keyword: draw(setting(h)) for h in schedule.hyperparameters if h.keyword in schedule.per_group}
    return {**shared, **{name: value for name, value in own.items() if name != "lr"}}


def keywords(part: SchedulerNode) -> tuple[str, ...]:
    """Return the keywords of a scheduler's settings; a composition has none of its own."""
    return tuple(part.settings[0]) if part.settings else ()


def _lengths(part: SchedulerNode) -> list[int]:
    """Return the settings that are whole numbers of something."""
    factors = {h.keyword for h in part.schedule.hyperparameters if h.multiplies}
    values = part.settings[0].items()
    return [int(value) for name, value in values if isinstance(value, int) and name not in factors]


def horizon(part: SchedulerNode) -> int:
    """Return the step after which nothing new happens in a schedule, or a few of its periods."""
    return max([*_lengths(part), *part.milestones, 1])


def whole_numbers(part: SchedulerNode, first: int, last: int) -> st.SearchStrategy[int]:
    """Return steps from ``first`` to ``last``: next to the start, a length or a milestone, or anywhere."""
    near = {place + offset for place in (*_lengths(part), *part.milestones) for offset in (-1, 0, 1)}
    special = sorted(place for place in {0, 1, 2, *near} if first <= place <= last)
    anywhere = st.integers(first, max(first, last))
    return st.one_of(st.sampled_from(special), anywhere) if special else anywhere


def splits(part: SchedulerNode, steps: int) -> st.SearchStrategy[int]:
    """Return steps after which something happens."""
    return whole_numbers(part, 1, steps - 1)


def _bases(draw: Draw, groups: int, *, alike: bool) -> tuple[float, ...]:
    return (draw(RATES),) * groups if alike else tuple(draw(RATES) for _ in range(groups))


@st.composite
def cases(draw: Draw, entry: Scheduler, *, tensor: bool = False, beyond: int = 2) -> ScheduleCase:
    """Draw a case of one scheduler that runs past its horizon, where it allows that."""
    groups = draw(st.integers(1, 1 if entry.interface == OPTAX else 3))
    base = _bases(draw, groups, alike=entry.single_base_lr)
    lr_dtype = draw(st.sampled_from(TENSOR_FORMATS)) if tensor else ""
    if lr_dtype == "float32":
        base = tuple(float(np.float32(value)) for value in base)
    drawn = node(draw, entry, groups, beyond * LONGEST + 8, base)
    reach = horizon(drawn)
    steps = min(beyond * reach + 5, beyond * LONGEST + 5)
    if ends := drawn.schedule.ends:
        steps = int(drawn.settings[0][ends])
    optimizer = draw(st.sampled_from(("SGD", "AdamW")))
    return ScheduleCase(drawn, base, steps, draw(splits(drawn, steps)), lr_dtype, optimizer=optimizer)


@st.composite
def over_metrics(draw: Draw, entry: Scheduler, *, tensor: bool = False) -> ScheduleCase:
    """Draw a case of a scheduler that follows metrics, many of them next to what must be passed."""
    groups = draw(st.integers(1, 2))
    base = _bases(draw, groups, alike=entry.single_base_lr)
    drawn = node(draw, entry, groups, 1, base)
    values = dict(drawn.settings[0])
    decayed = base[0] * values["factor"]
    values["min_lr"] = draw(st.sampled_from((0.0, base[0] * 0.75, decayed, decayed * values["factor"])))
    values["eps"] = entry.fixed.get("eps", draw(st.sampled_from(_changes(base[0], values))))
    drawn = dataclasses.replace(drawn, settings=(values,) * groups)
    inputs = _metrics(draw, drawn.schedule.options, values["threshold"])
    split = draw(st.integers(0, len(inputs)))
    return ScheduleCase(drawn, base, 1, split, "float64" if tensor else "", inputs=inputs)


def _changes(lr: float, values: Mapping[str, float]) -> tuple[float, ...]:
    """Return smallest changes: none, torch's own, and what the first decay changes, or just less."""
    first = lr - max(lr * values["factor"], values["min_lr"])
    return (0.0, 1e-8, *([first, first * (1 - NEXT_TO)] if first > 0.0 else []))


KINDS = ("worse", "tie", "same", "just better", "worse", "same", "better", "other")


def _metrics(draw: Draw, options: Mapping[str, str], threshold: float) -> tuple[float, ...]:
    """Draw metrics by what they are to the best so far."""
    sign = -1.0 if options["mode"] == "min" else 1.0
    best: float = draw(METRICS)
    found = [best]
    for kind in draw(st.lists(st.sampled_from(KINDS), min_size=12, max_size=24)):
        away = sign * threshold
        bound = best + away if options["threshold_mode"] == "abs" else best * (1.0 + away)
        other: float = draw(METRICS) if kind == "other" else best
        metric = {
            "same": best,
            "worse": best - sign * 0.5,
            "tie": bound,
            "better": bound + sign * 0.5,
            "other": other,
            "just better": bound + sign * NEXT_TO * max(abs(bound - best), NEXT_TO),
        }[kind]
        found.append(metric)
        if sign * metric > sign * bound:
            best = metric
    return tuple(found)


def follows_metrics(entry: Scheduler) -> bool:
    """Tell whether a scheduler's steps take a metric."""
    return book.build(entry.schedule).follows_metrics


def of(entry: Scheduler, *, tensor: bool = False) -> st.SearchStrategy[ScheduleCase]:
    """Return cases of any scheduler."""
    if follows_metrics(entry):
        return over_metrics(entry, tensor=tensor)
    if entry.schedule in COMPOSED:
        return compositions(entry, tensor=tensor)
    return cases(entry, tensor=tensor)


def takes_over(entry: Scheduler) -> bool:
    """Tell whether a scheduler sets the groups' own lr when it is built."""
    return entry.library == TORCH and _plain(entry) and book.build(entry.schedule).sets_base


def _plain(entry: Scheduler) -> bool:
    return entry.schedule not in COMPOSED and not follows_metrics(entry)


@functools.cache
def restartable() -> tuple[Scheduler, ...]:
    """Return the parts of a sequence; the others are asked in properties of their own."""
    left_out = "torch.MultiplicativeLR"
    return tuple(s for s in SCHEDULERS if _plain(s) and s.by_epoch and not takes_over(s) and s.identifier != left_out)


@functools.cache
def chainable() -> tuple[Scheduler, ...]:
    """Return the parts of a chain."""
    return tuple(s for s in SCHEDULERS if s.chainable and _plain(s))


JOINABLE = tuple(
    s
    for s in OTHER_SCHEDULERS
    if s.interface == OPTAX and s.schedule not in {"sequence", "step"} and (s.fixed or s.schedule != "polynomial")
)
"""Functions that are joined; a staircase and a power are compiled by themselves."""


@st.composite
def compositions(
    draw: Draw, entry: Scheduler, *, tensor: bool = False, parts: tuple[Scheduler, ...] = ()
) -> ScheduleCase:
    """Draw two or three schedulers in a sequence or in a chain."""
    functions = entry.interface == OPTAX
    groups, count = draw(st.integers(1, 1 if functions else 2)), draw(st.integers(2, 3))
    same = tuple(s for s in OTHER_SCHEDULERS if entry.part_list and s.identifier == entry.part_list.entry)
    if not (known := parts or same):
        known = JOINABLE if functions else chainable() if entry.schedule == "chain" else restartable()
    steps = 60
    base = tuple(draw(RATES) for _ in range(groups))
    chosen = tuple(node(draw, draw(st.sampled_from(known)), groups, steps + 8, base) for _ in range(count))
    milestones: tuple[int, ...] = ()
    if entry.schedule == "sequence" and not same:
        milestones = tuple(sorted(draw(st.lists(st.integers(0, 40), min_size=count - 1, max_size=count - 1))))
    lr_dtype = draw(st.sampled_from(TENSOR_FORMATS)) if tensor else ""
    if lr_dtype == "float32":
        base = tuple(float(np.float32(value)) for value in base)
    order = tuple(draw(st.permutations(range(count))))
    whole = SchedulerNode(entry.identifier, parts=chosen, milestones=milestones)
    return ScheduleCase(whole, base, steps, draw(st.integers(1, steps - 1)), lr_dtype, order=order)
