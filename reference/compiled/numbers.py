"""What is computed once for all elements of a step, written in C: the scalars."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from dataclasses import dataclass, field

from reference.compiled.emission import IntervalEmission, Value, real_type
from reference.compiled.statements import SCALAR, Statements
from reference.compiled.task import Task, exponents
from reference.expression import Node
from reference.formats import FLOAT64, Format
from reference.intervals.arithmetic import Number
from reference.intervals.evaluation import Scalars, Tensors
from reference.intervals.interval import Rounding, Unrounded
from reference.intervals.roundings import (
    coefficient_rounding,
    scalar_rounding,
    scalar_units,
    store_rounding,
    tensor_rounding,
    tensor_units,
)
from reference.profile import HOST_UNITS, STORAGE, UNITS, compute_format
from spec.rule import State


@dataclass
class EmittedScalars(Scalars[Number]):
    """Scalars of which the values enter each call, and exponents as well."""

    places: Mapping[str, int] = field(default_factory=dict)
    powers: Mapping[Node, int] = field(default_factory=dict)

    def symbol(self, name: str) -> Number:
        """Return a hyperparameter, the step count or a scalar line of the program."""
        if name not in self._symbols and name not in self.lines:
            self._symbols[name] = self.entry(self.places[name])
        return super().symbol(name)

    def value(self, node: Node) -> Number:
        """Return a scalar in scalar arithmetic."""
        if node in self.powers and node not in self._values:
            base = self.operand(node.operands[0])
            self._values[node] = self.arithmetic.power_of(base, f"exponents[{self.powers[node]}]")  # type: ignore[attr-defined]
        return super().value(node)


class Numbers:
    """What is computed once for all elements, before the loops."""

    def __init__(self, task: Task) -> None:
        self.task, self.program = task, task.program
        self.prefix, self.real = real_type(task.storage)
        self.statements = Statements("s")
        profile = task.profile
        self.rounded = self._arithmetic(scalar_rounding(profile), scalar_units(profile))
        self.exact = self._arithmetic(Unrounded(FLOAT64), HOST_UNITS)
        self.kept: dict[str, Value] = {}
        for place, state in enumerate(task.numbers):
            self._keep(place, state)

    def _arithmetic(self, rounding: Rounding | Unrounded, units: dict[str, float]) -> IntervalEmission:
        return IntervalEmission(self.statements, SCALAR, rounding, units)

    def _narrow(self, value: Value, rounding: Rounding | Unrounded, *, bounded: bool = False) -> Value:
        """Return a scalar in the type of tensors, rounded; bounded code relies on one that is not negative."""
        name = value.name
        ends = f"({self.real}){name}.lo, ({self.real}){name}.hi, {name}.nan, {name}.both"
        made = self.statements.bind(f"{self.prefix}_interval", f"{self.prefix}_made({ends})")
        arithmetic = IntervalEmission(self.statements, self.prefix, rounding, UNITS)
        narrow = arithmetic.rounded(dataclasses.replace(value, name=made, prefix=self.prefix, number=None))
        if not bounded:
            return narrow
        flags = f"!{narrow.name}.nan && !{narrow.name}.both"
        self.statements.rely(f"{narrow.name}.lo >= 0 && {narrow.name}.hi < INFINITY && {flags}")
        return dataclasses.replace(narrow, nan=False, both=False, positive=True)

    def scalars(self, *, rounded: bool, bounded: bool) -> EmittedScalars[Value]:
        """Return the scalars as they meet tensors: as they are computed, or exactly."""
        profile, storage = self.task.profile, self.task.storage
        cast = coefficient_rounding(profile, storage) if rounded else Unrounded(compute_format(storage))
        store = store_rounding(profile, storage)
        keeps = rounded and profile.bound == STORAGE
        arithmetic = self.rounded if rounded else self.exact
        scalars = EmittedScalars(
            arithmetic,
            self.task.given,
            functools.partial(self._entry, arithmetic, rounded=rounded),
            lambda value: self._narrow(value, cast, bounded=bounded),
            self.program.scalar_lines,
            (lambda value: self._narrow(value, store, bounded=bounded)) if keeps else None,
            places={name: place for place, name in enumerate(self.task.scalars)},
            powers={node: place for place, node in enumerate(exponents(self.program))},
        )
        for name, value in self.kept.items():
            scalars.define(name, value)
        return scalars

    def _entry(self, arithmetic: IntervalEmission, place: float, *, rounded: bool) -> Value:
        point = arithmetic.call("point", f"given[{place}]")
        exact = Value(point, SCALAR, point=True, nan=False, both=False)
        return arithmetic.rounded(exact) if rounded else exact

    def _keep(self, place: int, state: State) -> None:
        """Write a state that is one number, before the step and after it."""
        task, name, updated = self.task, state.symbol.name, state.updated.name
        target = task.state_formats.get(name, task.storage)
        before = self.kept[name] = Value(self.statements.bind(f"{SCALAR}_interval", f"kept[{place}]"), SCALAR)
        arithmetic = self._arithmetic(tensor_rounding(task.profile, target), tensor_units(task.profile))
        inner = self.scalars(rounded=True, bounded=False)
        inner.cast, inner.stored = functools.partial(self._coefficient, target=target), None
        value = Tensors(inner, lambda _: before, arithmetic).operand(self.program.state_lines[updated])
        self.kept[updated] = self._arithmetic(store_rounding(task.profile, target), UNITS).rounded(value)

    def _coefficient(self, value: Value, target: Format) -> Value:
        """Return a scalar as it meets a number that is kept in ``target``."""
        prefix, real = real_type(target)
        ends = f"({real}){value.name}.lo, ({real}){value.name}.hi, {value.name}.nan, {value.name}.both"
        made = Value(self.statements.bind(f"{prefix}_interval", f"{prefix}_made({ends})"), prefix)
        cast = IntervalEmission(self.statements, prefix, coefficient_rounding(self.task.profile, target), UNITS)
        wide = f"{SCALAR}_made({cast.rounded(made).ends})"
        return Value(self.statements.bind(f"{SCALAR}_interval", wide), SCALAR)
