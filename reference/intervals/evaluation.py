"""Walks compiled expressions in an arithmetic: the one place where a program is evaluated."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Generic

from reference.expression import KINDS_OF_WHOLE, Comparison, Node
from reference.intervals.arithmetic import Arithmetic, Number


@dataclass(frozen=True)
class Narrow(Generic[Number]):
    """The given scalars that are tensors of a narrow format themselves, and the arithmetic of that format.

    Those that are ``loose`` are multiplied by ``slack``, which is what two roundings may make of 1.
    """

    names: frozenset[str]
    arithmetic: Arithmetic[Number]
    loose: frozenset[str] = frozenset()
    slack: Number | None = None

    def rounded(self, value: Number) -> Number:
        """Return a scalar in the narrow format."""
        return self.arithmetic.multiply(value, self.arithmetic.constant(1.0))

    def entered(self, value: Number) -> Number:
        """Return a scalar that is none of the narrow ones where it meets one: it may be rounded first."""
        return self.arithmetic.hull(value, self.rounded(value))


@dataclass
class Scalars(Generic[Number]):
    """Scalar subexpressions in scalar arithmetic, each computed once.

    ``given`` holds the hyperparameters and the step count exactly as the case gives them.
    ``cast`` rounds a scalar to the format in which it meets a tensor, ``stored`` to that of the
    tensor itself, where a bound of its elements may be kept so.  What is computed from a scalar of
    ``narrow`` is computed in its arithmetic.
    """

    arithmetic: Arithmetic[Number]
    given: Mapping[str, float]
    entry: Callable[[float], Number]
    cast: Callable[[Number], Number]
    lines: Mapping[str, Node]
    stored: Callable[[Number], Number] | None = None
    narrow: Narrow[Number] | None = None

    def __post_init__(self) -> None:
        self._narrowed: dict[Node, bool] = {}
        self._values: dict[Node, Number] = {}
        self._casts: dict[Node, Number] = {}
        self._symbols: dict[str, Number] = {}

    def value(self, node: Node) -> Number:
        """Return a scalar in scalar arithmetic."""
        if node not in self._values:
            if self.narrow is not None and self.narrowed(node):
                self._values[node] = walk(node, _NarrowScalars(self, self.narrow), self.narrow.arithmetic)
            else:
                self._values[node] = walk(node, self, self.arithmetic)
        return self._values[node]

    def narrowed(self, node: Node) -> bool:
        """Tell whether a scalar is computed from one that is a tensor of a narrow format."""
        if self.narrow is None or not self.narrow.names:
            return False
        if node not in self._narrowed:
            line = self.lines.get(node.name)
            self._narrowed[node] = (
                node.name in self.narrow.names
                or bool(node.exponent_names & self.narrow.names)
                or any(self.narrowed(part) for part in (*node.operands, *([line] if line else ())))
            )
        return self._narrowed[node]

    def cast_value(self, node: Node) -> Number:
        """Return a scalar as it meets a tensor."""
        if node not in self._casts:
            self._casts[node] = self.cast(self.value(node))
        return self._casts[node]

    def symbol(self, name: str) -> Number:
        """Return a hyperparameter, the step count or a scalar line of the program."""
        if name not in self._symbols:
            line = self.lines.get(name)
            self._symbols[name] = self.value(line) if line else self.entry(self.given[name])
        return self._symbols[name]

    def define(self, name: str, value: Number) -> None:
        """Give a symbol its value: a state that is one number for a tensor."""
        self._symbols[name] = value

    def operand(self, node: Node) -> Number:
        """Return an operand of a scalar operation."""
        return self.value(node)

    bound = operand


class _NarrowScalars(Scalars[Number]):
    """Scalars as an operation in a narrow format reads them: others may be rounded to it first."""

    def __init__(self, scalars: Scalars[Number], narrow: Narrow[Number]) -> None:
        self.scalars, self.entering, self.given = scalars, narrow, scalars.given

    def symbol(self, name: str) -> Number:
        """Return a scalar; one that is given is rounded to the format."""
        value, narrow = self.scalars.symbol(name), self.entering
        if name not in narrow.names:
            return value
        if narrow.slack is None or name not in narrow.loose:
            return narrow.rounded(value)
        return narrow.arithmetic.multiply(narrow.rounded(value), narrow.slack)

    def operand(self, node: Node) -> Number:
        """Return an operand, which may have been rounded to the format."""
        value = self.scalars.value(node)
        if self.scalars.narrowed(node):
            return value
        return self.entering.entered(value)

    bound = operand


@dataclass
class Tensors(Generic[Number]):
    """Tensor values of one step by name; ``line`` computes those that are lines of the program."""

    scalars: Scalars[Number]
    line: Callable[[str], Number]

    def symbol(self, name: str) -> Number:
        """Return a tensor: an input or a line of the program."""
        return self.line(name)

    def operand(self, node: Node) -> Number:
        """Return an operand of a tensor operation; scalars are cast."""
        if node.scalar:
            return self.scalars.cast_value(node)
        return walk(node, self, self.arithmetic)

    def bound(self, node: Node) -> Number:
        """Return what elements of a tensor are compared with or replaced by.

        A scalar may be kept there as they are.
        """
        value = self.operand(node)
        if not node.scalar or self.scalars.stored is None:
            return value
        return self.arithmetic.hull(value, self.scalars.stored(self.scalars.value(node)))

    arithmetic: Arithmetic[Number]


def walk(node: Node, values: Scalars[Number] | Tensors[Number], arithmetic: Arithmetic[Number]) -> Number:
    """Evaluate one tree."""
    if node.kind == "symbol":
        return values.symbol(node.name)
    if node.kind == "number":
        return arithmetic.constant(node.value)
    if node.kind in {"sum", "product"}:
        return _joined(node, values, arithmetic)
    if node.kind == "power":
        return arithmetic.power(values.operand(node.operands[0]), _exponent(node, values))
    if node.kind == "choice":
        return _chosen(node, values, arithmetic)
    if node.kind == "cast":
        if not isinstance(values, Tensors):
            raise TypeError("a scalar is cast where it meets a tensor; this line has none")
        return values.scalars.cast_value(node.operands[0])
    bounded = node.kind in {"maximum", "minimum"}
    operands = [(values.bound if bounded else values.operand)(operand) for operand in node.operands]
    if node.kind in KINDS_OF_WHOLE:
        return arithmetic.whole(node.kind, operands)
    operation: Callable[..., Number] = getattr(arithmetic, node.kind)
    result = operands[0] if len(operands) > 1 else operation(operands[0])
    for operand in operands[1:]:
        result = operation(result, operand)
    return result


def _given(values: Scalars[Number] | Tensors[Number]) -> Mapping[str, float]:
    return values.scalars.given if isinstance(values, Tensors) else values.given


def _exponent(node: Node, values: Scalars[Number] | Tensors[Number]) -> int:
    return int(node.exponent_of(**_given(values))) if node.exponent_of else node.exponent


def _chosen(node: Node, values: Scalars[Number] | Tensors[Number], arithmetic: Arithmetic[Number]) -> Number:
    """Return the branch that the scalars decide, or the choice among those that values decide."""
    given = _given(values)
    possible: list[tuple[Comparison, Node]] = []
    for operand, condition in zip(node.operands, node.conditions, strict=True):
        if isinstance(condition, Comparison):
            possible.append((condition, operand))
        elif condition(**given):
            result = values.bound(operand)
            break
    for comparison, operand in reversed(possible):
        left, right = (_side(side, values) for side in (comparison.left, comparison.right))
        result = arithmetic.choose(comparison.relation, left, right, values.bound(operand), result)
    return result


def _side(node: Node, values: Scalars[Number] | Tensors[Number]) -> Number:
    """Return one side of a comparison; a scalar is compared before it is cast."""
    if node.scalar and isinstance(values, Tensors):
        return values.scalars.value(node)
    return values.operand(node)


def _joined(node: Node, values: Scalars[Number] | Tensors[Number], arithmetic: Arithmetic[Number]) -> Number:
    """Return a sum or product: two operands have one order, more are taken in every one."""
    if len(node.operands) != 2 or (node.scalar and isinstance(values, Tensors)):
        return _Association(node, values, arithmetic).result()
    plus = node.kind == "sum"
    direct, inverse = (arithmetic.add, arithmetic.subtract) if plus else (arithmetic.multiply, arithmetic.divide)
    of_first, of_second = node.negative if plus else node.divisor
    x, y = values.operand(node.operands[0]), values.operand(node.operands[1])
    if of_first != of_second:
        return inverse(y, x) if of_first else inverse(x, y)
    value = direct(x, y)
    if not of_first:
        return value
    return arithmetic.negate(value) if plus else arithmetic.divide(arithmetic.constant(1.0), value)


@dataclass
class _Operand:
    """One operand of a sum or product, and whether it is subtracted or divides."""

    node: Node
    inverse: bool

    @property
    def scalar(self) -> bool:
        return self.node.scalar


@dataclass
class _Partial(Generic[Number]):
    """A partial sum or product: its value, and whether it is subtracted or divides."""

    value: Number
    inverse: bool
    scalar: bool
    narrow: bool = False


class _Association(Generic[Number]):
    """A sum or product of several operands, taken in every order where the order matters."""

    def __init__(self, node: Node, values: Scalars[Number] | Tensors[Number], arithmetic: Arithmetic[Number]) -> None:
        self.values, self.arithmetic = values, arithmetic
        self.plus = node.kind == "sum"
        marks = node.negative if self.plus else node.divisor
        operands = enumerate(zip(node.operands, marks, strict=True))
        self.operands = {1 << index: _Operand(operand, mark) for index, (operand, mark) in operands}
        self.parts: dict[int, _Partial[Number]] = {}
        self.everything = (1 << len(node.operands)) - 1

    def result(self) -> Number:
        whole = self._subset(self.everything)
        value = self._number(whole)
        if not whole.inverse:
            return value
        if self.plus:
            return self.arithmetic.negate(value)
        return self.arithmetic.divide(self.arithmetic.constant(1.0), value)

    def _subset(self, members: int) -> _Operand | _Partial[Number]:
        if members in self.operands:
            return self.operands[members]
        if members not in self.parts:
            self.parts[members] = functools.reduce(self._either, self._joined(members))
        return self.parts[members]

    def _joined(self, members: int) -> Iterator[_Partial[Number]]:
        """Yield every split of members with the lowest one on the left, or the first where all are alike."""
        rest = members & (members - 1)
        part = rest
        while part:
            yield self._join(self._subset(members ^ part), self._subset(part))
            part = (part - 1) & rest
            if not self.arithmetic.order_matters:
                return

    def _number(self, part: _Operand | _Partial[Number]) -> Number:
        if isinstance(part, _Operand):
            return self.values.operand(part.node)
        if part.scalar and isinstance(self.values, Tensors):
            return self.values.scalars.cast(part.value)
        return part.value

    def _join(self, a: _Operand | _Partial[Number], b: _Operand | _Partial[Number]) -> _Partial[Number]:
        scalar = a.scalar and b.scalar
        if scalar and isinstance(self.values, Tensors):
            return self._join_scalars(a, b, self.values.scalars)
        return self._operate(self._number(a), self._number(b), a, b, self.arithmetic, scalar=scalar)

    def _join_scalars(
        self, a: _Operand | _Partial[Number], b: _Operand | _Partial[Number], scalars: Scalars[Number]
    ) -> _Partial[Number]:
        x, y = (scalars.value(p.node) if isinstance(p, _Operand) else p.value for p in (a, b))
        of_x, of_y = (scalars.narrowed(p.node) if isinstance(p, _Operand) else p.narrow for p in (a, b))
        if scalars.narrow is None or not (of_x or of_y):
            return self._operate(x, y, a, b, scalars.arithmetic, scalar=True)
        x, y = (value if of else scalars.narrow.entered(value) for value, of in ((x, of_x), (y, of_y)))
        joined = self._operate(x, y, a, b, scalars.narrow.arithmetic, scalar=True)
        return dataclasses.replace(joined, narrow=True)

    def _operate(
        self,
        x: Number,
        y: Number,
        a: _Operand | _Partial[Number],
        b: _Operand | _Partial[Number],
        arithmetic: Arithmetic[Number],
        *,
        scalar: bool,
    ) -> _Partial[Number]:
        direct, inverse = (
            (arithmetic.add, arithmetic.subtract) if self.plus else (arithmetic.multiply, arithmetic.divide)
        )
        if a.inverse == b.inverse:
            return _Partial(direct(x, y), a.inverse, scalar)
        value = inverse(y, x) if a.inverse else inverse(x, y)
        return _Partial(value, inverse=False, scalar=scalar)

    def _either(self, a: _Partial[Number], b: _Partial[Number]) -> _Partial[Number]:
        return _Partial(self.arithmetic.hull(a.value, b.value), a.inverse, a.scalar, a.narrow)
