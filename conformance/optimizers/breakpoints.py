"""Finds states at which a sign, a maximum or a comparison of a rule is about to change its branch."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import sympy as sp

from reference.formats import Array
from spec.rule import UpdateRule, uncast
from spec.symbols import g
from spec.tensor_functions import TENSOR_FUNCTIONS


@dataclass(frozen=True)
class Tie:
    """The value of a state at which one sign, maximum or comparison changes its branch."""

    symbol: str
    nonnegative: bool
    names: tuple[str, ...]
    place: Callable[..., Array]

    def value(self, known: Mapping[str, Array | float]) -> Array:
        """Return that value of the state, given the other values and the scalars."""
        return np.asarray(self.place(*(np.asarray(known[name], np.float64) for name in self.names)))


@functools.lru_cache(maxsize=256)
def ties(rule: UpdateRule) -> tuple[Tie, ...]:
    """Return a tie for every sign, maximum and comparison whose argument is linear in a state."""
    found: dict[sp.Expr, Tie] = {}
    for line in rule.program:
        for argument in _arguments(uncast(line.expression)):
            composed = _composed(rule, argument)
            tie = None if composed is None else _tie(rule, composed)
            if tie is not None:
                found.setdefault(argument, tie)
    return tuple(found.values())


def _arguments(expression: sp.Expr) -> Iterator[sp.Expr]:
    for part in sp.preorder_traversal(expression):
        if isinstance(part, sp.sign):
            yield part.args[0]
        elif isinstance(part, (sp.Max, sp.Min)):
            yield part.args[0] - part.args[1]
        elif isinstance(part, sp.core.relational.Relational):
            yield part.lhs - part.rhs


def _composed(rule: UpdateRule, argument: sp.Expr) -> sp.Expr | None:
    """Return the argument in terms of what stands before the step, if that is of one element."""
    for line in reversed(rule.program):
        if argument.has(*TENSOR_FUNCTIONS):
            return None
        argument = argument.subs(line.target, uncast(line.expression))
    return argument


def _tie(rule: UpdateRule, argument: sp.Expr) -> Tie | None:
    """Solve ``argument`` = 0 for the first state in which it is linear."""
    for quantity in (*rule.states, rule.parameter):
        symbol = quantity.symbol
        slope = sp.diff(argument, symbol)
        if slope != 0 and symbol not in slope.free_symbols and not quantity.scalar:
            place = -argument.subs(symbol, 0) / slope
            names = sorted(place.free_symbols, key=str)
            if place != 0 and g in place.free_symbols:
                compute = sp.lambdify(names, place, "numpy")
                written = tuple(name.name for name in names)
                return Tie(symbol.name, bool(symbol.is_nonnegative), written, compute)
    return None
