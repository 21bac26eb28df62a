"""Formulas of schedules as functions that enclose them: every value one may legally have, as a ball."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import sympy as sp
from flint import arb, fmpq
from sympy.core.function import AppliedUndef

from reference.balls import operations as op
from reference.balls.error_model import EXACT, ErrorModel
from reference.balls.number import Number, compare, hull, representable
from reference.formats import FLOAT16
from reference.undefined import Undefined
from spec.schedule import WholeLogarithm
from spec.schedule_forms import RepeatedProduct

Given = Callable[[int], "float | Number"]
"""A function of t that the user gives, or the enclosure of one."""
Chooser = Callable[[sp.Basic, "bool | None"], "bool | None"]


@dataclass
class Place:
    """What an expression is evaluated with: values by symbol, functions by name, and the error model.

    ``choose`` settles a comparison that rounding leaves open; without it both branches count.
    """

    values: dict[str, Number]
    functions: Mapping[str, Given] = field(default_factory=dict)
    model: ErrorModel = field(default_factory=ErrorModel)
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
        return lambda at: Number(at.model.rounded(arb.pi(), 1, tensor=False))
    if e in {sp.oo, -sp.oo}:
        infinite = Number.exactly(float(e))
        return lambda _: infinite
    if e.func in HANDLERS:
        return HANDLERS[e.func](e)
    if isinstance(e, AppliedUndef):
        return _given(e)
    raise TypeError(f"a schedule may not use {e.func.__name__}")


def _rational(e: sp.Rational) -> Compiled:
    value = fmpq(int(e.p), int(e.q))
    if e.q == 1 or representable(value, FLOAT16):  # and so in every other format
        constant = Number(arb(value), value, whole=e.q == 1)
        return lambda _: constant
    return lambda at: Number(at.model.rounded(arb(value), 1, tensor=False))


def _sum(e: sp.Basic) -> Compiled:
    parts = [compiled(a) for a in e.args]
    return lambda at: op.total(at.model, [part(at) for part in parts])


def _product(e: sp.Basic) -> Compiled:
    coefficient, rest = e.as_coeff_Mul()
    if coefficient == -1:
        positive = compiled(rest)
        return lambda at: op.negative(positive(at))
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
    return lambda at: op.product(at.model, [part(at) for part in above], [part(at) for part in below])


def _power(e: sp.Basic) -> Compiled:
    if e.exp == -1:
        divisor = compiled(e.base)
        return lambda at: op.product(at.model, [], [divisor(at)])
    base, exponent = compiled(e.base), compiled(e.exp)
    return lambda at: op.power(at.model, base(at), exponent(at))


def _unary(operation: Callable[[ErrorModel, Number], Number]) -> Callable[[sp.Basic], Compiled]:
    def build(e: sp.Basic) -> Compiled:
        inner = compiled(e.args[0])
        return lambda at: operation(at.model, inner(at))

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


def _extreme(*, largest: bool) -> Callable[[sp.Basic], Compiled]:
    def build(e: sp.Basic) -> Compiled:
        parts = [compiled(a) for a in e.args]
        return lambda at: op.extreme([part(at) for part in parts], largest=largest)

    return build


def _whole_logarithm(e: sp.Basic) -> Compiled:
    x, base = (compiled(part) for part in e.args)

    def logarithm(at: Place) -> Number:
        exactly = Place(at.values, at.functions, EXACT)
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


def _repeated_product(e: sp.Basic) -> Compiled:
    factor, count = (compiled(part) for part in e.args)
    return lambda at: op.repeated(at.model, factor(at), _whole(count(at), e))


def _running_product(e: sp.Basic) -> Compiled:
    index, _, last = e.limits[0]
    inner, end = compiled(e.function), compiled(last)

    def running(at: Place) -> Number:
        result = Number.exactly(1.0)
        for j in range(1, _whole(end(at), e) + 1):
            here = Place({**at.values, index.name: Number.exactly(j)}, at.functions, at.model)
            result = op.product(at.model, [result, inner(here)], [])
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
        return hull(possible)

    return cases


def condition(when: sp.Basic) -> Callable[[Place], bool | None]:
    """Return a function of a place that says whether a relation holds; None where rounding decides."""
    if when in {sp.true, True}:
        return lambda _: True
    if isinstance(when, sp.Or):
        parts = [condition(part) for part in when.args]
        return lambda at: _either([part(at) for part in parts])
    mark = when.rel_op
    left, right = compiled(when.lhs), compiled(when.rhs)

    def holds(at: Place) -> bool | None:
        known = compare(mark, left(at), right(at))
        return at.choose(when, known) if at.choose else known

    return holds


def _either(known: Sequence[bool | None]) -> bool | None:
    """Tell whether one of several holds; None where that is open."""
    return True if any(known) else None if None in known else False


HANDLERS: dict[object, Callable[[sp.Basic], Compiled]] = {
    sp.Add: _sum,
    sp.Mul: _product,
    sp.Pow: _power,
    sp.Piecewise: _cases,
    sp.Max: _extreme(largest=True),
    sp.Min: _extreme(largest=False),
    sp.cos: _unary(op.cosine),
    sp.sin: _unary(op.sine),
    sp.exp: _unary(op.exponential),
    sp.log: _unary(op.logarithm),
    sp.tanh: _unary(op.tangent),
    sp.floor: _unary(lambda _, a: op.floor(a)),
    sp.Abs: _unary(lambda _, a: op.absolute(a)),
    sp.sign: _unary(lambda _, a: op.sign(a)),
    sp.UnevaluatedExpr: _unary(lambda _, a: a),
    sp.Mod: _modulo,
    sp.Product: _running_product,
    RepeatedProduct: _repeated_product,
    WholeLogarithm: _whole_logarithm,
}
"""What encloses each function that a schedule may use."""
