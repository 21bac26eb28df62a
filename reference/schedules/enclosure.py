"""Walks a schedule's expression: every value it may legally have, as a ball."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import sympy as sp
from flint import arb, fmpq
from sympy.core.function import AppliedUndef

from reference.formats import FLOAT16
from reference.schedules import number as n
from reference.schedules.number import Number, Rounding
from reference.undefined import Undefined
from spec.schedule import Schedule, WholeLogarithm

Given = Callable[[int], "float | Number"]
"""A function of t that the user gives, or the enclosure of one."""
Chooser = Callable[[sp.Basic, "bool | None"], "bool | None"]


@dataclass
class Place:
    """What an expression is evaluated with: values by symbol, functions by name, and the rounding.

    ``choose`` settles a comparison that rounding leaves open; without it both branches count.
    """

    values: dict[str, Number]
    functions: Mapping[str, Given] = field(default_factory=dict)
    rounding: Rounding = field(default_factory=Rounding)
    choose: Chooser | None = None


Compiled = Callable[[Place], Number]


@functools.lru_cache(maxsize=4096)
def compiled(e: sp.Basic) -> Compiled:
    """Return a function of a place that encloses an expression."""
    if e.is_Symbol:
        name = e.name
        return lambda at: at.values[name]
    if e.is_Rational:
        return _rational(e)
    if e is sp.pi:
        return lambda at: Number(at.rounding.rounded(arb.pi(), 1, tensor=False))
    if e in {sp.oo, -sp.oo}:
        infinite = Number.exactly(float(e))
        return lambda at: infinite
    handlers: dict[object, Callable[[sp.Basic], Compiled]] = {
        sp.Add: _sum, sp.Mul: _product, sp.Pow: _power, sp.Piecewise: _cases, sp.Max: _extreme,
            sp.Min: _extreme,
        sp.cos: _unary(n.cosine), sp.tanh: _unary(n.tangent),
        sp.floor: _unary(lambda _, a: n.floor(a)), sp.Mod: _modulo,
            sp.Abs: _absolute, sp.sign: _sign,
        sp.UnevaluatedExpr: _unary(lambda _, a: a), WholeLogarithm: _whole_logarithm,
            sp.Product: _running_product,
    }  # fmt: skip
    if e.func in handlers:
        return handlers[e.func](e)
    if isinstance(e, AppliedUndef):
        return _given(e)
    raise TypeError(f"a schedule may not use {e.func.__name__}")


def _rational(e: sp.Rational) -> Compiled:
    value = fmpq(int(e.p), int(e.q))
    if e.q == 1 or n.representable(value, FLOAT16):  # and so in every other format
        constant = Number(arb(value), value, whole=e.q == 1)
        return lambda at: constant
    return lambda at: Number(at.rounding.rounded(arb(value), 1, tensor=False))


def _sum(e: sp.Basic) -> Compiled:
    parts = [compiled(a) for a in e.args]
    return lambda at: n.total(at.rounding, [part(at) for part in parts])


def _product(e: sp.Basic) -> Compiled:
    coefficient, rest = e.as_coeff_Mul()
    if coefficient == -1:
        positive = compiled(rest)
        return lambda at: n.negative(positive(at))
    above, below = [], []
    for factor in e.args:
        if factor.is_Rational and factor.q != 1:
            above += [compiled(sp.Integer(factor.p))] if factor.p != 1 else []
            below.append(compiled(sp.Integer(factor.q)))
        elif factor.is_Pow and factor.exp == -1:
            below += [compiled(a) for a in sp.Mul.make_args(factor.base)]
        elif factor.is_Pow and factor.exp.could_extract_minus_sign():
            below.append(compiled(1 / factor))
        else:
            above.append(compiled(factor))
    return lambda at: n.product(at.rounding, [part(at) for part in above], [part(at) for part in below])


def _power(e: sp.Basic) -> Compiled:
    if e.exp == -1:
        divisor = compiled(e.base)
        return lambda at: n.product(at.rounding, [], [divisor(at)])
    base, exponent = compiled(e.base), compiled(e.exp)
    return lambda at: n.power(at.rounding, base(at), exponent(at))


def _unary(operation: Callable[[Rounding, Number], Number]) -> Callable[[sp.Basic], Compiled]:
    def build(e: sp.Basic) -> Compiled:
        inner = compiled(e.args[0])
        return lambda at: operation(at.rounding, inner(at))

    return build


def _modulo(e: sp.Basic) -> Compiled:
    a, b = (compiled(part) for part in e.args)

    def remainder(at: Place) -> Number:
        left, right = a(at).rational, b(at).rational
        if left is None or right is None:
            raise TypeError(f"the remainder `{e}` is of numbers that are rounded")
        if right == 0:
            raise Undefined(f"`{e}` is a remainder by zero")
        value = left - right * int((left / right).p // (left / right).q)
        return Number(arb(value), value, whole=True)

    return remainder


def _absolute(e: sp.Basic) -> Compiled:
    inner = compiled(e.args[0])

    def absolute(at: Place) -> Number:
        a = inner(at)
        rational = None if a.rational is None else abs(a.rational)
        return Number(abs(a.ball), rational, a.whole, a.tensor, a.both)

    return absolute


def _sign(e: sp.Basic) -> Compiled:
    inner = compiled(e.args[0])

    def sign(at: Place) -> Number:
        a = inner(at).ball
        if a.contains(0) and a != 0:
            return Number(arb(0, 1), both=True)
        return Number.exactly(int(bool(a > 0)) - int(bool(a < 0)))

    return sign


def _extreme(e: sp.Basic) -> Compiled:
    parts, largest = [compiled(a) for a in e.args], e.func is sp.Max

    def extreme(at: Place) -> Number:
        values = [part(at) for part in parts]
        best = values[0].ball
        for value in values[1:]:
            best = best.max(value.ball) if largest else best.min(value.ball)
        rationals = [value.rational for value in values]
        known = [rational for rational in rationals if rational is not None]
        exact = (max(known) if largest else min(known)) if len(known) == len(rationals) else None
        return Number(
            best,
            exact,
            all(v.whole for v in values),
            tensor=any(v.tensor for v in values),
            both=any(v.both for v in values),
        )

    return extreme


def _whole_logarithm(e: sp.Basic) -> Compiled:
    x, base = (compiled(part) for part in e.args)

    def logarithm(at: Place) -> Number:
        exactly = Place(at.values, at.functions, Rounding(inexact=False))
        value, growth = x(exactly).rational, base(exactly).rational
        if value is None or growth is None:
            raise TypeError(f"the whole logarithm `{e}` is of numbers that are rounded")
        if growth <= 1:
            raise Undefined(f"a logarithm to the base {growth} has no whole part")
        count, reached = 0, growth
        while reached <= value:
            count, reached = count + 1, reached * growth
        return Number.exactly(count)

    return logarithm


def _given(e: sp.Basic) -> Compiled:
    name, argument = str(e.func), compiled(e.args[0])

    def value(at: Place) -> Number:
        found = at.functions[name](_whole(argument(at), e))
        return found if isinstance(found, Number) else Number.exactly(found)

    return value


def _whole(argument: Number, e: sp.Basic) -> int:
    """Return a step at which a user's function is asked; raises ``Undefined`` between two."""
    exact = argument.rational
    if exact is None or exact.q != 1:
        raise Undefined(f"`{e}` asks for a function of t at no whole step")
    return int(exact.p)


