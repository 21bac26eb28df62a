"""Hypothesis strategies derived from a rule: scalars are drawn, elements are expanded from seeds."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator, Mapping

from hypothesis import strategies as st

from conformance.optimizers.cases import Case, GroupCase, TensorCase
from conformance.optimizers.tensor_values import REGIMES
from spec import rules as book
from spec.rule import UNIT, Domain, Hyperparameter, UpdateRule
from spec.symbols import lr

SMALL_SHAPES = ((), (1,), (2,), (3,), (7,), (2, 3), (8,), (15,), (17,), (4, 5, 3), (63,), (65,))
SMALL_MATRICES = ((1, 1), (1, 7), (5, 1), (2, 2), (3, 4), (8, 8), (17, 6), (2, 65))
LARGEST_WHOLE = 4096
"""The most elements of a tensor whose elements count for each other."""
LARGEST_MULTIPLIED = 256
"""The same where matrices are multiplied, which takes time with end points in extended precision."""
LARGEST_EXTREME = 64
"""The same where states belong together and their products overflow, which leaves nothing decided."""
FAR, TIMES, PAST = 1000, 4, (1, 2, 16, 100)
"""No drawn count is next to a default of so many steps; these many past some times that default are looked at."""
GROUPS = 4
"""The most param groups of a case."""
WIDEST = 8.0
"""The largest magnitude drawn of a number that may be any."""
LARGEST_EXACT_COUNT = 2**24 - 1
"""A step count that is kept in float32 is exact up to here; what follows is its own property."""


def shape_of(rule: UpdateRule, length: int, regime: str = REGIMES[0]) -> tuple[int, ...]:
    """Return the shape of a tensor of about ``length`` elements: a matrix where the rule needs one."""
    if regime == REGIMES[-1] and any(state.near is not None for state in rule.states):
        length = min(length, LARGEST_EXTREME)
    if not rule.elementwise:
        length = min(length, LARGEST_MULTIPLIED if rule.multiplies else LARGEST_WHOLE)
    if not rule.matrices:
        return (length,)
    width = 1 << ((length.bit_length() - 1) // 2)
    return (max(1, length // width), width)


def small_shapes(rule: UpdateRule) -> tuple[tuple[int, ...], ...]:
    """Return the shapes of small tensors."""
    if rule.matrices:
        return SMALL_MATRICES
    low, high = rule.ranks
    return tuple(shape for shape in SMALL_SHAPES if low <= len(shape) <= high)


@functools.cache
def hyperparameter(item: Hyperparameter) -> st.SearchStrategy[float]:
    """Return legal values: those people use, the ends of the domain, and any other."""
    domain = item.domain
    common = _sampled(_common(item), domain)
    if domain.low == domain.high:
        return st.just(domain.low)
    if domain.low == -float("inf") and domain.high == float("inf"):
        return st.one_of(common, st.floats(-WIDEST, WIDEST, width=32))
    if domain.high <= 0.0:
        below = st.floats(-2.0, 0.0, width=32).filter(lambda value: value in domain)
        return st.one_of(common, below)
    if domain.high <= 1.0:
        near_one = _sampled([1.0 - 2.0**-bits for bits in range(1, 25)], domain)
        anywhere = st.floats(
            domain.low, domain.high, exclude_min=domain.low_open, exclude_max=domain.high_open, width=64
        ).filter(lambda value: _not_tiny(value) in domain)
        return st.one_of(common, near_one, anywhere.map(_not_tiny))
    scaled = st.builds(lambda m, e: m * 10.0**e, st.floats(1.0, 10.0), st.integers(-9, 0))
    return st.one_of(common, scaled.map(lambda value: domain.low + value).filter(lambda v: v in domain))


def _sampled(values: list[float], domain: Domain) -> st.SearchStrategy[float]:
    legal = [value for value in values if value in domain]
    return st.sampled_from(legal) if legal else st.nothing()


def _not_tiny(value: float) -> float:
    return 0.0 if value < 2.0**-100 else value


def _common(item: Hyperparameter) -> list[float]:
    unit: Domain = item.domain
    if unit.high <= 0.0:
        return [item.default, -0.5, -1.0, 0.0]
    if unit.high <= 1.0:
        return [item.default, 0.9, 0.99, 0.999, 0.5, 0.0]
    return [item.default, 0.1, 0.01, 1e-3, 1.0, 0.5, 1e-8, 0.0]


def settings_of(rule: UpdateRule, fixed: Mapping[str, float]) -> st.SearchStrategy[dict[str, float]]:
    """Return hyperparameters of a rule by the name of their symbol; ``fixed`` ones stay."""
    return _settings(rule.hyperparameters, tuple(fixed.items()))


@functools.lru_cache(maxsize=1024)
def _settings(
    hyperparameters: tuple[Hyperparameter, ...], fixed: tuple[tuple[str, float], ...]
) -> st.SearchStrategy[dict[str, float]]:
    """Return the strategy of settings, made once: what a new one can draw is found out anew for every case."""
    free = {h.symbol.name: hyperparameter(h) for h in hyperparameters}
    return st.fixed_dictionaries({**free, **{n: st.just(v) for n, v in fixed if n in free}})


def acting(rule: UpdateRule) -> tuple[Hyperparameter, ...]:
    """Return the hyperparameters that act in every step, and not only at the start of a state."""
    used = frozenset().union(*(line.expression.free_symbols for line in rule.program))
    return tuple(h for h in rule.hyperparameters if h.symbol in used)


def together(rule: UpdateRule, groups: list[GroupCase]) -> tuple[GroupCase, ...]:
    """Return the groups with one setting of what only starts a state; own ones are a property."""
    starting = {h.symbol.name for h in rule.hyperparameters} - {h.symbol.name for h in acting(rule)}
    first = {name: groups[0].hyperparameters[name] for name in starting}
    return tuple(GroupCase({**group.hyperparameters, **first}, group.tensors) for group in groups)


@functools.cache
def counts() -> st.SearchStrategy[int]:
    """Return how many steps a parameter has made: none, few, many, up to what float32 counts."""
    near_power = st.integers(1, 24).map(lambda bits: 2**bits - 1)
    return st.one_of(
        st.just(0), st.integers(0, 8), st.integers(0, 100), near_power, st.integers(0, LARGEST_EXACT_COUNT)
    ).map(lambda count: min(count, LARGEST_EXACT_COUNT - 1))


SEEDS = st.integers(0, 2**32 - 1)
ORDINARY_REGIMES, ALL_REGIMES = st.sampled_from(REGIMES[:2]), st.sampled_from(REGIMES)


@functools.cache
def _counts_of_started() -> st.SearchStrategy[int]:
    return counts().filter(bool)


@functools.cache
def _several(shapes: tuple[tuple[int, ...], ...]) -> st.SearchStrategy[list[tuple[int, ...]]]:
    return st.lists(st.sampled_from(shapes), max_size=3)


@functools.cache
def _up_to(most: int, least: int = 1) -> st.SearchStrategy[int]:
    return st.integers(least, most)


@st.composite
def local_cases(
    draw: st.DrawFn,
    rules: Mapping[tuple[str, ...], UpdateRule],
    fixed: Mapping[str, float],
    size: int,
    most: int = GROUPS,
    *,
    rate_changes: bool = False,
) -> Case:
    """Draw one step from any state: up to ``most`` groups, a large tensor and small ones.

    ``rules`` maps the switches that are on to the rule they choose; ``size`` is the number of
    elements of the large tensor.  Where it ``rate_changes`` and a rule may ask for the first
    learning rate, that is often another than today's.
    """
    switches = draw(st.sampled_from(sorted(rules)))
    rule = rules[switches]
    groups = []
    for index in range(draw(_up_to(most))):
        length = size if index == 0 else size // 16
        large = TensorCase((length,), draw(counts()), draw(SEEDS), draw(ALL_REGIMES))
        large = dataclasses.replace(large, shape=shape_of(rule, length, large.regime))
        # A group in which only some tensors are fresh is asked about by a property of its own.
        count = draw(_counts_of_started()) if large.count else 0
        shapes = draw(_several(small_shapes(rule)))
        small = [TensorCase(shape, count, draw(SEEDS), draw(ALL_REGIMES)) for shape in shapes]
        groups.append(GroupCase(draw(settings_of(rule, fixed)), (large, *small)))
    changes: tuple[Mapping[str, float], ...] = ()
    if rate_changes and book.family(rule.name).of_first_rate and draw(st.booleans()):
        rate = next(h for h in rule.hyperparameters if h.symbol == lr)
        changes = ({lr.name: draw(hyperparameter(rate))},)
    return Case(switches, together(rule, groups), changes=changes)


def beside_thresholds(rules: Mapping[tuple[str, ...], UpdateRule], fixed: Mapping[str, float]) -> Iterator[Case]:
    """Yield steps just past a setting that counts steps, where its default is far."""
    for switches, rule in rules.items():
        settings = {h.symbol.name: fixed.get(h.symbol.name, h.default) for h in rule.hyperparameters}
        legal = all(h.default in h.domain for h in rule.hyperparameters)
        for item in rule.hyperparameters:
            if legal and item.default >= FAR and item.symbol.name not in fixed:
                far = {**settings, item.symbol.name: TIMES * item.default}
                tensors = (TensorCase(shape_of(rule, 64), round(TIMES * item.default) + past, past) for past in PAST)
                yield Case(switches, (GroupCase(far, tuple(tensors)),))


@st.composite
def trajectory_cases(
    draw: st.DrawFn,
    rules: Mapping[tuple[str, ...], UpdateRule],
    fixed: Mapping[str, float],
    size: int,
    constant: frozenset[str] = frozenset(),
) -> Case:
    """Draw several steps from the start, with a learning rate that changes on the way unless it is constant."""
    switches = draw(st.sampled_from(sorted(rules)))
    rule = rules[switches]
    steps = draw(_up_to(8, 2))
    rate = next(h for h in rule.hyperparameters if h.keyword == "lr")
    name = rate.symbol.name
    first: dict[str, float] = {}
    changes = [first] + [
        {name: draw(hyperparameter(rate))} if draw(st.booleans()) and name not in {*fixed, *constant} else {}
        for _ in range(steps - 1)
    ]
    shape = shape_of(rule, size)
    groups = [
        GroupCase(draw(settings_of(rule, fixed)), (TensorCase(shape, 0, draw(SEEDS), draw(ORDINARY_REGIMES)),))
        for _ in range(draw(_up_to(2)))
    ]
    return Case(switches, together(rule, groups), steps, tuple(changes))


@st.composite
def long_cases(
    draw: st.DrawFn,
    rules: Mapping[tuple[str, ...], tuple[UpdateRule, Mapping[str, float]]],
    fixed: Mapping[str, float],
    regime: str,
    steps: int,
) -> Case:
    """Draw many steps from the start with default settings, but for the decay rates.

    ``rules`` maps the switches that are on to the rule that they choose and its default settings.
    """
    switches = draw(st.sampled_from(sorted(rules)))
    rule, defaults = rules[switches]
    rates = {h.symbol.name: hyperparameter(h) for h in rule.hyperparameters if h.domain == UNIT}
    settings = {**defaults, **fixed}
    settings |= {name: draw(rate) for name, rate in rates.items() if name not in fixed}
    tensor = TensorCase(shape_of(rule, 64), 0, draw(SEEDS), regime)
    return Case(switches, (GroupCase(settings, (tensor,)),), steps)


@st.composite
def fresh_cases(draw: st.DrawFn, rules: Mapping[tuple[str, ...], UpdateRule], fixed: Mapping[str, float]) -> Case:
    """Draw the first step of two groups, each with settings of its own."""
    switches = draw(st.sampled_from(sorted(rules)))
    rule = rules[switches]
    settings = settings_of(rule, fixed)
    groups = tuple(GroupCase(draw(settings), (TensorCase(shape_of(rule, 16), 0, draw(SEEDS)),)) for _ in range(2))
    return Case(switches, groups)
