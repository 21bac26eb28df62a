"""Arithmetic that writes C: the same operations as on intervals, as text for one element."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from reference.compiled.statements import SCALAR, NotCompiled, Statements, literal
from reference.formats import Format
from reference.intervals.interval import Rounding, Unrounded

RELATIONS = {"greater": "GREATER", "less": "GREATER", "equal": "EQUAL", "at least": "AT_LEAST", "at most": "AT_LEAST"}
MAY_BE_NAN = frozenset(
    {"sum", "product", "product_of_points", "quotient", "quotient_by_point", "root", "real_power", "moved"}
)
SWAPPED = frozenset({"less", "at most"})


@dataclass(frozen=True)
class Value:
    """An interval in C, and what is known of it for every element.

    ``point`` if both its ends are one known value, ``nan`` and ``both`` if a flag may be set, ``positive`` if
    no end is below zero, ``number`` the value of a constant.
    """

    name: str
    prefix: str
    point: bool = False
    nan: bool = True
    both: bool = True
    positive: bool = False
    number: float | None = None

    @property
    def ends(self) -> str:
        """The parts of the interval, as arguments."""
        return f"{self.name}.lo, {self.name}.hi, {self.name}.nan, {self.name}.both"


def rounding_members(rounding: Rounding) -> tuple[tuple[bool, ...], tuple[float, ...]]:
    """Return what follows the target in C's ``struct rounding``: the marks, and the numbers."""
    marks = bool(rounding.through), rounding.keep_exact, rounding.either, rounding.flush
    return marks, (rounding.half, 1.0 - 2.0 * rounding.slack, rounding.target.smallest_normal)


def rounding_literal(rounding: Rounding) -> str:
    """Return a rounding as a constant in C."""
    marks, numbers = rounding_members(rounding)
    members = ", ".join([*(str(int(mark)) for mark in marks), *map(literal, numbers)])
    return f"(struct rounding){{{rounding.target.name.upper()}, {members}}}"


