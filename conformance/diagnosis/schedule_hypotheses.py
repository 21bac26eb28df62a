"""All that a scheduler may compute instead of its schedule, in the order in which it is tried."""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import sympy as sp
from flint import arb

from conformance.diagnosis.hypothesis import ROOM, Sort
from conformance.schedulers import enclosures as legal
from conformance.schedulers.cases import ScheduleCase
from reference.balls.error_model import ErrorModel
from reference.balls.metric_machine import learning_rates
from reference.balls.number import Number
from reference.balls.schedule import ScheduleSettings, closed_form
from reference.formats import FLOAT32, FLOAT64
from spec import schedules as book
from spec.mutants import ScheduleMutant, mutants
from spec.schedule import Schedule, Setting, base, t

NARROW = "as if it were computed in float32"
GROWING = "as if a cosine were kept by cos((n+1)x) = 2 cos(x) cos(nx) - cos((n-1)x), whose error grows with n^2"
OWED = (
    "at most a few roundings for each step are owed; each of this recurrence goes on growing with every step after it"
)
DEFAULT_LR = sp.Rational(1, 1000)
"""The lr of torch's optimizers that are given none, which each group has that has one of its own."""
PER_LINE = "learning rate: {}"


@dataclass(frozen=True)
class RoomyModel(ErrorModel):
    """A supposed formula may be computed in any order: each operation may be off by ``ROOM`` roundings at every step.

    No verdict depends on it.
    """

    steps: int = 1

    def around_one(self, count: int, *, tensor: bool) -> arb:
        """Return the ball around 1 of the relative error of that many operations, with room."""
        return super().around_one(round(count * ROOM * self.steps), tensor=tensor)

    def rounded(self, ball: arb, count: int, *, tensor: bool) -> arb:
        """Widen a result."""
        return super().rounded(ball, round(count * ROOM * self.steps), tensor=tensor)


@dataclass(frozen=True)
class ScheduleHypothesis:
    """Another schedule, or another reading of the groups.

    ``make`` builds it from the schedule of a case, nothing where that has no such thing to be wrong.  ``group`` is the
    one whose settings all groups have, where they are not their own.
    """

    title: str
    sort: Sort
    make: Callable[[Schedule], Schedule | None]
    formula: str = ""
    group: int | None = None
    narrow: bool = False
    growing: bool = False
    """Whether each rounding grows by as much with every step after it, as in a recurrence with a double root."""
    of_momentum: bool = False

    def numbers(self, case: ScheduleCase, group: int, count: int, *, momentum: bool) -> list[list[Number]] | None:
        """Return what a group may have at every step, each step's alternatives; nothing where it says nothing."""
        node = case.node
        schedule = self.make(node.schedule)
        if schedule is None:
            return None
        source = group if self.group is None else self.group % len(case.base)
        values = {**_defaults(schedule), **node.settings[source], "lr": case.base[source]}
        wide = RoomyModel(host=legal.arithmetic(case, node).host, steps=count)
        model = ErrorModel(host=FLOAT32) if self.narrow else wide  # with room float32 holds what is a millionth off
        known = ScheduleSettings(schedule, values, legal.functions(node, source), model)
        if case.inputs:
            return list(learning_rates(known, case.inputs))
        numbers = closed_form(known, range(count), momentum=momentum)
        return [[_grown(number, n, known) if self.growing else number] for n, number in enumerate(numbers)]


def _grown(number: Number, n: int, known: ScheduleSettings) -> Number:
    """Return a number as far off as n roundings are that have grown since: n + (n - 1) + ... + 1 of them at most."""
    largest = sum(abs(known.values[keyword]) for keyword in ("lr", "eta_min") if keyword in known.values)
    off = largest * ROOM * FLOAT64.unit_roundoff * n * (n + 1) / 2
    return dataclasses.replace(number, ball=number.ball + arb(0, off))


def _defaults(schedule: Schedule) -> dict[str, float]:
    return {item.keyword: item.default for item in schedule.hyperparameters}


def as_it_is(schedule: Schedule) -> Schedule:
    """Return the schedule itself."""
    return schedule


CLAIMED = ScheduleHypothesis("as claimed", Sort.OPTION, as_it_is)


def named(schedule: Schedule) -> str:
    """Return a schedule as people call it, with the options that are not the first of their family."""
    first = {option.name: option.default for option in book.family(schedule.name).options}
    chosen = ", ".join(f"{name}={value}" for name, value in schedule.options.items() if value != first.get(name))
    return f"{schedule.name}({chosen})" if chosen else schedule.name


