"""The enclosure of a step's derivative holds the derivative of the formula, and little else."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp

from reference.balls.derivative import enclose_derivative
from reference.formats import FLOAT32, FLOAT64, Format
from reference.intervals.enclosure import StepEnclosure
from reference.intervals.interval import Interval
from reference.profile import Profile
from spec import rules as book
from spec.rule import UpdateRule, uncast
from spec.symbols import g, lr

SETTINGS = {"lr": 0.0625, "momentum": 0.875, "dampening": 0.25, "eps": 2.0**-10, "weight_decay": 0.125}
GRADIENTS, PARAMETERS = (0.5, -1.25, 0.0078125), (1.0, -0.75, 0.25)
HELD = 0.25
"""Every state before the step."""
RULES = ("sgd", "adam", "adamw", "nadam", "radam", "adagrad", "rmsprop")


def _scalars(rule: UpdateRule) -> dict[str, float]:
    return {h.symbol.name: SETTINGS.get(h.keyword, h.default) for h in rule.hyperparameters} | {"t": 1.0}


def _enclosed(rule: UpdateRule, storage: Format, by: sp.Symbol) -> Interval:
    scalars = _scalars(rule)
    scalars |= {s.symbol.name: float(s.initial) for s in rule.states if s.scalar}
    before = {g.name: np.array(GRADIENTS, storage.dtype)}
    before[rule.parameter.symbol.name] = np.array(PARAMETERS, storage.dtype)
    for state in (s for s in rule.states if not s.scalar):
        before[state.symbol.name] = np.full(len(GRADIENTS), HELD, storage.dtype)
    enclosure = StepEnclosure(rule, Profile(), storage, scalars)
    with np.errstate(all="ignore"):
        return enclose_derivative(enclosure, before, by, total=by == lr)


def _exact(rule: UpdateRule, by: sp.Symbol) -> list[float]:
    """Return the derivative of a step's formula, put together from its lines, in 40 digits."""
    step = uncast(rule.parameter.updated)
    for line in reversed(rule.program):
        step = step.subs(line.target, uncast(line.expression))
    initial = {s.symbol: s.initial if s.scalar else sp.Rational(HELD) for s in rule.states}
    derivative = sp.diff(step, by).subs(initial)
    given = {name: sp.Rational(value) for name, value in _scalars(rule).items()}
    known = {s: given[s.name] for s in derivative.free_symbols if s.name in given}
    at = [
        derivative.subs({**known, g: sp.Rational(x), rule.parameter.symbol: sp.Rational(y)}).evalf(40)
        for x, y in zip(GRADIENTS, PARAMETERS, strict=True)
    ]
    return [float(sum(at))] if by == lr else [float(value) for value in at]


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("by", [g, lr], ids=str)
def test_the_derivative_of_the_formula_is_inside(name: str, by: sp.Symbol) -> None:
    """SymPy's derivative of the whole step lies in the enclosure that the lines make up."""
    rule = book.build(name, {})
    legal = _enclosed(rule, FLOAT64, by)
    assert legal.contains(np.array(_exact(rule, by), FLOAT64.work)).all()


@pytest.mark.parametrize("name", ["sgd", "adam", "adamw", "rmsprop"])
def test_a_derivative_that_is_slightly_off_is_outside(name: str) -> None:
    """In float32 an error of one in a thousand is seen."""
    rule = book.build(name, {})
    legal = _enclosed(rule, FLOAT32, g)
    wrong = np.array(_exact(rule, g), FLOAT32.work) * 1.001
    assert not legal.contains(wrong).any()