@dataclass(frozen=True)
class IntervalEmission:
    """Interval arithmetic as ``IntervalArithmetic``, written for operations with a prefix.

    ``bounded`` code relies on finite ends, divisors above zero and radicands that are not negative.
    """

    statements: Statements
    prefix: str
    rounding: Rounding | Unrounded
    units: dict[str, float]
    bounded: bool = False
    order_matters: bool = True

    def call(self, name: str, *arguments: str) -> str:
        """Return the name of the interval that an operation returns."""
        return self.statements.bind(f"{self.prefix}_interval", f"{self.prefix}_{name}({', '.join(arguments)})")

    def value(self, name: str, *of: Value, positive: bool = False, both: bool | None = None) -> Value:
        """Return what an operation makes of intervals, with the flags that these may have."""
        nan = not self.bounded and (any(x.nan for x in of) or name in MAY_BE_NAN)
        both = any(x.both for x in of) if both is None else both
        return Value(self.call(name, *(x.name for x in of)), self.prefix, nan=nan, both=both, positive=positive)

    def rounded(self, exact: Value, units: float = 0.5) -> Value:
        """Return an exact result, rounded."""
        name, target = exact.name, self.rounding.target
        if isinstance(self.rounding, Unrounded):
            kind, arguments = "unrounded", [literal(target.slack)]
        else:
            slack = self.rounding.slack
            if units > 0.5:
                slack += 2.0 * units * target.unit_roundoff
            kind, arguments = "rounded", [rounding_literal(self.rounding), literal(slack)]
        flags = [f"{name}.nan" if exact.nan else "0"] if not self.bounded else []
        flags.append(f"{name}.both" if exact.both else "0")
        kind = f"bounded_{kind}" if self.bounded else kind
        made = self.call(kind, f"{name}.lo", f"{name}.hi", *flags, *arguments)
        if self.bounded:
            self.statements.rely(f"{made}.hi - {made}.lo < INFINITY")
        return dataclasses.replace(exact, name=made, prefix=self.prefix, point=False, number=None)

    def constant(self, value: float) -> Value:
        """Return an exactly representable number."""
        point = self.call("point", literal(value))
        return Value(point, self.prefix, point=True, nan=False, both=False, positive=value >= 0.0, number=value)

    def add(self, a: Value, b: Value) -> Value:
        """Enclose a + b."""
        kind = "bounded_sum" if self.bounded else "sum"
        return self.rounded(self.value(kind, a, b, positive=a.positive and b.positive), self.units["add"])

    def negate(self, a: Value) -> Value:
        """Enclose -a."""
        return dataclasses.replace(a, name=self.call("negated", a.name), positive=False, number=None)

    def subtract(self, a: Value, b: Value) -> Value:
        """Enclose a - b."""
        return self.add(a, self.negate(b))

    def multiply(self, a: Value, b: Value) -> Value:
        """Enclose a * b."""
        if a.point and b.point:
            kind = "product_of_points"
        elif not self.bounded:
            kind = "product"
        elif a.positive and b.positive:
            kind = "product_of_positive"
        elif a.point or b.point:
            kind, (a, b) = "product_with_point", (b, a) if a.point else (a, b)
        elif a.positive or b.positive:
            kind, (a, b) = "product_with_positive", (b, a) if a.positive else (a, b)
        else:
            kind = "bounded_product"
        return self.rounded(self.value(kind, a, b, positive=a.positive and b.positive), self.units["multiply"])

    def divide(self, a: Value, b: Value) -> Value:
        """Enclose a / b."""
        kind = "quotient_by_point" if b.point else "quotient"
        if self.bounded:
            self.statements.rely(f"{b.name}.lo > 0")
            kind = "quotient_of_positive" if a.positive else "bounded_quotient"
        return self.rounded(self.value(kind, a, b, positive=a.positive), self.units["divide"])

    def power(self, a: Value, exponent: int) -> Value:
        """Enclose a**exponent."""
        if self.prefix != SCALAR and exponent != 2:
            raise NotCompiled(f"a tensor to the power of {exponent}")
        if self.prefix != SCALAR:
            return self.rounded(self.value("square", a, positive=True), self.units["multiply"])
        exact = dataclasses.replace(a, name=self.call("power", a.name, str(exponent)), positive=False, number=None)
        return self.rounded(exact, self.units["multiply" if exponent == 2 else "power"])

    def power_of(self, a: Value, exponent: str) -> Value:
        """Enclose a number to a power that is known when the code is called."""
        exact = dataclasses.replace(a, name=self.call("power", a.name, exponent), positive=False, number=None)
        square, other = (self.rounded(exact, self.units[name]) for name in ("multiply", "power"))
        made = self.statements.bind(f"{SCALAR}_interval", f"{exponent} == 2 ? {square.name} : {other.name}")
        return dataclasses.replace(other, name=made)

    def root(self, a: Value) -> Value:
        """Enclose the square root of a."""
        if self.bounded and not a.positive:
            self.statements.rely(f"{a.name}.lo >= 0")
        kind = "bounded_root" if self.bounded else "root"
        return self.rounded(self.value(kind, a, positive=True), self.units["root"])

    def maximum(self, a: Value, b: Value) -> Value:
        """Enclose max(a, b)."""
        return self.value("maximum", a, b, positive=a.positive or b.positive)

    def minimum(self, a: Value, b: Value) -> Value:
        """Enclose min(a, b)."""
        return self.value("minimum", a, b, positive=a.positive and b.positive)

    def real_power(self, a: Value, exponent: Value) -> Value:
        """Enclose a**exponent."""
        return self.rounded(self.value("real_power", a, exponent), self.units["power"])

    def expm1(self, a: Value) -> Value:
        """No code is written for it."""
        raise NotCompiled("expm1")

    def log1p(self, a: Value) -> Value:
        """No code is written for it."""
        raise NotCompiled("log1p")

    def truth(self, relation: str, left: Value, right: Value) -> str:
        """Return where a relation surely holds and where it never does."""
        a, b = (right, left) if relation in SWAPPED else (left, right)
        names = [self._compared(x) for x in (a, b)]
        prefix = self.prefix if all(x.prefix == self.prefix or x.number is not None for x in (a, b)) else SCALAR
        if prefix == SCALAR and self.prefix != SCALAR:  # a number is compared as the host has it
            names = [
                self.statements.bind(f"{SCALAR}_interval", f"{SCALAR}_made({x.ends})") if x.prefix != SCALAR else x.name
                for x in (a, b)
            ]
        truth = f"{prefix}_compared({RELATIONS[relation]}, {names[0]}, {names[1]})"
        return self.statements.bind("truth", truth)

    def _compared(self, value: Value) -> str:
        if value.prefix == self.prefix or value.number is None:
            return value.name
        return self.call("point", literal(value.number))

    def choose(self, relation: str, left: Value, right: Value, if_true: Value, if_false: Value) -> Value:
        """Enclose the branch that a comparison takes."""
        return self.chosen(self.truth(relation, left, right), if_true, if_false)

    def chosen(self, truth: str, a: Value, b: Value) -> Value:
        """Enclose the branch that is taken where ``truth`` says so."""
        made = self.call("selected", truth, a.name, b.name)
        return Value(made, self.prefix, nan=a.nan or b.nan, positive=a.positive and b.positive)

    def absolute(self, a: Value) -> Value:
        """Enclose |a|."""
        return self.value("magnitudes", a, positive=True)

    def sign(self, a: Value) -> Value:
        """Enclose the sign of a."""
        return self.value("sign", a, both=True)

    def whole(self, kind: str, operands: list[Value]) -> Value:
        """Norms and products of whole tensors are walked."""
        raise NotCompiled(kind)

    def hull(self, a: Value, b: Value) -> Value:
        """Return the smallest interval that holds both."""
        return self.value("hull", a, b, positive=a.positive and b.positive)


