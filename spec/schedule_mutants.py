"""Formula mutants of schedules: the closed form, or a line of the machine, with one thing wrong."""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import sympy as sp
from sympy.core.function import AppliedUndef
from sympy.core.relational import Relational

from spec.proofs import BeyondLimitError, equal
from spec.rule import uncast
from spec.schedule import Schedule, ScheduleFamily, WholeLogarithm, previous, t

OFF = 1 + sp.Rational(1, 10**6)
OTHER_WAY = {sp.Lt: sp.Le, sp.Le: sp.Lt, sp.Gt: sp.Ge, sp.Ge: sp.Gt}


@dataclass(frozen=True, eq=False)
class ScheduleMutant:
    """A wrong schedule, what is wrong in it, and the right one."""

    name: str
    text: str
    schedule: Schedule
    original: Schedule
    boundary: sp.Basic | None = None

    @functools.cached_property
    def equivalent(self) -> bool:
        """Tell whether SymPy proves it equal; what is beyond the limit of size is not proven."""
        try:
            return self._equal()
        except BeyondLimitError:
            return False

    def _equal(self) -> bool:
        """Tell whether it is the same, or two branches meet at the boundary that moved."""
        if self.schedule.machine and self.original.machine:
            pairs = zip(self.schedule.machine.program, self.original.machine.program, strict=True)
            return all(mine.expression == right.expression for mine, right in pairs)
        if self.schedule.value is None or self.original.value is None:
            return False
        if self.boundary is not None:
            return _meet(self.original.value, self.boundary)
        return equal(uncast(self.schedule.value), uncast(self.original.value))


def _meet(value: sp.Expr, boundary: sp.Basic) -> bool:
    """Tell whether the branches on both sides of a boundary have the same value there."""
    for piece in value.atoms(sp.Piecewise):
        for (left, when), (right, _) in itertools.pairwise(piece.args):
            if when == boundary:
                return _equal_where(left, right, when)
    return False


def _equal_where(left: sp.Expr, right: sp.Expr, when: sp.Basic) -> bool:
    """Tell whether two branches are equal where both sides of a relation are.

    A floor stands for the integer that it is: beside the boundary it is the same on both sides.
    """
    floors = {part: sp.Dummy(integer=True) for part in sp.Tuple(left, right, when).atoms(sp.floor)}
    if when.lhs == t and not any(part.has(t) for part in floors):
        left, right, when = (part.xreplace(floors) for part in (left, right, when))
        return equal(left.subs(t, when.rhs), right.subs(t, when.rhs))
    if when.lhs == t and equal(left.subs(t, when.rhs), right.subs(t, when.rhs)):
        return True
    left, right, when = (part.xreplace(floors) for part in (left, right, when))
    others = sorted(when.free_symbols - {t}, key=str)
    for symbol in (t, *others):
        try:
            solutions = sp.solve(when.lhs - when.rhs, symbol)
        except NotImplementedError:  # the floor of a t that is asked for
            continue
        if solutions:
            return all(equal(left.subs(symbol, at), right.subs(symbol, at)) for at in solutions)
    return False


def mutants(schedule: Schedule, family: ScheduleFamily) -> tuple[ScheduleMutant, ...]:
    """Return the formula mutants of ``schedule``, those that read the same taken once."""
    found: dict[str, ScheduleMutant] = {}
    whole = set() if schedule.machine else {schedule.value}
    changes = _machine_changes(schedule) if schedule.machine else _value_changes(schedule)
    for what, text, wrong, boundary in changes:
        if wrong.value is not None and (wrong.value in whole or wrong.value.has(sp.zoo, sp.nan)):
            continue
        found.setdefault(text, ScheduleMutant(what, text, wrong, schedule, boundary))
    return (*found.values(), *_other_options(schedule, family))


Change = tuple[str, str, Schedule, "sp.Basic | None"]


