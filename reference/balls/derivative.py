"""The derivative of a step: what automatic differentiation of a legal step may legally return.

SymPy differentiates each line of the program, and the chain rule joins them.  The partial derivatives are
evaluated in python-flint's balls, at the enclosures of the lines themselves.  A product along one path
through the program is computed with at most ``OPERATIONS`` roundings for each operation written, so that
the sum of the paths' magnitudes bounds the error of the backward pass (Higham 2002, section 3.1).
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import sympy as sp
from flint import arb

from reference.formats import FLOAT32, Array
from reference.intervals.enclosure import StepEnclosure, as_intervals
from reference.intervals.interval import Interval
from reference.undefined import Undefined
from spec.rule import UpdateRule, uncast

Line: TypeAlias = tuple[sp.Symbol, sp.Expr, tuple[tuple[sp.Symbol, sp.Expr], ...]]
OPERATIONS = 5
"""Roundings of one operation's backward: the quotient has four, and one adds to what came before."""
UNITS = 8.0
"""An operation's own error in unit roundoffs: four units in the last place."""


def enclose_derivative(
    enclosure: StepEnclosure, before: Mapping[str, Array], by: sp.Symbol, *, total: bool = False
) -> Interval:
    """Return, element by element, the enclosure of the new parameter's derivative by ``by``.

    ``before`` holds the gradient, the parameter and the states before the step; with ``total`` the
    derivative of the sum of all elements is returned, as by a setting that all share.
    """
    lines = enclosure.lines(as_intervals(before, enclosure.storage))
    size = next(iter(before.values())).size
    storage, host = enclosure.storage.unit_roundoff, FLOAT32.unit_roundoff
    unit = max(storage, host) if total else storage
    rounded = roundings(enclosure.program.rule) + (size if total else 0)
    ends = []
    for place in range(size):
        element = Element(enclosure.given, {k: _ball(v, place) for k, v in lines.items()}, storage)
        ends.append(element.derivative(enclosure.program.rule, by))
    values = [sum((v for v, _ in ends), arb(0))] if total else [v for v, _ in ends]
    magnitudes = [sum((m for _, m in ends), arb(0))] if total else [m for _, m in ends]
    error = rounded * unit / (1.0 - rounded * unit) if rounded * unit < 1.0 else float("inf")
    lows = [float((v - m * error).lower()) for v, m in zip(values, magnitudes, strict=True)]
    highs = [float((v + m * error).upper()) for v, m in zip(values, magnitudes, strict=True)]
    unknown = ~(np.isfinite(lows) & np.isfinite(highs))
    lo = np.where(unknown, -np.inf, np.nextafter(lows, -np.inf))
    hi = np.where(unknown, np.inf, np.nextafter(highs, np.inf))
    return Interval(lo.astype(enclosure.storage.work), hi.astype(enclosure.storage.work))


@functools.lru_cache(maxsize=256)
def roundings(rule: UpdateRule) -> int:
    """Return a bound on the roundings along one path through the program, backwards."""
    written = (
        max(int(sp.count_ops(uncast(e))) for e in (line.expression, *(f.expression for f in line.forms)))
        for line in rule.program
    )
    return OPERATIONS * (sum(written) + len(rule.program))


@functools.lru_cache(maxsize=256)
def differentiated(rule: UpdateRule, by: sp.Symbol) -> tuple[Line, ...]:
    """Return each line that is computed, with its partial derivatives by all that depends on ``by``."""
    known, lines = {by}, []
    for line in rule.program:
        expression = uncast(line.expression)
        symbols = sorted(expression.free_symbols & known, key=str)
        if symbols:
            known.add(line.target)
        lines.append((line.target, expression, tuple((s, sp.diff(expression, s)) for s in symbols)))
    return tuple(lines)


def _ball(interval: Interval, place: int) -> arb:
    low, high = (float(end.reshape(-1)[place % end.size]) for end in (interval.lo, interval.hi))
    return arb((low + high) / 2, max(abs(np.nextafter(high, np.inf) - np.nextafter(low, -np.inf)), 5e-324))