def candidates(claimed: Schedule) -> tuple[ScheduleHypothesis, ...]:
    """Return every hypothesis about a scheduler that claims a schedule."""
    readings = () if claimed.machine else _readings(claimed)
    return (
        *_options(claimed),
        *_lines(claimed),
        *_other_schedules(claimed),
        *_arithmetic(claimed),
        *readings,
        *_groups(),
    )


def _options(claimed: Schedule) -> Iterator[ScheduleHypothesis]:
    """Yield the schedule with other options, nearest first, as far as it has the settings."""
    family, keywords = book.family(claimed.name), _keywords(claimed)
    variants = sorted(family.variants(), key=lambda other: _distance(other, claimed))
    for variant in variants:
        if variant.options != claimed.options and _keywords(variant) <= keywords:
            yield ScheduleHypothesis(f"this is {named(variant)}", Sort.OPTION, _always(variant))


def _always(schedule: Schedule) -> Callable[[Schedule], Schedule]:
    return lambda _: schedule


def _keywords(schedule: Schedule) -> set[str]:
    return {item.keyword for item in schedule.hyperparameters}


def _distance(one: Schedule, other: Schedule) -> int:
    return sum(other.options.get(name) != value for name, value in one.options.items())


def _lines(claimed: Schedule) -> Iterator[ScheduleHypothesis]:
    """Yield the mutants of its formula; a case with other switches has the same mistake in its own formula."""
    for name, mutant in mutants_of(claimed).items():
        title = title_of(name, mutant)
        formula = f"{mutant.line}; the formula has {_original(mutant)}"
        yield ScheduleHypothesis(title, Sort.LINE, _mutated(name), formula, of_momentum=mutant.of_momentum)


def title_of(name: str, mutant: ScheduleMutant) -> str:
    """Return what is wrong in a few words, with the line."""
    return name if mutant.original.machine or mutant.of_momentum else PER_LINE.format(name)


def _original(mutant: ScheduleMutant) -> str:
    right, wrong = mutant.original, mutant.wrong
    if right.machine and wrong.machine:
        pairs = zip(right.machine.program, wrong.machine.program, strict=True)
        return next(f"{mine.target} <- {mine.expression}" for mine, other in pairs if mine is not other)
    return f"mu_t <- {right.momentum}" if mutant.of_momentum else f"eta_t <- {right.value}"


def _mutated(name: str) -> Callable[[Schedule], Schedule | None]:
    def make(schedule: Schedule) -> Schedule | None:
        found = mutants_of(schedule).get(name)
        return None if found is None else found.wrong

    return make


def mutants_of(schedule: Schedule) -> Mapping[str, ScheduleMutant]:
    """Return the mutants of a schedule by what is wrong in them, without those that choose another option."""
    return _mutants_with(schedule.name, tuple(schedule.options.items()))


@functools.lru_cache(maxsize=256)
def _mutants_with(name: str, options: tuple[tuple[str, str], ...]) -> Mapping[str, ScheduleMutant]:
    """Number those with one name: the same is wrong in several places of a formula."""
    named_so: dict[str, ScheduleMutant] = {}
    for item in mutants(book.build(name, dict(options)), book.family(name)):
        if not item.of_option:
            places = sum(known.name == item.name for known in named_so.values())
            named_so[f"{item.name}, in place {places + 1}" if places else item.name] = item
    return named_so


def _other_schedules(claimed: Schedule) -> Iterator[ScheduleHypothesis]:
    """Yield other schedules of the book whose settings are among those of the claimed one."""
    keywords, functions = _keywords(claimed), {str(item.function) for item in claimed.given}
    for family in book.families().values():
        if family.name == claimed.name:
            continue
        for variant in family.variants():
            given = {str(item.function) for item in variant.given}
            alike = variant.follows_metrics == claimed.follows_metrics
            if alike and _keywords(variant) <= keywords and given <= functions:
                yield ScheduleHypothesis(f"this is {named(variant)}", Sort.RULE, _always(variant))


def _arithmetic(claimed: Schedule) -> Iterator[ScheduleHypothesis]:
    if claimed.machine is None and claimed.closed.has(sp.cos):
        yield ScheduleHypothesis(GROWING, Sort.PROFILE, as_it_is, OWED, growing=True)
    yield ScheduleHypothesis(NARROW, Sort.PROFILE, as_it_is, narrow=True)