def _running_product(e: sp.Basic) -> Compiled:
    index, _, last = e.limits[0]
    inner, end = compiled(e.function), compiled(last)

    def running(at: Place) -> Number:
        result = Number.exactly(1.0)
        for j in range(1, _whole(end(at), e) + 1):
            here = Place({**at.values, index.name: Number.exactly(j)}, at.functions, at.rounding)
            result = n.product(at.rounding, [result, inner(here)], [])
        return result

    return running


def _cases(e: sp.Basic) -> Compiled:
    branches = [(compiled(value), condition(when)) for value, when in e.args]

    def cases(at: Place) -> Number:
        possible = []
        for value, when in branches:
            holds = when(at)
            if holds is not False:
                possible.append(value(at))
            if holds:
                break
        return n.hull(possible)

    return cases


def condition(when: sp.Basic) -> Callable[[Place], bool | None]:
    """Return a function of a place that says whether a relation holds; None where rounding decides."""
    if when in {sp.true, True}:
        return lambda at: True
    if isinstance(when, sp.Or):
        parts = [condition(part) for part in when.args]
        return lambda at: _either([part(at) for part in parts])
    mark = when.rel_op
    left, right = compiled(when.lhs), compiled(when.rhs)

    def holds(at: Place) -> bool | None:
        known = n.compare(mark, left(at), right(at))
        return at.choose(when, known) if at.choose else known

    return holds


