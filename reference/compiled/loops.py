"""The lines of a step, written in C: each in loops of its own over a block of elements."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from dataclasses import dataclass

import sympy as sp

from reference.compiled.emission import IntervalEmission, MeasuredValue, RunningErrorEmission, Value
from reference.compiled.numbers import Numbers
from reference.compiled.statements import NotCompiled, Statements
from reference.compiled.task import optional_forms
from reference.expression import Node
from reference.intervals.enclosure import CompiledForm, origin, other_name
from reference.intervals.evaluation import Scalars, Tensors, walk
from reference.intervals.interval import Rounding, Unrounded
from reference.intervals.roundings import store_rounding, tensor_rounding, tensor_units
from reference.profile import UNITS, compute_format, flushes
from spec.rule import State

FUNCTION = "static __attribute__((noinline))"
HEAD = "#pragma GCC ivdep\n    for (int64_t i = 0; i < n; i++) {"
PARTS = ("lo", "hi", "nan", "both")


@dataclass(frozen=True)
class LoopLine:
    """Where the loops of a step find a line: an expression for one element."""

    load: Callable[[Statements], Value]
    point: bool


@dataclass
class _Buffer:
    """Where a line stands between loops, and what is known of it for every element."""

    place: int
    nan: bool = False
    both: bool = False
    positive: bool = True

    def add(self, value: Value) -> None:
        """Take in what one more form computes."""
        self.nan, self.both = self.nan or value.nan, self.both or value.both
        self.positive = self.positive and value.positive


class Loops:
    """The lines of a step, each in loops of its own over a block of elements.

    ``bounded`` loops are the quicker ones, for blocks whose intervals turn out to be.
    """

    def __init__(self, numbers: Numbers, *, bounded: bool) -> None:
        self.task, self.program, self.bounded = numbers.task, numbers.program, bounded
        self.prefix, self.real = numbers.prefix, numbers.real
        self.scalars = numbers.scalars(rounded=True, bounded=bounded)
        self.exact_scalars = numbers.scalars(rounded=False, bounded=bounded)
        self.functions: list[str] = []
        self.text: list[str] = []
        self.buffers = 0
        symbols = {state.symbol.name: state.symbol for state in self.program.rule.quantities}
        self.lines: dict[str, LoopLine] = {}
        for place, name in enumerate(self.task.inputs):
            positive = name in symbols and bool(symbols[name].is_nonnegative)
            self.lines[name] = self._input(place, name, positive=positive)
        for place, quantity in enumerate(self.program.rule.quantities):
            if not quantity.scalar:
                self._result(place, quantity)

    def _arithmetic(self, statements: Statements, rounding: Rounding | Unrounded | None = None) -> IntervalEmission:
        rounding = rounding or tensor_rounding(self.task.profile, self.task.storage)
        return IntervalEmission(statements, self.prefix, rounding, tensor_units(self.task.profile), self.bounded)

    def _input(self, place: int, name: str, *, positive: bool) -> LoopLine:
        flushed = flushes(self.task.profile, self.task.storage)
        point = name in self.task.points

        def load(statements: Statements) -> Value:
            arithmetic = self._arithmetic(statements)
            ends = ", ".join(f"in{4 * place + part}[i]" for part in range(1 if point else 4))
            value = arithmetic.call("point" if point else "made", ends)
            if self.bounded:
                statements.rely(f"{value}.hi - {value}.lo < INFINITY")
                if positive:
                    statements.rely(f"{value}.lo >= 0")
                if not point:
                    statements.rely(f"!{value}.nan")
            if flushed:
                value = arithmetic.call("flushed", value, self.task.storage.smallest_normal.hex())
            return Value(
                value,
                self.prefix,
                point=point and not flushed,
                nan=not point and not self.bounded,
                both=not point,
                positive=positive and self.bounded,
            )

        return LoopLine(load, point and not flushed)

    def line(self, name: str) -> LoopLine:
        """Return a line of the program, written first where it is not yet."""
        if name not in self.lines:
            if name in self.program.formats:
                raise NotCompiled(f"a line in {self.program.formats[name].name}")
            self.lines[name] = self._written(name, self.program.lines[name])
        return self.lines[name]

    def _written(self, name: str, forms: tuple[CompiledForm, ...]) -> LoopLine:
        sure = [form for form in forms if form.when == sp.true]
        symbol = other_name(forms)
        if symbol:
            return LoopLine(lambda statements: self._form(statements, name, forms[0]), self.line(symbol).point)
        buffer = _Buffer(self.buffers)
        self.buffers += 1
        if sure:
            self._loop(buffer, name, sure, alone=len(sure) == len(forms))
        else:
            parts = ", ".join(f"line_{part}[{buffer.place}]" for part in PARTS)
            self.text.append(f"empty(n, {parts});")
        for place, form in enumerate(optional_forms(self.program)):
            if form in forms:
                self._optional(buffer, name, form, place)
        return LoopLine(lambda statements: self._loaded(statements, buffer), point=False)

    def _loaded(self, statements: Statements, buffer: _Buffer) -> Value:
        there = (True, True, buffer.nan, buffer.both)
        ends = ", ".join(
            f"line_{part}[{buffer.place}][i]" if is_ else "0" for part, is_ in zip(PARTS, there, strict=True)
        )
        name = self._arithmetic(statements).call("made", ends)
        return Value(name, self.prefix, nan=buffer.nan, both=buffer.both, positive=buffer.positive)

    def _loop(self, buffer: _Buffer, name: str, forms: list[CompiledForm], *, alone: bool) -> None:
        """Write the loop of the forms that are always legal."""
        statements = Statements()
        values = (self._form(statements, name, form) for form in forms)
        hull = functools.reduce(self._arithmetic(statements).hull, values)
        buffer.add(hull)
        stored = (True, True, hull.nan or not alone, hull.both or not alone)
        stores = [
            f"line_{part}[{buffer.place}][i] = {hull.name}.{part};"
            for part, is_ in zip(PARTS, stored, strict=True)
            if is_
        ]
        self._add(statements, name, stores)

    def _optional(self, buffer: _Buffer, name: str, form: CompiledForm, place: int) -> None:
        """Write the loop of a form that is legal for some scalars, which widens what is there."""
        statements = Statements()
        value = self._form(statements, name, form)
        buffer.add(value)
        least, most = f"{self.prefix}_least", f"{self.prefix}_most"
        lo, hi, nan, both = (f"line_{part}[{buffer.place}][i]" for part in PARTS)
        stores = [f"{lo} = {least}({lo}, {value.name}.lo);", f"{hi} = {most}({hi}, {value.name}.hi);"]
        stores += [f"{nan} |= {value.name}.nan;"] * value.nan + [f"{both} |= {value.name}.both;"] * value.both
        self._add(statements, name, stores, f"if (applies[{place}]) ")

    def _add(self, statements: Statements, name: str, stores: list[str], condition: str = "") -> None:
        """Write a loop as a function of its own: a compiler takes longer over one long function than over many."""
        guards = [f"trouble[i] |= -(flag)!({guard});" for guard in statements.guards]
        body = "\n        ".join([*statements.lines, *guards, *stores])
        function = f"{'bounded' if self.bounded else 'general'}_{len(self.functions)}"
        self.functions.append(
            f"/* {name} */\n{FUNCTION} void {function}(int64_t n)\n{{\n{HEAD}\n        {body}\n    }}\n}}"
        )
        self.text.append(f"{condition}{function}(n);")

    def _form(self, statements: Statements, name: str, form: CompiledForm) -> Value:
        arithmetic = self._arithmetic(statements)
        tensors = Tensors(self.scalars, lambda symbol: self.line(symbol).load(statements), arithmetic)
        uncertain = [symbol for symbol in sorted(form.tree.repeated) if not self.line(symbol).point]
        if not uncertain:
            return tensors.operand(form.tree)
        measured = self._measured(statements, name, form)
        if not self.task.points.issuperset(origin(self.program, symbol) for symbol in uncertain):
            return measured
        direct = tensors.operand(form.tree)
        loaded = (self.line(symbol).load(statements).name for symbol in uncertain)
        known = " & ".join(f"-(flag)!({name}.lo < {name}.hi)" for name in loaded)
        truth = statements.bind("truth", f"{{{known}, ~({known})}}")
        chosen = arithmetic.chosen(truth, direct, measured)
        return dataclasses.replace(chosen, both=direct.both or measured.both)

    def _measured(self, statements: Statements, name: str, form: CompiledForm) -> Value:
        profile, storage = self.task.profile, self.task.storage
        exact = IntervalEmission(statements, self.prefix, Unrounded(compute_format(storage)), UNITS, self.bounded)
        running = RunningErrorEmission(exact, tensor_rounding(profile, storage), tensor_units(profile), self.real)
        tensors = Tensors(
            _MeasuredLoopScalars(self, running),
            lambda symbol: running.known(self.line(symbol).load(statements)),
            running,
        )
        measured = walk(form.tree, tensors, running)
        written = self.program.written[name]
        value = measured.range
        if not written.repeated:
            lines = Tensors(self.exact_scalars, lambda symbol: self.line(symbol).load(statements), exact)
            value = walk(written, lines, exact)
        return running.finished(measured, value, self._arithmetic(statements))

    def _result(self, place: int, quantity: State) -> None:
        statements = Statements()
        value = self.line(quantity.updated.name).load(statements)
        kept = self.task.state_formats.get(quantity.symbol.name, self.task.storage)
        if tensor_rounding(self.task.profile, self.task.storage).target != kept:
            rounding = store_rounding(self.task.profile, kept)
            value = self._arithmetic(statements, rounding).rounded(value)
        stores = [f"result_{part}[{place}][i] = {value.name}.{part};" for part in PARTS]
        self._add(statements, quantity.symbol.name, stores)


class _MeasuredLoopScalars(Scalars[MeasuredValue]):
    """Scalars for a running error: the exact value, and how far the one used may be from it."""

    def __init__(self, loops: Loops, running: RunningErrorEmission) -> None:
        self.loops, self.running = loops, running
        super().__init__(running, loops.task.given, self._no_entry, lambda value: value, {})

    def cast_value(self, node: Node) -> MeasuredValue:
        exact = self.loops.exact_scalars.cast_value(node)
        return self.running.perturbed(exact, self.loops.scalars.cast_value(node))

    def value(self, node: Node) -> MeasuredValue:
        return self.cast_value(node)

    def _no_entry(self, value: float) -> MeasuredValue:
        raise NotImplementedError