def _value_changes(schedule: Schedule) -> Iterator[Change]:
    value = schedule.closed
    for what, other, boundary in _changes(value, schedule):
        yield what, f"eta_t <- {other}", dataclasses.replace(schedule, value=other), boundary
    if schedule.momentum is not None:
        for what, other, _ in _changes(schedule.momentum, schedule):
            wrong = dataclasses.replace(schedule, momentum=other)
            yield f"momentum: {what}", f"mu_t <- {other}", wrong, sp.false


def _machine_changes(schedule: Schedule) -> Iterator[Change]:
    machine = schedule.machine
    assert machine is not None
    for place, line in enumerate(machine.program):
        for what, other, _ in _changes(line.expression, schedule):
            changed = dataclasses.replace(line, expression=other)
            program = (*machine.program[:place], changed, *machine.program[place + 1 :])
            wrong = dataclasses.replace(schedule, machine=dataclasses.replace(machine, program=program))
            yield f"{line.name}: {what}", f"{line.target} <- {other}", wrong, None


def _changes(value: sp.Expr, schedule: Schedule) -> Iterator[tuple[str, sp.Expr, sp.Basic | None]]:
    if value.has(t):
        yield "t + 1 for t", value.subs(t, t + 1), None
        yield "t - 1 for t", value.subs(t, t - 1), None
    for h in schedule.hyperparameters:
        if not value.has(h.symbol):
            continue
        if h.symbol.is_integer:
            yield f"{h.symbol} + 1 for {h.symbol}", value.subs(h.symbol, h.symbol + 1), None
            yield f"{h.symbol} - 1 for {h.symbol}", value.subs(h.symbol, h.symbol - 1), None
        else:
            yield f"{h.symbol} off by a millionth", value.subs(h.symbol, h.symbol * OFF), None
    if value.has(previous):
        yield "the learning rate off by a millionth", value.subs(previous, previous * OFF), None
    for part in dict.fromkeys(sp.preorder_traversal(value)):
        for what, other, boundary in _part_changes(part):
            yield what, value.xreplace({part: other}), boundary


def _part_changes(part: sp.Basic) -> Iterator[tuple[str, sp.Basic, sp.Basic | None]]:
    if isinstance(part, Relational) and part.func in OTHER_WAY:
        yield "the other inequality", OTHER_WAY[part.func](*part.args, evaluate=False), part
    if isinstance(part, sp.cos):
        yield "degrees for radians", sp.cos(part.args[0] * sp.pi / 180), None
        yield "sine for cosine", sp.sin(part.args[0]).rewrite(sp.cos), None
        yield "the other sign of the cosine", -part, None
        yield "half the frequency", sp.cos(part.args[0] / 2), None
        yield "twice the frequency", sp.cos(part.args[0] * 2), None
    if isinstance(part, sp.Pow) and not part.exp.is_number:
        yield "one power more", part.base ** (part.exp + 1), None
        yield "one power less", part.base ** (part.exp - 1), None
    if isinstance(part, sp.floor):
        yield "ceiling for floor", sp.ceiling(part.args[0]).rewrite(sp.floor), None
        yield "no floor", part.args[0], None
    if isinstance(part, WholeLogarithm):
        yield "one cycle too far", part + 1, None
    if isinstance(part, AppliedUndef):
        yield "one step late", part.func(sp.Max(part.args[0] - 1, 0)), None
        yield "one step early", part.func(part.args[0] + 1), None
    if isinstance(part, sp.Max):
        yield "minimum for maximum", sp.Min(*part.args), None
    if part.is_Add and len(part.args) == 2:
        yield f"without {part.args[0]}", part.args[1], None
        yield f"without {part.args[1]}", part.args[0], None


def _other_options(schedule: Schedule, family: ScheduleFamily) -> Iterator[ScheduleMutant]:
    """Return the same schedule with one option chosen otherwise, where it needs no more settings."""
    known = {h.keyword for h in schedule.hyperparameters}
    for option in family.options:
        for value in option.values:
            if value == schedule.options[option.name]:
                continue
            other = family.build(**{**schedule.options, option.name: value})
            if {h.keyword for h in other.hyperparameters} <= known:
                name = f"option {option.name}={value}"
                yield ScheduleMutant(name, name, other, schedule)