def _either(known: Sequence[bool | None]) -> bool | None:
    """Tell whether one of several holds; None where that is open."""
    return True if any(known) else None if None in known else False


@dataclass(frozen=True, eq=False)
class Settings:
    """A schedule's hyperparameters by keyword, and what the user gives as functions of t.

    ``tensor`` names the keywords whose value is a tensor, of the rounding's format.
    """

    schedule: Schedule
    values: Mapping[str, float]
    functions: Mapping[str, Given] = field(default_factory=dict)
    rounding: Rounding = field(default_factory=Rounding)
    tensor: frozenset[str] = frozenset()
    base: Number | None = None
    """The base learning rate, where it is no setting."""

    def with_base(self, base: Number) -> Settings:
        """Return the settings with another base learning rate."""
        return dataclasses.replace(self, base=base)

    def place(self) -> Place:
        """Return where the schedule's expressions are evaluated."""
        known = {
            h.symbol.name: self.rounding.given(
                Number.exactly(
                    int(self.values[h.keyword]) if h.symbol.is_integer else float(self.values[h.keyword]),
                    tensor=h.keyword in self.tensor,
                )
            )
            for h in self.schedule.hyperparameters
        }
        if self.base is not None:
            known["eta_0"] = self.base
        return Place(known, self.functions, self.rounding)


def closed_form(
    settings: Settings, times: Iterable[float], *, momentum: bool = False, form: str = ""
) -> Iterator[Number]:
    """Yield the enclosure of the closed form at each time; a fractional time is an epoch.

    ``form`` names another way to compute it, which the schedule lists.  Raises ``Undefined`` where
    the formula has no value and ``ValueError`` for a momentum that the schedule has not.
    """
    schedule = settings.schedule
    expression = schedule.momentum if momentum else schedule.closed
    if form:
        expression = schedule.forms[form][1 if momentum else 0]
    if expression is None:
        raise ValueError(f"{schedule.label} cycles no momentum; give momentum=False")
    function, place = compiled(expression), settings.place()
    for time in times:
        place.values["t"] = Number.exactly(time)
        yield function(place)


def recurrence(
    settings: Settings, steps: int, *, start: int = 0, first: Number | None = None
) -> Iterator[Number]:
    """Yield the enclosure of the recurrence at t = start, start + 1, ..., its rounding propagated.

    ``first`` is the value at ``start``, where it is not the schedule's own beginning.
    """
    rule = settings.schedule.recurrence
    if rule is None:
        raise ValueError(f"{settings.schedule.label} has no recurrence; ask for its closed form")
    function, place = compiled(rule.step), settings.place()
    place.values["t"] = Number.exactly(start)
    current = first or compiled(rule.start)(place)
    for time in range(start, start + steps):
        if time > start:
            place.values["t"], place.values["eta"] = Number.exactly(time), current
            current = function(place)
        yield current
