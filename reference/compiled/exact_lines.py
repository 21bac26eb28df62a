"""The formula itself, written in C for the elements of a step that are shown."""

from __future__ import annotations

from reference.compiled.emission import real_type
from reference.compiled.exact_emission import ExactEmission
from reference.compiled.numbers import EmittedScalars, Numbers
from reference.compiled.statements import SCALAR, Statements
from reference.compiled.task import Task, exponents
from reference.intervals.evaluation import Tensors
from reference.profile import compute_format
from spec.rule import State


class ExactLines:
    """The formula itself for the elements that are shown, in one loop."""

    def __init__(self, numbers: Numbers) -> None:
        task, self.program, self.real = numbers.task, numbers.program, numbers.real
        self.before = Statements("e")
        wide = ExactEmission(self.before, SCALAR, "long double")
        self.scalars = self._scalars(task, wide, self.real)
        self.results: list[str] = []
        self._keep(task, wide)
        self.loop = Statements()
        arithmetic = ExactEmission(self.loop, numbers.prefix, self.real)
        self.tensors = Tensors(self.scalars, self.line, arithmetic)
        self.lines = {name: self.loop.bind(self.real, f"in{4 * place}[i]") for place, name in enumerate(task.inputs)}
        self.stores = [
            f"centre[{place}][i] = {self._updated(quantity)};"
            for place, quantity in enumerate(self.program.rule.quantities)
        ]

    def _scalars(self, task: Task, wide: ExactEmission, real: str) -> EmittedScalars[str]:
        return EmittedScalars(
            wide,
            task.given,
            lambda place: self.before.bind("long double", f"given[{place}]"),
            lambda value: self.before.bind(real, f"({real}){value}"),
            self.program.scalar_lines,
            None,
            places={name: place for place, name in enumerate(task.scalars)},
            powers={node: place for place, node in enumerate(exponents(self.program))},
        )

    def _keep(self, task: Task, wide: ExactEmission) -> None:
        """Write the states that are one number for a tensor."""
        for place, state in enumerate(task.numbers):
            kept = task.state_formats.get(state.symbol.name, task.storage)
            self.scalars.define(state.symbol.name, self.before.bind("long double", f"kept[{place}].lo"))
            cast, (_, real) = compute_format(kept).name.upper(), real_type(kept)
            inner = self._scalars(task, wide, real)
            inner.cast = lambda value, cast=cast, real=real: self.before.bind(  # type: ignore[misc]
                real, f"({real})nearest_{'double' if real == 'double' else 'wide'}(({real}){value}, {cast})"
            )
            for known in task.numbers[: place + 1]:
                inner.define(known.symbol.name, self.scalars.symbol(known.symbol.name))
            tensors = Tensors(inner, lambda name: self.before.bind(real, f"({real}){self.scalars.symbol(name)}"), wide)  # noqa: B023
            value = tensors.operand(self.program.state_lines[state.updated.name])
            nearest = f"nearest_{'double' if real == 'double' else 'wide'}(({real}){value}, {kept.name.upper()})"
            self.scalars.define(state.updated.name, self.before.bind("long double", nearest))

    def _updated(self, quantity: State) -> str:
        updated = quantity.updated.name
        return self.scalars.symbol(updated) if quantity.scalar else self.line(updated)

    def line(self, name: str) -> str:
        """Return the name of a line of the program."""
        if name not in self.lines:
            self.lines[name] = self.tensors.operand(self.program.written[name])
        return self.lines[name]
