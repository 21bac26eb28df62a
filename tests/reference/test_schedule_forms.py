"""A schedule that is computed in another form stays in the enclosure of that form, and its rounding is propagated."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import sympy as sp

from reference.balls.error_model import EXACT
from reference.balls.kept_values import kept_factors, kept_sums
from reference.balls.number import Number
from reference.balls.schedule import ScheduleSettings, closed_form
from reference.undefined import Undefined
from spec import schedules as book
from spec.proofs import equal
from spec.rule import uncast
from spec.schedule import Schedule, t
from spec.schedule_forms import (
    KEPT_FACTORS,
    KEPT_SUMS,
    REWRITINGS,
    RepeatedProduct,
    homogeneous,
    other_forms,
    rewritten,
)

STEPS = 40
Values = dict[str, float]


def shares(v: Values) -> Iterator[float]:
    yield from (math.cos(math.pi * k / v["T_max"]) for k in range(STEPS))


def kept(v: Values, factor: Callable[[int], float]) -> Iterator[float]:
    now = 1.0
    for k in range(STEPS):
        now = now * factor(k) if k else now
        yield v["lr"] * now


def ramp(v: Values) -> Iterator[float]:
    now = 0.0
    for k in range(STEPS):
        yield now if k < v["warmup"] else v["lr"]
        now += v["lr"] / v["warmup"]


PROGRAMS: dict[tuple[str, str, str], Callable[[Values], Iterator[float]]] = {
    ("cosine", "", "half angles"): lambda v: (
        v["eta_min"] + (v["lr"] - v["eta_min"]) * math.cos(math.pi * k / (2 * v["T_max"])) ** 2 for k in range(STEPS)
    ),
    ("cosine", "", "from above with half angles"): lambda v: (
        v["lr"] - (v["lr"] - v["eta_min"]) * math.sin(0.5 * math.pi * k / v["T_max"]) ** 2 for k in range(STEPS)
    ),
    ("cosine", "", "weights"): lambda v: (v["lr"] * (1 + c) / 2 + v["eta_min"] * (1 - c) / 2 for c in shares(v)),
    ("cosine", "", "middle and swing"): lambda v: (
        (v["lr"] + v["eta_min"]) / 2 + (v["lr"] - v["eta_min"]) / 2 * c for c in shares(v)
    ),
    ("cosine", "", "times the rate"): lambda v: (
        v["lr"] * (v["eta_min"] / v["lr"] + (1 - v["eta_min"] / v["lr"]) * 0.5 * (1 + c)) for c in shares(v)
    ),
    ("exponential", "", "exp of a product"): lambda v: (
        v["lr"] * math.exp(k * math.log(v["gamma"])) for k in range(STEPS)
    ),
    ("exponential", "", "repeated products"): lambda v: (v["lr"] * math.prod([v["gamma"]] * k) for k in range(STEPS)),
    ("exponential", "", KEPT_FACTORS): lambda v: kept(v, lambda _: v["gamma"]),
    ("step", "", KEPT_FACTORS): lambda v: kept(v, lambda k: v["gamma"] if k % v["step_size"] == 0 else 1.0),
    ("step", "", "exp of a product"): lambda v: (
        v["lr"] * math.exp((k // v["step_size"]) * math.log(v["gamma"])) for k in range(STEPS)
    ),
    ("polynomial", "", "share left"): lambda v: (
        v["lr"] * ((v["total_iters"] - k) / v["total_iters"]) ** v["power"] if k < v["total_iters"] else 0.0
        for k in range(STEPS)
    ),
    ("inverse_sqrt", "", "root of a quotient"): lambda v: (
        v["lr"] * (k / v["warmup"] if k < v["warmup"] else math.sqrt(v["warmup"] / k)) for k in range(STEPS)
    ),
    ("warmup", "constant", KEPT_SUMS): ramp,
}
"""Programs of a schedule, by its name, an option and the form in which they compute it."""


def drawn(name: str, option: str) -> Iterator[ScheduleSettings]:
    """Yield a schedule with settings that no format holds more plainly than others."""
    schedule, draw = book.build(name, {"into": option} if option else {}), np.random.default_rng(1)
    for _ in range(20):
        usual = {h.keyword: draw.uniform(0.3, 0.99) for h in schedule.hyperparameters}
        known = {
            h.keyword: int(draw.integers(3, 50)) if h.symbol.is_integer else usual[h.keyword]
            for h in schedule.hyperparameters
        }
        yield ScheduleSettings(schedule, {**usual, **known, "lr": draw.uniform(1.0, 2.0)})


def enclosed(settings: ScheduleSettings, form: str) -> list[Number]:
    made = {KEPT_FACTORS: kept_factors, KEPT_SUMS: kept_sums}.get(form)
    return list(made(settings, STEPS) if made else closed_form(settings, range(STEPS), form=form))


@pytest.mark.parametrize(("name", "option", "form"), PROGRAMS)
def test_a_program_in_another_form_is_within_its_enclosure(name: str, option: str, form: str) -> None:
    """Every value is legal, and one that is a little off is not."""
    off = 0
    for settings in drawn(name, option):
        values = list(PROGRAMS[name, option, form](dict(settings.values)))
        numbers = enclosed(settings, form)
        assert all(number.contains(value) for value, number in zip(values, numbers, strict=True))
        off += sum(not number.contains(value * (1 + 2e-14)) for value, number in zip(values, numbers, strict=True))
    assert off > STEPS


def test_another_form_is_none_of_the_closed_form() -> None:
    """Some values that are right as exp of a product are outside of the formula as it is written."""
    outside = 0
    for settings in drawn("exponential", ""):
        values = PROGRAMS["exponential", "", "exp of a product"](dict(settings.values))
        outside += sum(not n.contains(v) for v, n in zip(values, enclosed(settings, ""), strict=True))
    assert outside > 0


@pytest.mark.parametrize("time", [3, 30, 300])
def test_the_rounding_of_an_exponent_is_amplified(time: int) -> None:
    """Of exp(t·log(gamma)) a logarithm within 2u and a product within u count t·|log(gamma)| times."""
    settings = ScheduleSettings(book.build("exponential"), {"lr": 1.0, "gamma": 0.3})
    (number,) = closed_form(settings, (time,), form="exp of a product")
    units = float(number.ball.rad()) / float(number.ball.mid()) * 2.0**53
    least = 3 * time * abs(math.log(0.3)) + 3  # the exp itself within 2u, and the product with the rate
    assert least * 0.99 <= units <= least * 1.01


FAMILIES = [s for f in book.families().values() for s in f.variants() if s.value is not None and not s.given]


@pytest.mark.parametrize("schedule", FAMILIES, ids=lambda s: s.label)
def test_every_other_form_is_the_same_over_the_reals(schedule: Schedule) -> None:
    """Without rounding each form has the value of the closed form, to 30 digits, at every step."""
    draw = np.random.default_rng(2)
    usual = {h.keyword: draw.uniform(0.3, 0.9) for h in schedule.hyperparameters}
    usual |= {h.keyword: int(draw.integers(3, 20)) for h in schedule.hyperparameters if h.symbol.is_integer}
    usual |= {name: value for name, value in {"lb": -3.0, "ub": 2.0}.items() if name in usual}
    settings = ScheduleSettings(schedule, usual, model=EXACT)
    right = list(closed_form(settings, range(1, STEPS)))
    for name in other_forms(schedule):
        for mine, other in zip(closed_form(settings, range(1, STEPS), form=name), right, strict=True):
            assert (mine.ball - other.ball).contains(0), name
            assert float((mine.ball - other.ball).rad()) < 1e-30, name
    assert right


x, a, b = sp.Symbol("x", real=True), sp.Symbol("a", positive=True), sp.Symbol("b", positive=True)
HALF = (1 + sp.cos(x * t)) / 2
WAYS = {
    "from above": a + (b - a) * HALF,
    "weights": a + (b - a) * t / 9,
    "times the rate": a + (b - a) * HALF,
    "middle and swing": a + (b - a) * HALF,
    "share left": a * (1 - t / b),
    "half angles": a * (1 + sp.cos(x)) * (1 - sp.cos(x)),
    "exp of a product": a * b**t,
    "repeated products": a * b**t,
    "root of a quotient": sp.sqrt(a) / sp.sqrt(b),
    "root taken out": b * sp.Piecewise((t / a, t < a), (sp.sqrt(a) / sp.sqrt(b), True)),
    "earlier of t and the end": sp.Piecewise((a + (b - a) * (1 - t / a), t < a), (a, True)),
}


@pytest.mark.parametrize("name", REWRITINGS)
def test_each_rewriting_is_an_identity(name: str) -> None:
    """The rewriting changes its formula, and SymPy proves the two equal."""
    before = WAYS[name]
    after = uncast(rewritten(before, name)).replace(RepeatedProduct, sp.Pow)
    if name == "earlier of t and the end":
        assert equal(after.subs(t, a), before.args[1][0])
        before, after = before.args[0][0], after.replace(sp.Min, lambda *_: t)
    assert rewritten(WAYS[name], name) != WAYS[name]
    assert equal(after, before)


def test_what_is_kept_must_fit_the_schedule() -> None:
    """A schedule with a lowest value is no factor on its base, and a cosine adds no number that stays the same."""
    assert homogeneous(book.build("step"))
    assert not homogeneous(book.build("cosine"))
    (settings, *_) = drawn("cosine", "")
    with pytest.raises(Undefined, match="adds no number"):
        list(kept_sums(settings, 3))


def test_an_unknown_form_is_refused() -> None:
    """A name that is no rewriting raises."""
    with pytest.raises(KeyError):
        rewritten(t, "upside down")