@dataclass
class Element:
    """One element of a step: the scalars as given, and the enclosures of the program's lines."""

    given: Mapping[str, float]
    lines: Mapping[str, arb]
    unit: float
    known: dict[sp.Basic, arb] = field(default_factory=dict)

    def derivative(self, rule: UpdateRule, by: sp.Symbol) -> tuple[arb, arb]:
        """Return the derivative of the new parameter, and the sum of its paths' magnitudes."""
        found: dict[sp.Symbol, tuple[arb, arb]] = {by: (arb(1), arb(1))}
        for target, expression, partials in differentiated(rule, by):
            if target.name not in self.lines:
                self.known[target] = self.value(expression)
            value, magnitude = arb(0), arb(0)
            for symbol, partial in partials:
                factor = self.value(partial)
                value += factor * found[symbol][0]
                magnitude += abs(factor) * found[symbol][1]
            if partials:
                found[target] = value, magnitude
        return found.get(rule.parameter.updated, (arb(0), arb(0)))

    def value(self, expression: sp.Basic) -> arb:
        """Return the ball of an expression, each of whose operations is rounded."""
        if expression not in self.known:
            self.known[expression] = self._value(expression)
        return self.known[expression]

    def _value(self, expression: sp.Basic) -> arb:
        if expression.is_Symbol:
            scalar = self.given.get(expression.name)
            return self.lines[expression.name] if scalar is None else self._rounded(expression, arb(scalar))
        if expression.is_Rational:
            return arb(int(expression.p)) / int(expression.q)
        if isinstance(expression, sp.Piecewise):
            return self._branch(expression)
        balls = [self.value(part) for part in expression.args]
        return self._rounded(expression, operation(expression, balls))

    def _rounded(self, expression: sp.Basic, ball: arb) -> arb:
        """Return the ball with an error of its operation; scalars may be kept in float32."""
        on_tensors = any(symbol.name in self.lines for symbol in expression.free_symbols)
        unit = self.unit if on_tensors else max(self.unit, FLOAT32.unit_roundoff)
        return ball * arb(1, UNITS * unit)

    def _branch(self, expression: sp.Piecewise) -> arb:
        """Return the branch that a condition takes, or the hull of those that it may take."""
        hull: arb | None = None
        for branch, condition in expression.args:
            holds = self.holds(condition)
            if holds is not False:
                value = self.value(branch)
                hull = value if hull is None else hull.union(value)
            if holds is True:
                break
        if hull is None:
            raise Undefined(f"no branch of `{expression}` applies")
        return hull

    def holds(self, condition: sp.Basic) -> bool | None:
        """Tell whether a condition holds; None where rounding may decide."""
        if condition in (sp.true, sp.false):
            return bool(condition)
        if {symbol.name for symbol in condition.free_symbols} <= self.given.keys():
            return bool(condition.subs({s: self.given[s.name] for s in condition.free_symbols}))
        difference = self.value(condition.lhs) - self.value(condition.rhs)
        if 0 in difference:
            return None
        return bool((difference > 0) == isinstance(condition, (sp.StrictGreaterThan, sp.GreaterThan)))


def operation(expression: sp.Basic, balls: list[arb]) -> arb:
    """Return one operation on balls; raises ``TypeError`` for one that no rule uses."""
    first = balls[0]
    if isinstance(expression, sp.Add):
        return sum(balls[1:], first)
    if isinstance(expression, sp.Mul):
        product = first
        for ball in balls[1:]:
            product *= ball
        return product
    if isinstance(expression, sp.Pow):
        return _power(first, balls[1], expression.exp)
    if isinstance(expression, (sp.Max, sp.Min)):
        return functools.reduce(arb.max if isinstance(expression, sp.Max) else arb.min, balls)
    if isinstance(expression, (sp.Heaviside, sp.sign)):
        low = -1 if isinstance(expression, sp.sign) else 0
        return arb(low).union(arb(1)) if 0 in first else arb(1 if first > 0 else low)
    if isinstance(expression, sp.Abs):
        return abs(first)
    if isinstance(expression, sp.DiracDelta):
        return arb(0)
    if isinstance(expression, sp.log):
        return first.log()
    raise TypeError(f"`{expression.func}` in `{expression}` has no derivative here")


def _power(base: arb, exponent: arb, written: sp.Basic) -> arb:
    if written.is_Integer:
        return base ** int(written)
    if written.is_Rational and int(written.q) == 2:
        return base.sqrt() ** int(written.p)
    return base**exponent