def _readings(claimed: Schedule) -> Iterator[ScheduleHypothesis]:
    """Yield another count of the steps, or another value in the place of a setting."""
    for title, other in _counts(claimed.hyperparameters):
        yield _reading(title, {t: other})
    yield _reading('as if lr were optimizer.defaults["lr"]', {base: DEFAULT_LR})
    yield ScheduleHypothesis("the factor alone, without lr", Sort.VALUE, _times(1 / base))
    yield ScheduleHypothesis("lr is multiplied twice", Sort.VALUE, _times(base))
    settings = [item for item in claimed.hyperparameters if item.symbol != base]
    for one, other in itertools.permutations(settings, 2):
        if one.domain == other.domain:
            yield _reading(f"as if {one.keyword} were {other.keyword}", {one.symbol: other.symbol})
    for item in settings:
        yield _reading(f"as if {item.keyword} were not heard, and {item.default:g}", {item.symbol: _number(item)})
        if not item.symbol.is_integer:
            yield ScheduleHypothesis(f"never below {item.keyword}", Sort.VALUE, _bounded(sp.Max, item.symbol))
    for title, bound in (("never below 0", sp.S.Zero), ("never below lr", base)):
        yield ScheduleHypothesis(title, Sort.VALUE, _bounded(sp.Max, bound))
    yield ScheduleHypothesis("never above lr", Sort.VALUE, _bounded(sp.Min, base))
    yield ScheduleHypothesis("the angle is in degrees", Sort.VALUE, _angles(180 / sp.pi))
    yield ScheduleHypothesis("the angle lacks its pi", Sort.VALUE, _angles(1 / sp.pi))


def _counts(settings: tuple[Setting, ...]) -> Iterator[tuple[str, sp.Expr]]:
    """Yield what may be counted in the place of t."""
    yield "one step late: the first value is used twice", sp.Max(t - 1, 0)
    yield "two steps late: the first value is used three times", sp.Max(t - 2, 0)
    yield "as if t stayed 0", sp.S.Zero
    yield "as if every step were two", 2 * t
    yield "as if every second step were one", sp.floor(t / 2)
    for item in settings:
        if item.symbol.is_integer and not item.multiplies:
            yield f"it stands still from t = {item.keyword} on", sp.Min(t, item.symbol)
            yield f"it stands still from t = {item.keyword} - 1 on", sp.Min(t, item.symbol - 1)
            yield f"it begins again after every {item.keyword} steps", sp.Mod(t, item.symbol)
            yield f"as if t were cut to whole multiples of {item.keyword}", t - sp.Mod(t, item.symbol)


def _number(item: Setting) -> sp.Expr:
    return sp.Integer(int(item.default)) if item.symbol.is_integer else sp.Rational(repr(float(item.default)))


def _reading(title: str, swap: Mapping[sp.Symbol, sp.Expr]) -> ScheduleHypothesis:
    return ScheduleHypothesis(title, Sort.VALUE, _of_value(lambda value: value.subs(swap, simultaneous=True)))


def _of_value(change: Callable[[sp.Expr], sp.Expr]) -> Callable[[Schedule], Schedule | None]:
    """Return what makes a schedule whose closed form is changed, nothing where that changes nothing."""

    @functools.lru_cache(maxsize=64)
    def make(schedule: Schedule) -> Schedule | None:
        if schedule.value is None:
            return None
        changed = change(schedule.value)
        if changed == schedule.value or changed.has(sp.zoo, sp.nan):
            return None
        momentum = None if schedule.momentum is None else change(schedule.momentum)
        return dataclasses.replace(schedule, value=changed, momentum=momentum)

    return make


def _times(factor: sp.Expr) -> Callable[[Schedule], Schedule | None]:
    return _of_value(lambda value: value * factor)


def _bounded(by: Callable[..., sp.Expr], bound: sp.Expr) -> Callable[[Schedule], Schedule | None]:
    return _of_value(lambda value: by(value, bound))


def _angles(factor: sp.Expr) -> Callable[[Schedule], Schedule | None]:
    return _of_value(lambda value: value.replace(sp.cos, lambda angle: sp.cos(angle * factor)))


def _groups() -> Iterator[ScheduleHypothesis]:
    for whose, place in (("first", 0), ("last", -1)):
        title = f"as if every group had the lr and settings of the {whose}"
        yield ScheduleHypothesis(title, Sort.VALUE, as_it_is, group=place)
