"""The enclosures of a learning rate, or a factor on it, that a scheduler keeps and changes at every step."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass

import sympy as sp

from reference.balls import operations as op
from reference.balls.formula import compiled, condition
from reference.balls.number import Number
from reference.balls.schedule import BASE, ScheduleSettings, recurrence
from reference.undefined import Undefined
from spec.schedule import t


def kept_factors(settings: ScheduleSettings, steps: int) -> Iterator[Number]:
    """Yield the base times a factor that is kept from step to step, at t = 0, 1, ...

    The recurrence of the schedule makes the factor; it must be proportional to the base.
    """
    one = settings.with_base(Number.exactly(1.0))
    base = settings.place().values[BASE]
    for factor in recurrence(one, steps):
        yield op.product(settings.model, [base, factor], [])


def kept_sums(
    settings: ScheduleSettings, steps: int, *, start: int = 0, first: Number | None = None
) -> Iterator[Number]:
    """Yield the learning rate to which each step adds what the closed form changes by, at t = start, start + 1, ...

    Where a piece changes by the same at every step its change is that; where another piece begins the
    sum goes on or the piece's own value is taken.  ``first`` is the value at ``start``, where it is not the
    schedule's own: from there the sum goes on.  Raises ``Undefined`` where there is no such piece.
    """
    pieces = _pieces(settings.schedule.closed)
    if all(piece.change in {None, 0} for piece in pieces):
        raise Undefined(f"{settings.schedule.label} adds no number that stays the same")
    conditions = [condition(piece.when) for piece in pieces]
    place = settings.place()
    current, last = first, None
    for time in range(start, start + steps):
        place.values["t"] = Number.exactly(time)
        piece = next(piece for piece, holds in zip(pieces, conditions, strict=True) if holds(place) is not False)
        if current is None or (last is not None and last.change is None):
            current = compiled(piece.value)(place)
        elif last is not None and last.change is not None:
            added = op.total(settings.model, [current, compiled(last.change)(place)])
            goes_on = piece is last or first is not None
            current = added if goes_on else _either(added, compiled(piece.value)(place))
        last = piece
        yield current


def _either(added: Number, value: Number) -> Number:
    """Return both where a piece goes on from the one before it, and its own value where it does not."""
    if not added.ball.overlaps(value.ball):
        return value
    return Number(added.ball.union(value.ball), None, tensor=added.tensor or value.tensor)


@dataclass(frozen=True)
class Piece:
    """One piece of a closed form; ``change`` is that from step to step, where it is none of t."""

    value: sp.Expr
    change: sp.Expr | None
    when: sp.Basic


@functools.cache
def _pieces(closed: sp.Expr) -> tuple[Piece, ...]:
    folded = sp.piecewise_fold(closed)
    found = []
    for value, when in folded.args if isinstance(folded, sp.Piecewise) else [(folded, sp.true)]:
        change = sp.factor(sp.expand(value - value.subs(t, t - 1)))
        found.append(Piece(value, None if change.has(t) else change, when))
    return tuple(found)
