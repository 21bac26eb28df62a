"""The formulas of schedules as the lines of a report: closed form, recurrence, state machine."""

from __future__ import annotations

from collections.abc import Iterator

import sympy as sp

from conformance.engine.exhibits import AssignmentEntry, FormEntry
from spec.rendering import MathML, Notation, Text, Writer
from spec.schedule import Schedule, previous

ETA, MU = sp.Symbol("eta_t"), sp.Symbol("mu_t")
BEFORE = frozenset({previous.name})


def _written(target: sp.Symbol, value: sp.Expr, notation: Notation, before: frozenset[str]) -> str:
    writer = Writer(notation, before)
    return notation.row([writer.write(target)[0], notation.operator("="), writer.write(value)[0]])


def _line(
    name: str,
    target: sp.Symbol,
    value: sp.Expr,
    before: frozenset[str] = frozenset(),
    forms: tuple[FormEntry, ...] = (),
) -> AssignmentEntry:
    mathml = f"<math>{_written(target, value, MathML(), before)}</math>"
    return AssignmentEntry(name, mathml, _written(target, value, Text(), before), forms)


def _form(name: str, target: sp.Symbol, value: sp.Expr, *, proven: bool) -> FormEntry:
    mathml = f"<math>{_written(target, value, MathML(), BEFORE)}</math>"
    return FormEntry(name, mathml, _written(target, value, Text(), BEFORE), proven)


def lines(schedule: Schedule, proven: frozenset[str]) -> tuple[AssignmentEntry, ...]:
    """Return the formula's lines; ``proven`` are the identifiers of the claims that were proven."""
    return tuple(_lines(schedule, proven))


def _lines(schedule: Schedule, proven: frozenset[str]) -> Iterator[AssignmentEntry]:
    if schedule.machine:
        states = frozenset({previous.name, *(s.symbol.name for s in schedule.machine.states)})
        for line in schedule.machine.program:
            yield _line(line.name, line.target, line.expression, states)
        return
    forms = []
    if schedule.recurrence:
        forms.append(_form("recurrence", ETA, schedule.recurrence.step, proven="closed-form/recurrence" in proven))
    for name, (value, _) in schedule.forms.items():
        forms.append(_form(name, ETA, value, proven=f"forms/{name}" in proven))
    yield _line("closed form", ETA, schedule.closed, forms=tuple(forms))
    if schedule.momentum is not None:
        yield _line("momentum", MU, schedule.momentum)


def first_line(schedule: Schedule) -> AssignmentEntry:
    """Return the line that a finding shows."""
    wanted = "learning rate" if schedule.machine else "closed form"
    return next(line for line in lines(schedule, frozenset()) if line.name == wanted)