@dataclass(frozen=True)
class MeasuredValue:
    """An exact range and a bound on the error in C; the last rounding is not yet counted."""

    range: Value
    error: str
    units: float = 0.0


@dataclass(frozen=True)
class RunningErrorEmission:
    """Running error analysis as ``RunningError``, written in C."""

    exact: IntervalEmission
    rounding: Rounding
    units: dict[str, float]
    real: str
    order_matters: bool = True

    def call(self, name: str, *arguments: str) -> str:
        """Return the number that an operation returns."""
        return self.exact.statements.bind(self.real, f"{self.exact.prefix}_{name}({', '.join(arguments)})")

    def bind(self, expression: str) -> str:
        """Return the name of a number."""
        return self.exact.statements.bind(self.real, expression)

    def known(self, value: Value) -> MeasuredValue:
        """Return a value without error."""
        return MeasuredValue(value, self.bind("0.0"))

    def perturbed(self, exact: Value, used: Value) -> MeasuredValue:
        """Return a value of which ``used`` enters the computation."""
        return MeasuredValue(exact, self._bounded(self.call("perturbed", exact.name, used.name)))

    def _bounded(self, error: str) -> str:
        if self.exact.bounded:
            self.exact.statements.rely(f"{error} < INFINITY")
        return error

    def settled(self, value: MeasuredValue) -> str:
        """Return the error bound with the last rounding counted."""
        if value.units == 0.0:
            return value.error
        target = self.rounding.target
        roundoff = 2.0 * value.units * target.unit_roundoff + self.rounding.slack
        lost = target.smallest_normal if self.rounding.flush else target.smallest_subnormal
        overflow = target.largest * (1 - target.unit_roundoff)
        bounds = literal(roundoff), literal(lost), literal(overflow)
        return self._bounded(self.call("settled", value.range.name, value.error, *bounds))

    def finished(self, value: MeasuredValue, exact: Value, arithmetic: IntervalEmission) -> Value:
        """Return the exact range, moved by the error and rounded once more."""
        kind = "bounded_moved" if arithmetic.bounded else "moved"
        moved = self.exact.call(kind, exact.name, value.error)
        found = Value(moved, self.exact.prefix, nan=not arithmetic.bounded, both=exact.both)
        return arithmetic.rounded(found, max(value.units, 0.5))

    def constant(self, value: float) -> MeasuredValue:
        """Return an exactly representable number."""
        return self.known(self.exact.constant(value))

    def add(self, a: MeasuredValue, b: MeasuredValue) -> MeasuredValue:
        """Return a + b."""
        error = self.bind(f"{self.settled(a)} + {self.settled(b)}")
        return MeasuredValue(self.exact.add(a.range, b.range), error, self.units["add"])

    def subtract(self, a: MeasuredValue, b: MeasuredValue) -> MeasuredValue:
        """Return a - b."""
        return self.add(a, self.negate(b))

    def negate(self, a: MeasuredValue) -> MeasuredValue:
        """Return -a."""
        return MeasuredValue(self.exact.negate(a.range), a.error, a.units)

    def multiply(self, a: MeasuredValue, b: MeasuredValue) -> MeasuredValue:
        """Return a * b."""
        error = self.call("error_of_product", a.range.name, b.range.name, self.settled(a), self.settled(b))
        return MeasuredValue(self.exact.multiply(a.range, b.range), error, self.units["multiply"])

    def power(self, a: MeasuredValue, exponent: int) -> MeasuredValue:
        """Return a**exponent for a small whole exponent."""
        result = a
        for _ in range(exponent - 1):
            result = self.multiply(result, a)
        return result

    def divide(self, a: MeasuredValue, b: MeasuredValue) -> MeasuredValue:
        """Return a / b."""
        error_a, error_b = self.settled(a), self.settled(b)
        quotient = self.exact.divide(a.range, b.range)
        error = self.call("error_of_quotient", quotient.name, b.range.name, error_a, error_b)
        return MeasuredValue(quotient, error, self.units["divide"])

    def root(self, a: MeasuredValue) -> MeasuredValue:
        """Return the square root."""
        error = self.settled(a)
        root = self.exact.root(a.range)
        return MeasuredValue(root, self.call("error_of_root", root.name, error), self.units["root"])

    def _worse(self, a: MeasuredValue, b: MeasuredValue) -> str:
        return self.call("most", self.settled(a), self.settled(b))

    def maximum(self, a: MeasuredValue, b: MeasuredValue) -> MeasuredValue:
        """Return max(a, b)."""
        return MeasuredValue(self.exact.maximum(a.range, b.range), self._worse(a, b))

    def minimum(self, a: MeasuredValue, b: MeasuredValue) -> MeasuredValue:
        """Return min(a, b)."""
        return MeasuredValue(self.exact.minimum(a.range, b.range), self._worse(a, b))

    def real_power(self, a: MeasuredValue, exponent: MeasuredValue) -> MeasuredValue:
        """Powers with real exponents are of scalars, which are computed before."""
        raise NotCompiled("a real power")

    def expm1(self, a: MeasuredValue) -> MeasuredValue:
        """It is of scalars, which are computed before."""
        raise NotCompiled("expm1")

    def log1p(self, a: MeasuredValue) -> MeasuredValue:
        """It is of scalars, which are computed before."""
        raise NotCompiled("log1p")

    def choose(
        self, relation: str, left: MeasuredValue, right: MeasuredValue, if_true: MeasuredValue, if_false: MeasuredValue
    ) -> MeasuredValue:
        """Return the branch taken."""
        reaches = (
            dataclasses.replace(x.range, name=self.exact.call("reach", x.range.name, self.settled(x)), number=None)
            for x in (left, right)
        )
        truth = self.exact.truth(relation, *reaches)
        chosen = self.exact.choose(relation, left.range, right.range, if_true.range, if_false.range)
        errors = self.settled(if_true), self.settled(if_false)
        error = self.call("error_of_choice", truth, if_true.range.name, if_false.range.name, *errors)
        return MeasuredValue(chosen, error)

    def absolute(self, a: MeasuredValue) -> MeasuredValue:
        """Return |a|."""
        return MeasuredValue(self.exact.absolute(a.range), self.settled(a))

    def sign(self, a: MeasuredValue) -> MeasuredValue:
        """Return the sign of a."""
        error = self.call("error_of_sign", a.range.name, self.settled(a))
        return MeasuredValue(self.exact.sign(a.range), error)

    def whole(self, kind: str, operands: list[MeasuredValue]) -> MeasuredValue:
        """Norms and products of whole tensors are walked."""
        raise NotCompiled(kind)

    def hull(self, a: MeasuredValue, b: MeasuredValue) -> MeasuredValue:
        """Return the worse of two orders of the same computation."""
        return MeasuredValue(self.exact.hull(a.range, b.range), self._worse(a, b), max(a.units, b.units))


def real_type(storage: Format) -> tuple[str, str]:
    """Return the prefix of operations on tensors of a format, and their type in C."""
    return ("d", "double") if storage.work.itemsize == 8 else ("l", "long double")
