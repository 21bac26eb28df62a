"""References and enclosures of schedules: each is inside the other's, and a wrong value is not."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable, Mapping, Sequence

import pytest
from flint import arb

from reference.balls import operations
from reference.balls.error_model import EXACT, ErrorModel
from reference.balls.metric_machine import learning_rates
from reference.balls.number import Number
from reference.balls.schedule import ScheduleSettings, closed_form, recurrence
from reference.formats import FLOAT32
from reference.schedules import momenta, references
from spec import schedules as book
from spec.schedule import Schedule

STEPS = 130
MILESTONES = (3, 7, 7, 40)
BOUNDARIES, SCALES = (0, 3, 7, 40), (2.0, 0.25, 0.5)
FUNCTIONS: dict[str, Callable[[int], float]] = {
    "n": lambda t: sum(m <= t for m in MILESTONES),
    "f": lambda t: 1.0 / (1.0 + 0.25 * t),
    "s": lambda j: SCALES[j - 1],
    "a": lambda t: 1.0 / (1.0 + t),
    "b": lambda t: 0.5 * 0.875**t,
}
TABLES = {name: tuple(FUNCTIONS[name](t) for t in range(STEPS)) for name in "fab"}
SMALL = {
    "T_max": 17,
    "T_0": 5,
    "T_mult": 3,
    "T": 40,
    "total_iters": 23,
    "step_size": 9,
    "total_steps": 131,
    "power": 1.75,
    "step_size_up": 5,
    "step_size_down": 12,
    "stable": 30,
    "eta_min": 0.003,
}


def closed() -> list[Schedule]:
    """Return every schedule that has a closed form, with every combination of its options."""
    found = []
    for family in book.families().values():
        names = [option.name for option in family.options]
        chosen = itertools.product(*(option.values for option in family.options))
        found += [family.build(**dict(zip(names, items, strict=True))) for items in chosen]
    return [schedule for schedule in found if not schedule.machine]


def settings_of(schedule: Schedule, model: ErrorModel | None = None, **other: float) -> ScheduleSettings:
    """Return settings with small times."""
    known: Mapping[str, float] = {**SMALL, **other}
    chosen = {h.keyword: known.get(h.keyword, h.default) for h in schedule.hyperparameters}
    passed = BOUNDARIES[1:] if schedule.name == "interpolated" else MILESTONES
    functions = {**FUNCTIONS, "n": lambda t: sum(m <= t for m in passed)}
    if schedule.name == "interpolated":
        functions["b"] = lambda i: BOUNDARIES[min(i, len(BOUNDARIES) - 1)]
    return ScheduleSettings(schedule, chosen, functions, model or ErrorModel())


def by_hand(schedule: Schedule) -> list[float]:
    """Return the values of the reference at the steps 0, 1, ..."""
    given: dict[str, Sequence[float]] = {"milestones": MILESTONES, "factors": TABLES["f"], **TABLES}
    if schedule.name == "interpolated":
        given = {"milestones": BOUNDARIES[1:], "factors": SCALES}
    settings = settings_of(schedule).values
    return references()[schedule.name](schedule.options, settings, given, range(STEPS))


def test_every_schedule_of_the_book_has_a_reference() -> None:
    """The book and the references have the same names."""
    assert set(references()) == set(book.families())


@pytest.mark.parametrize("schedule", closed(), ids=lambda schedule: schedule.label)
def test_the_reference_lies_in_the_enclosure(schedule: Schedule) -> None:
    """The value computed by hand is inside the closed form's enclosure at every step."""
    enclosures = closed_form(settings_of(schedule), range(STEPS))
    values = list(by_hand(schedule))
    assert len(values) == STEPS
    for t, (legal, value) in enumerate(zip(enclosures, values, strict=True)):
        assert legal.ball.contains(arb(value)), t


@pytest.mark.parametrize("schedule", [s for s in closed() if s.momentum is not None], ids=lambda s: str(s.label))
def test_the_reference_of_a_momentum_lies_in_the_enclosure(schedule: Schedule) -> None:
    """The momentum computed by hand is inside its enclosure at every step, and the learning rate is not."""
    known = settings_of(schedule)
    found = momenta()[schedule.name](schedule.options, known.values, {}, range(STEPS))
    assert len(set(found)) > 3
    enclosures = list(closed_form(known, range(STEPS), momentum=True))
    assert all(legal.ball.contains(arb(value)) for legal, value in zip(enclosures, found, strict=True))
    assert not any(legal.ball.contains(arb(value)) for legal, value in zip(enclosures, by_hand(schedule), strict=True))


