"""Formula mutants of schedules: the closed form, or a line of the machine, with one thing wrong."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import sympy as sp
from sympy.core.function import AppliedUndef
from sympy.core.relational import Relational

from spec.family import Family
from spec.mutants.mutant import Mutant, distinct, other_options
from spec.proofs import equal
from spec.rule import uncast
from spec.schedule import Machine, Schedule, WholeLogarithm, previous, t

OFF = 1 + sp.Rational(1, 10**6)
OTHER_WAY = {sp.Lt: sp.Le, sp.Le: sp.Lt, sp.Gt: sp.Ge, sp.Ge: sp.Gt}


@dataclass(frozen=True, eq=False)
class ScheduleMutant(Mutant[Schedule]):
    """A wrong schedule; with a ``boundary`` only the place has moved at which two branches meet.

    What is wrong is its momentum with ``of_momentum``, and else its learning rate.
    """

    boundary: sp.Basic | None = None
    of_momentum: bool = False

    def _equal(self) -> bool:
        """Tell whether it is the same, or two branches meet at the boundary that moved."""
        if self.wrong.machine and self.original.machine:
            pairs = zip(self.wrong.machine.program, self.original.machine.program, strict=True)
            return all(mine.expression == right.expression for mine, right in pairs)
        wrong, right = (s.momentum if self.of_momentum else s.value for s in (self.wrong, self.original))
        if wrong is None or right is None:
            return False
        return equal(uncast(wrong), uncast(right)) if self.boundary is None else _meet(right, self.boundary)


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


def of_schedule(schedule: Schedule, family: Family[Schedule]) -> tuple[ScheduleMutant, ...]:
    """Return the formula mutants of ``schedule``, those that read the same taken once."""
    changes = _of_machine(schedule, schedule.machine) if schedule.machine else _of_value(schedule)
    return (*distinct(changes), *_other_options(schedule, family))


def _of_value(schedule: Schedule) -> Iterator[ScheduleMutant]:
    for what, other, boundary in _changes(schedule.closed, schedule):
        wrong = dataclasses.replace(schedule, value=other)
        if other != schedule.value and not other.has(sp.zoo, sp.nan):
            yield ScheduleMutant(what, f"eta_t <- {other}", wrong, schedule, boundary)
    if schedule.momentum is not None:
        for what, other, boundary in _changes(schedule.momentum, schedule):
            wrong = dataclasses.replace(schedule, momentum=other)
            if other != schedule.momentum and not other.has(sp.zoo, sp.nan):
                line = f"mu_t <- {other}"
                yield ScheduleMutant(f"momentum: {what}", line, wrong, schedule, boundary, of_momentum=True)


def _of_machine(schedule: Schedule, machine: Machine) -> Iterator[ScheduleMutant]:
    for place, line in enumerate(machine.program):
        for what, other, _ in _changes(line.expression, schedule):
            changed = dataclasses.replace(line, expression=other)
            program = (*machine.program[:place], changed, *machine.program[place + 1 :])
            wrong = dataclasses.replace(schedule, machine=dataclasses.replace(machine, program=program))
            yield ScheduleMutant(f"{line.name}: {what}", f"{line.target} <- {other}", wrong, schedule)


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


def _other_options(schedule: Schedule, family: Family[Schedule]) -> Iterator[ScheduleMutant]:
    """Yield the same schedule with one option chosen otherwise, where it needs no more settings."""
    known = {h.keyword for h in schedule.hyperparameters}
    for chosen, other in other_options(schedule.options, family):
        if {h.keyword for h in other.hyperparameters} <= known:
            yield ScheduleMutant(f"option {chosen}", f"option {chosen}", other, schedule, of_option=True)
