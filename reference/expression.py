"""SymPy expressions compiled to trees that any arithmetic can walk.

Subexpressions of hyperparameters and the step count alone are *scalars*: an implementation computes
them once, in its scalar arithmetic, and rounds them where they meet a tensor.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import sympy as sp

from spec.rule import Cast, Expm1, Log1p
from spec.tensor_functions import COUNTS, TENSOR_FUNCTIONS, Dot, MatrixProduct, TensorFunction

RELATIONS = {
    sp.StrictGreaterThan: "greater",
    sp.StrictLessThan: "less",
    sp.Equality: "equal",
    sp.GreaterThan: "at least",
    sp.LessThan: "at most",
}


KINDS_OF_WHOLE = frozenset(function.kind for function in TENSOR_FUNCTIONS)


@dataclass(frozen=True, eq=False)
class Comparison:
    """A condition on computed values; ``relation`` is a value of ``RELATIONS``."""

    relation: str
    left: Node
    right: Node


Condition: TypeAlias = Callable[..., float] | Comparison
"""What chooses a branch: a function of the scalars as given, or a comparison of computed values."""


@dataclass(frozen=True, eq=False)
class Node:
    """One operation; ``scalar`` if no tensor enters it, ``repeated`` names tensors used twice."""

    kind: str
    operands: tuple[Node, ...] = ()
    scalar: bool = False
    repeated: frozenset[str] = frozenset()
    name: str = ""
    value: float = 0.0
    exponent: int = 0
    negative: tuple[bool, ...] = ()
    divisor: tuple[bool, ...] = ()
    conditions: tuple[Condition, ...] = ()
    exponent_of: Callable[..., float] | None = None
    exponent_names: frozenset[str] = frozenset()
    """The scalars that an exponent is made of."""


@functools.cache
def decided(expression: sp.Basic) -> Callable[..., float]:
    """Return a function of the scalars, by keyword, that computes ``expression``."""
    symbols = sorted(expression.free_symbols, key=str)
    compute = sp.lambdify(symbols, expression, "math", cse=False)
    names = [symbol.name for symbol in symbols]
    return lambda **scalars: compute(*(scalars[name] for name in names))


class Compiler:
    """Translates SymPy expressions, given the names of tensors and of scalars given exactly."""

    def __init__(self, tensors: frozenset[str], given: frozenset[str]) -> None:
        self.tensors, self.given = tensors, given
        self._known: dict[sp.Expr, Node] = {}

    def compile(self, expression: sp.Expr) -> Node:
        """Return the tree of ``expression``; raises ``TypeError`` for what no arithmetic offers."""
        if expression not in self._known:
            self._known[expression] = self._translate(expression)
        return self._known[expression]

    def _translate(self, expression: sp.Expr) -> Node:
        if isinstance(expression, sp.Symbol):
            name = expression.name
            return Node("symbol", scalar=name not in self.tensors, name=name)
        if isinstance(expression, sp.Number):
            return Node("number", scalar=True, value=float(expression))
        if isinstance(expression, sp.UnevaluatedExpr):
            return self.compile(expression.args[0])
        if isinstance(expression, TensorFunction):
            return self._fold(type(expression).kind)(expression)
        translate = {
            sp.Add: self._sum,
            sp.Mul: self._product,
            sp.Pow: self._power,
            sp.Max: self._fold("maximum"),
            sp.Min: self._fold("minimum"),
            sp.Abs: self._fold("absolute"),
            sp.sign: self._fold("sign"),
            Expm1: self._of_scalar("expm1"),
            Log1p: self._of_scalar("log1p"),
            sp.Piecewise: self._choice,
            Cast: self._cast,
        }.get(expression.func)
        if translate is None:
            raise TypeError(f"`{expression.func}` in `{expression}` has no arithmetic")
        return translate(expression)

    def _node(self, kind: str, operands: tuple[Node, ...], source: sp.Expr, **more: object) -> Node:
        scalar = all(operand.scalar for operand in operands)
        return Node(kind, operands, scalar, self._repeated(source), **more)  # type: ignore[arg-type]

    def _repeated(self, expression: sp.Expr) -> frozenset[str]:
        if expression.has(MatrixProduct, Dot):  # their enclosures take each use for itself
            return frozenset()
        counted = expression.replace(lambda part: isinstance(part, COUNTS), lambda _: sp.S.One)
        leaves = (leaf for leaf in sp.preorder_traversal(counted) if leaf.is_Symbol)
        counts = Counter(leaf.name for leaf in leaves if leaf.name in self.tensors)
        return frozenset(name for name, count in counts.items() if count > 1)

    def _sum(self, expression: sp.Expr) -> Node:
        terms = [(bool(arg.as_coeff_Mul()[0] < 0), arg) for arg in expression.args]
        operands = tuple(self.compile(-arg if minus else arg) for minus, arg in terms)
        return self._node("sum", operands, expression, negative=tuple(m for m, _ in terms))

    def _product(self, expression: sp.Expr) -> Node:
        coefficient, rest = expression.as_coeff_Mul()
        if coefficient == -1:
            return self._node("negate", (self.compile(rest),), expression)
        parts = [
            (True, 1 / arg) if arg.is_Pow and arg.exp.could_extract_minus_sign() else (False, arg)
            for arg in expression.args
        ]
        operands = tuple(self.compile(arg) for _, arg in parts)
        return self._node("product", operands, expression, divisor=tuple(d for d, _ in parts))

    def _power(self, expression: sp.Expr) -> Node:
        base, exponent = expression.args
        if exponent.could_extract_minus_sign():
            inverse = self.compile(1 / expression)
            return self._node("product", (inverse,), expression, divisor=(True,))
        if exponent == sp.Rational(1, 2):
            return self._node("root", (self.compile(base),), expression)
        if exponent.is_Integer:
            return self._node("power", (self.compile(base),), expression, exponent=int(exponent))
        if exponent.is_integer and not exponent.free_symbols & self._tensor_symbols(exponent):
            whole = decided(exponent)
            names = frozenset(symbol.name for symbol in exponent.free_symbols)
            return self._node("power", (self.compile(base),), expression, exponent_of=whole, exponent_names=names)
        if not self._tensor_symbols(expression):
            return self._node("real_power", (self.compile(base), self.compile(exponent)), expression)
        raise TypeError(f"the exponent `{exponent}` in `{expression}` has no arithmetic")

    def _tensor_symbols(self, expression: sp.Expr) -> set[sp.Symbol]:
        return {s for s in expression.free_symbols if s.name in self.tensors}

    def _fold(self, kind: str) -> Callable[[sp.Expr], Node]:
        def translate(expression: sp.Expr) -> Node:
            operands = tuple(self.compile(arg) for arg in expression.args)
            return self._node(kind, operands, expression)

        return translate

    def _of_scalar(self, kind: str) -> Callable[[sp.Expr], Node]:
        def translate(expression: sp.Expr) -> Node:
            if self._tensor_symbols(expression):
                raise TypeError(f"`{expression}` of a tensor has no arithmetic")
            return self._fold(kind)(expression)

        return translate

    def _choice(self, expression: sp.Expr) -> Node:
        operands = tuple(self.compile(branch) for branch, _ in expression.args)
        conditions = tuple(self._condition(case) for _, case in expression.args)
        scalar = all(operand.scalar for operand in operands) and not self._tensor_symbols(expression)
        # The branches exclude each other: what stands once in each is used once.
        repeated = frozenset[str]().union(*(operand.repeated for operand in operands))
        return Node("choice", operands, scalar, repeated, conditions=conditions)

    def _condition(self, condition: sp.Basic) -> Condition:
        if {symbol.name for symbol in condition.free_symbols} <= self.given:
            return decided(condition)
        relation = RELATIONS.get(condition.func)
        if relation is None:
            raise TypeError(f"the condition `{condition}` has no arithmetic")
        return Comparison(relation, *(self.compile(side) for side in condition.args))

    def _cast(self, expression: sp.Expr) -> Node:
        inner = self.compile(expression.args[0])
        return Node("cast", (inner,), scalar=False)


@functools.cache
def compiler(tensors: frozenset[str], given: frozenset[str]) -> Compiler:
    """Return the compiler for a set of tensor names and the scalars that are given exactly."""
    return Compiler(tensors, given)
