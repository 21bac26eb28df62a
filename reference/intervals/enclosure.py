"""The enclosure of one step: for each quantity, everything that a legal evaluation may return."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import sympy as sp

from reference.expression import Node, compiler, decided
from reference.formats import FLOAT32, FLOAT64, FORMATS, Array, Format
from reference.intervals.evaluation import Narrow, Scalars, Tensors, walk
from reference.intervals.interval import SMALLEST_SCALAR, Interval, IntervalArithmetic, Rounding, Unrounded, select
from reference.intervals.roundings import (
    coefficient_rounding,
    operand,
    scalar_arithmetic,
    single_arithmetic,
    store_rounding,
    tensor_arithmetic,
    tensor_rounding,
)
from reference.intervals.running_error import Measured, RunningError
from reference.intervals.summation import TensorArithmetic
from reference.profile import ALL_FORMS, HOST_UNITS, STORAGE, UNITS, Profile, compute_format
from reference.undefined import Undefined
from spec.first_rate import with_first_rate
from spec.rule import TEXTBOOK, Assignment, State, UpdateRule
from spec.symbols import first_lr, g, t


@dataclass(frozen=True)
class CompiledForm:
    """One legal form of a line, and for which hyperparameters it is used."""

    name: str
    tree: Node
    when: sp.Basic

    @functools.cached_property
    def applies(self) -> object:
        """Decide from the scalars whether the form is used."""
        return decided(self.when)


@dataclass(frozen=True, eq=False)
class Program:
    """A rule compiled for one set of forms: scalar lines, tensor lines with their forms.

    ``state_lines`` are the new values of states that are one number for a tensor: computed in the
    format of the state, from scalars that are cast to it.
    """

    rule: UpdateRule
    tensors: frozenset[str]
    scalar_lines: Mapping[str, Node]
    state_lines: Mapping[str, Node]
    lines: Mapping[str, tuple[CompiledForm, ...]]
    formats: Mapping[str, Format]
    written: Mapping[str, Node]


def _is_scalar(line: Assignment, scalars: frozenset[sp.Symbol]) -> bool:
    return bool(line.expression.free_symbols <= scalars)


@functools.lru_cache(maxsize=4096)
def program(rule: UpdateRule, forms: frozenset[str]) -> Program:
    """Compile ``rule`` with the legal forms named."""
    scalars = frozenset(h.symbol for h in rule.hyperparameters) | {t, first_lr}
    given = frozenset(symbol.name for symbol in scalars)
    kept = {state.updated: state for state in rule.states if state.scalar}
    scalars |= {state.symbol for state in kept.values()}
    scalar_lines = []
    stored = {quantity.updated for quantity in rule.quantities if not quantity.scalar}
    for line in rule.program:
        if line.target not in stored and _is_scalar(line, scalars):
            scalar_lines.append(line)
            scalars |= {line.target}
    others = [line for line in rule.program if line not in scalar_lines]
    tensors = {state.symbol.name for state in rule.quantities if not state.scalar} | {g.name}
    tensors |= {line.target.name for line in others}
    compile_ = compiler(frozenset(tensors), given).compile
    kept_compile = compiler(frozenset(state.symbol.name for state in kept.values()), given).compile
    return Program(
        rule,
        frozenset(tensors),
        {line.target.name: compile_(line.expression) for line in scalar_lines if line.target not in kept},
        {line.target.name: kept_compile(line.expression) for line in scalar_lines if line.target in kept},
        {
            line.target.name: tuple(
                CompiledForm(form.name, compile_(form.expression), form.when)
                for form in line.legal_forms(_named(line, forms))
            )
            for line in others
        },
        {line.target.name: FORMATS[line.kept_in] for line in others if line.kept_in},
        {line.target.name: compile_(line.expression) for line in others},
    )


def _named(line: Assignment, forms: frozenset[str]) -> frozenset[str]:
    if ALL_FORMS in forms:
        return forms | {TEXTBOOK, *(form.name for form in line.forms if not form.by_name)}
    return forms


def other_name(forms: tuple[CompiledForm, ...]) -> str:
    """Return the symbol of which a line is another name, or the negative; nothing for a line of its own."""
    tree = forms[0].tree
    inner = tree.operands[0] if tree.kind == "negate" else tree
    alone = len(forms) == 1 and forms[0].when == sp.true
    return inner.name if alone and inner.kind == "symbol" and not inner.scalar else ""


def origin(program: Program, name: str) -> str:
    """Return the tensor of which a line is another name, or the line itself."""
    while name in program.lines and other_name(program.lines[name]):
        name = other_name(program.lines[name])
    return name


def refuse_tiny(rule: UpdateRule, scalars: Mapping[str, float]) -> None:
    """Raise ``Undefined`` for a number too small to enclose."""
    for name, value in scalars.items():
        if 0.0 < abs(value) < SMALLEST_SCALAR:
            raise Undefined(f"{rule.name}: {name}={value!r} is below {SMALLEST_SCALAR!r}; give 0 or more")


def around_one(target: Format) -> tuple[float, float]:
    """Return what two roundings to a format may make of 1: so far a setting that is known within a unit may be off."""
    return 1.0 - 2.0 ** (1 - target.precision), 1.0 + 2.0 ** (1 - target.precision)


def _around_one(target: Format) -> Interval:
    low, high = around_one(target)
    return Interval(np.asarray(low, FLOAT64.work), np.asarray(high, FLOAT64.work))


class StepEnclosure:
    """Encloses steps of one rule under one profile for one set of scalars.

    ``scalars`` maps the names of the hyperparameters, ``t`` and the states that are one number for
    a tensor to their values; ``state_formats`` names the states kept in another format than the
    parameter; ``kept`` holds intervals of scalar states that are known no better.  Raises
    ``Undefined`` for a hyperparameter too small to enclose.
    """

    def __init__(
        self,
        rule: UpdateRule,
        profile: Profile,
        storage: Format,
        scalars: Mapping[str, float],
        state_formats: Mapping[str, Format] | None = None,
        kept: Mapping[str, Interval] | None = None,
    ) -> None:
        refuse_tiny(rule, scalars)
        self.program = program(rule, profile.every_form)
        self.profile, self.storage, self.given = profile, storage, dict(with_first_rate(rule, scalars))
        self.arithmetic = self.rounding_so(tensor_arithmetic(profile, storage))
        self.state_formats = state_formats or {}
        self.kept = dict(kept or {})
        self.scalars = self._scalars(self.rounding_so(scalar_arithmetic(profile)), rounded=True)
        wide = IntervalArithmetic(Unrounded(FLOAT64), HOST_UNITS)
        self.exact_scalars = self._scalars(wide, rounded=False)
        self.exact = TensorArithmetic(Unrounded(compute_format(storage)), UNITS)
        self.running = RunningError(self.exact, self.rounded(tensor_rounding(profile, storage)), self.arithmetic.units)
        for state in rule.states:
            if state.scalar:
                self._keep(state)

    def rounded(self, rounding: Rounding) -> Rounding:
        """Return a rounding as this enclosure carries it out: as it is defined."""
        return rounding

    def rounding_so(self, arithmetic: IntervalArithmetic) -> IntervalArithmetic:
        """Return an arithmetic that rounds as this enclosure does."""
        rounding = arithmetic.rounding
        if isinstance(rounding, Unrounded):
            return arithmetic
        return dataclasses.replace(arithmetic, rounding=self.rounded(rounding))

    def storing(self, kept: Format) -> Rounding:
        """Return how a result is rounded when it is stored in a format."""
        return self.rounded(store_rounding(self.profile, kept))

    def _keep(self, state: State) -> None:
        """Enclose a state that is one number, before the step and after it, for all lines to use."""
        name, updated = state.symbol.name, state.updated.name
        kept = self.state_formats.get(name, self.storage)
        if name not in self.kept:
            self.kept[name] = Interval.exactly(np.asarray(self.given[name], FLOAT64.work))
        before = self.kept[name]
        arithmetic = self.rounding_so(tensor_arithmetic(self.profile, kept))
        coefficient = self.rounded(coefficient_rounding(self.profile, kept))
        for scalars in (self.scalars, self.exact_scalars):
            scalars.define(name, before)
        inner = Scalars(
            self.scalars.arithmetic,
            self.given,
            self.scalars.entry,
            lambda value: coefficient(value.lo.astype(kept.work), value.hi.astype(kept.work), value.flags),
            self.program.scalar_lines,
            narrow=self.scalars.narrow,
        )
        inner.define(name, before)
        tensors = Tensors(inner, lambda symbol: self.kept[symbol], arithmetic)
        value = tensors.operand(self.program.state_lines[updated])
        value = self.storing(kept)(value.lo, value.hi, value.flags)
        wide = Interval(value.lo.astype(FLOAT64.work), value.hi.astype(FLOAT64.work), *value.flags)
        for scalars in (self.scalars, self.exact_scalars):
            scalars.define(updated, wide)
        self.kept[updated] = wide

    def kept_in(self, target: Format, line: Callable[[str], Interval]) -> Tensors[Interval]:
        """Return tensors in which lines of another format are computed; others are rounded to it."""
        store = self.storing(target)

        def entering(name: str) -> Interval:
            value = line(name)
            if self.program.formats.get(name) == target:
                return value
            return store(value.lo.astype(target.work), value.hi.astype(target.work), value.flags)

        scalars = self._scalars(self.rounding_so(scalar_arithmetic(self.profile)), rounded=True, storage=target)
        return Tensors(scalars, entering, self.rounding_so(tensor_arithmetic(self.profile, target)))

    def _scalars(
        self, arithmetic: IntervalArithmetic, *, rounded: bool, storage: Format | None = None
    ) -> Scalars[Interval]:
        storage = storage or self.storage
        coefficient = self.rounded(coefficient_rounding(self.profile, storage))
        work = storage.work

        def entry(value: float) -> Interval:
            exact = Interval.exactly(np.asarray(value, FLOAT64.work))
            return arithmetic.rounding(exact.lo, exact.hi) if rounded else exact

        def cast(value: Interval) -> Interval:
            lo, hi = value.lo.astype(work), value.hi.astype(work)
            if rounded:
                return coefficient(lo, hi, value.flags)
            return Unrounded(compute_format(storage))(lo, hi, value.flags)

        def stored(value: Interval) -> Interval:
            lo, hi = value.lo.astype(work), value.hi.astype(work)
            return self.storing(storage)(lo, hi, value.flags)

        kept = stored if rounded and self.profile.bound == STORAGE else None
        single, loose = self.profile.single if rounded else frozenset(), self.profile.loose
        narrow = Narrow(single, self.rounding_so(single_arithmetic(self.profile)), loose, _around_one(FLOAT32))
        scalars = Scalars(arithmetic, self.given, entry, cast, self.program.scalar_lines, kept, narrow)
        for name in loose & self.given.keys():
            slack = _around_one(FORMATS[self.profile.scalar])
            scalars.define(name, arithmetic.multiply(entry(self.given[name]), slack))
        return scalars

    def lines(self, tensors: Mapping[str, Interval]) -> dict[str, Interval]:
        """Return the enclosure of every line on tensors, and what they start from, by symbol."""
        step = _Step(self, tensors)
        return {**step.known, **{name: step.line(name) for name in self.program.lines}}

    def __call__(self, tensors: Mapping[str, Interval]) -> dict[str, Interval]:
        """Return the enclosure of each quantity after the step, by the name of its symbol.

        ``tensors`` holds the gradient, the parameter and the states before the step.
        """
        step = _Step(self, tensors)
        enclosures = {}
        for quantity in self.program.rule.quantities:
            name = quantity.symbol.name
            if quantity.scalar:
                enclosures[name] = self.kept[quantity.updated.name]
                continue
            value = step.line(quantity.updated.name)
            kept = self.state_formats.get(name, self.storage)
            if self.arithmetic.rounding.target != kept:
                value = self.storing(kept)(value.lo, value.hi, value.flags)
            enclosures[name] = value
        return enclosures


class _Step:
    """The lines of one step, each enclosed once."""

    def __init__(self, enclosure: StepEnclosure, tensors: Mapping[str, Interval]) -> None:
        self.enclosure = enclosure
        profile, storage = enclosure.profile, enclosure.storage
        self.known = {name: operand(profile, storage, value) for name, value in tensors.items()}
        self.flushed = {name for name, value in tensors.items() if value.point and not self.known[name].point}
        self.tensors = Tensors(enclosure.scalars, self.line, enclosure.arithmetic)
        self.others: dict[Format, Tensors[Interval]] = {}

    def line(self, name: str) -> Interval:
        if name not in self.known:
            forms = self.enclosure.program.lines[name]
            hull: Interval | None = None
            for form in forms:
                if form.applies(**self.enclosure.given):  # type: ignore[operator]
                    value = self._form(name, form)
                    hull = value if hull is None else self.enclosure.arithmetic.hull(hull, value)
            if hull is None:
                raise Undefined(f"no form of `{name}` applies to {self.enclosure.given}")
            self.known[name] = hull
        return self.known[name]

    def _form(self, name: str, form: CompiledForm) -> Interval:
        kept = self.enclosure.program.formats.get(name)
        if kept is not None:
            if kept not in self.others:
                self.others[kept] = self.enclosure.kept_in(kept, self.line)
            value = self.others[kept].operand(form.tree)
            value = self.enclosure.storing(kept)(value.lo, value.hi, value.flags)
            work = self.enclosure.storage.work
            return Interval(value.lo.astype(work), value.hi.astype(work), *value.flags)
        uncertain = [symbol for symbol in form.tree.repeated if not self.line(symbol).point]
        if not uncertain:
            return self.tensors.operand(form.tree)
        measured = self._measured(name, form)
        if not self.flushed.issuperset(origin(self.enclosure.program, symbol) for symbol in uncertain):
            return measured
        # Most elements of a tensor with subnormals are no subnormals, and known values.
        open_ = functools.reduce(np.logical_or, (self.line(name).lo < self.line(name).hi for name in uncertain))
        return select(~open_, open_, self.tensors.operand(form.tree), measured)

    def _measured(self, name: str, form: CompiledForm) -> Interval:
        running, enclosure = self.enclosure.running, self.enclosure
        tensors = Tensors(_MeasuredScalars(enclosure), lambda symbol: running.known(self.line(symbol)), running)
        measured = walk(form.tree, tensors, running)
        written = enclosure.program.written[name]
        exact = measured.range
        if not written.repeated:
            exact = walk(written, Tensors(enclosure.exact_scalars, self.line, enclosure.exact), enclosure.exact)
        return running.finished(measured, exact)


class _MeasuredScalars(Scalars[Measured]):
    """Scalars for a running error: the exact value, and how far the one used may be from it."""

    def __init__(self, enclosure: StepEnclosure) -> None:
        self.enclosure = enclosure
        super().__init__(enclosure.running, enclosure.given, self._no_entry, lambda value: value, {})

    def cast_value(self, node: Node) -> Measured:
        exact = self.enclosure.exact_scalars.cast_value(node)
        return self.enclosure.running.perturbed(exact, self.enclosure.scalars.cast_value(node))

    def value(self, node: Node) -> Measured:
        return self.cast_value(node)

    def _no_entry(self, value: float) -> Measured:
        raise NotImplementedError


def as_intervals(tensors: Mapping[str, Array], storage: Format) -> dict[str, Interval]:
    """Return known tensors as intervals in the wide type of ``storage``."""
    return {name: Interval.exactly(x.astype(storage.work)) for name, x in tensors.items()}