@pytest.mark.parametrize("schedule", closed(), ids=lambda schedule: schedule.label)
def test_a_value_off_by_a_millionth_does_not(schedule: Schedule) -> None:
    """A value larger by one part in a million is outside at every step where it is not zero."""
    enclosures = closed_form(settings_of(schedule), range(STEPS))
    values = list(by_hand(schedule))
    assert any(value > 1e-12 for value in values)
    for t, (legal, value) in enumerate(zip(enclosures, values, strict=True)):
        if value > 1e-12:
            assert not legal.ball.contains(arb(value * (1 + 1e-6))), t


@pytest.mark.parametrize("schedule", [s for s in closed() if s.recurrence], ids=lambda schedule: schedule.label)
def test_the_recurrence_encloses_the_exact_value(schedule: Schedule) -> None:
    """The recurrence with its rounding propagated holds the formula's own value at every step."""
    exact = list(closed_form(settings_of(schedule, EXACT), range(STEPS)))
    assert len(exact) == STEPS
    for t, (legal, value) in enumerate(zip(recurrence(settings_of(schedule), STEPS), exact, strict=True)):
        assert legal.ball.overlaps(value.ball), t


@pytest.mark.parametrize("schedule", [s for s in closed() if s.forms], ids=lambda schedule: schedule.label)
def test_every_other_form_overlaps(schedule: Schedule) -> None:
    """Each form computed another way encloses the formula's own value."""
    assert schedule.forms
    for name in schedule.forms:
        for momentum in (False, True) if schedule.momentum is not None else (False,):
            exact = closed_form(settings_of(schedule, EXACT), range(STEPS), momentum=momentum)
            other = closed_form(settings_of(schedule), range(STEPS), momentum=momentum, form=name)
            assert all(a.ball.overlaps(b.ball) for a, b in zip(exact, other, strict=True))


@pytest.mark.parametrize(("name", "low", "high"), [("tanh", -20.0, 20.0), ("tanh", 0.1, 0.6), ("cos", 0.0, 200.0)])
def test_the_c_library_keeps_its_documented_error(name: str, low: float, high: float) -> None:
    """math.tanh and math.cos lie in their balls at five thousand places each."""
    function, ball = {"tanh": (math.tanh, operations.tangent), "cos": (math.cos, operations.cosine)}[name]
    draw = random.Random(0)  # noqa: S311 - cases, not secrets
    for _ in range(5_000):
        x = draw.uniform(low, high)
        assert ball(ErrorModel(), Number.exactly(x)).ball.contains(arb(function(x))), x


def test_a_tensor_of_float32_is_enclosed_more_widely() -> None:
    """With the base as a float32 tensor the ball is wider, by the ratio of the formats."""
    schedule = book.build("exponential")
    narrow = list(closed_form(settings_of(schedule), range(9)))[-1].ball.rad()
    wide = ScheduleSettings(schedule, {"lr": 0.1, "gamma": 0.9}, {}, ErrorModel(FLOAT32), frozenset({"lr"}))
    assert list(closed_form(wide, range(9)))[-1].ball.rad() > narrow * 2**27


COUNTS = {"lr": 0.5, "factor": 0.7, "patience": 2, "threshold": 0.01, "cooldown": 3, "min_lr": 0.01, "eps": 1e-8}
RISES = {**COUNTS, "warmup": 1, "max_lr": 0.9, "reset_start": 2, "min_lr": 0.2, "patience": 1}


@pytest.mark.parametrize("mode", ["min", "max"])
@pytest.mark.parametrize("threshold_mode", ["rel", "abs"])
@pytest.mark.parametrize("share", ["magnitude", "signed"])
@pytest.mark.parametrize(("name", "chosen"), [("plateau", COUNTS), ("greedy", RISES)])
def test_a_machine_by_hand_is_what_its_formula_allows(
    name: str, chosen: dict[str, float], mode: str, threshold_mode: str, share: str
) -> None:
    """On random metrics the reference's learning rate is one that the state machine allows."""
    options = {"mode": mode, "threshold_mode": threshold_mode, "share": share}
    draw = random.Random(0)  # noqa: S311 - cases, not secrets
    metrics = [draw.choice((-2.0, -1.0, -0.5, 0.0, 0.5, 1.0)) + draw.random() / 50 for _ in range(200)]
    found = references()[name](options, chosen, {}, metrics)
    assert len(set(found)) > 3
    legal = learning_rates(ScheduleSettings(book.build(name, options), chosen), metrics)
    for numbers, value in zip(legal, found, strict=True):
        assert any(number.ball.contains(arb(value)) for number in numbers)
