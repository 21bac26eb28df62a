"""The parts of an update rule: hyperparameters, states, assignments and their legal forms."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from dataclasses import dataclass

import sympy as sp

from spec.tensor_functions import OF_MATRICES, TENSOR_FUNCTIONS, MatrixProduct, without_norms


class Cast(sp.Function):  # type: ignore[misc]
    """A scalar, rounded to the format in which it meets a tensor, on which tensor arithmetic goes on.

    Equal to its argument in exact arithmetic.  ``1 - Cast(1 - beta)`` is computed from the rounded
    ``1 - beta``, where ``1 - (1 - beta)`` would be ``beta``.
    """

    nargs = 1


class Expm1(sp.Function):  # type: ignore[misc]
    """exp(x) - 1 of a scalar, computed with one rounding."""

    nargs = 1


class Log1p(sp.Function):  # type: ignore[misc]
    """log(1 + x) of a scalar, computed with one rounding."""

    nargs = 1


def uncast(expression: sp.Expr) -> sp.Expr:
    """Replace every ``Cast`` and every kept parenthesis by what it holds, and functions of scalars by what they are."""
    plain = without_norms(expression).replace(Cast, lambda argument: argument)
    plain = plain.replace(Expm1, lambda x: _exponential(x) - 1).replace(Log1p, lambda x: sp.log(1 + x))
    return plain.replace(sp.UnevaluatedExpr, lambda argument: argument)


def _exponential(exponent: sp.Expr) -> sp.Expr:
    """Return exp of an exponent; of a multiple of a logarithm it is a power."""
    for factor in sp.Mul.make_args(exponent):
        if isinstance(factor, Log1p):
            return (1 + factor.args[0]) ** (exponent / factor)
    return sp.exp(exponent)


@dataclass(frozen=True)
class Domain:
    """The legal values of a hyperparameter, from ``low`` to ``high``; an open end is excluded."""

    low: float
    high: float
    low_open: bool = False
    high_open: bool = False

    def __contains__(self, value: float) -> bool:
        """Tell whether ``value`` is legal."""
        above = value > self.low if self.low_open else value >= self.low
        below = value < self.high if self.high_open else value <= self.high
        return above and below

    def within(self, low: float, high: float, low_open: bool = False, high_open: bool | None = None) -> Domain:
        """Return the part of the domain from ``low`` to ``high``.

        The upper end is open where nothing is said of it, unless both are one value.
        """
        open_below = low_open if low > self.low else self.low_open or (low_open and low == self.low)
        if high_open is None:
            open_above = low < high
        else:
            open_above = high_open if high < self.high else self.high_open or (high_open and high == self.high)
        return Domain(max(low, self.low), min(high, self.high), open_below, open_above)

    @property
    def inner(self) -> float:
        """A legal value: the lower end, or one past it where that is open or there is none."""
        if not self.low_open and self.low > -float("inf"):
            return self.low
        if self.low > -float("inf"):
            return self.low + 1.0 if self.high == float("inf") else (self.low + self.high) / 2
        return self.high - 1.0 if self.high < float("inf") else 0.0

    def __str__(self) -> str:
        left, right = "(" if self.low_open else "[", ")" if self.high_open else "]"
        low, high = ("∞" if abs(end) == float("inf") else f"{abs(end):g}" for end in (self.low, self.high))
        signs = ["−" if end < 0 else "" for end in (self.low, self.high)]
        return f"{left}{signs[0]}{low}, {signs[1]}{high}{right}"


UNIT = Domain(0.0, 1.0, high_open=True)
OPEN_UNIT = Domain(0.0, 1.0, low_open=True, high_open=True)
ABOVE_ONE = Domain(1.0, float("inf"), low_open=True, high_open=True)
CLOSED_UNIT = Domain(0.0, 1.0)
NONNEGATIVE = Domain(0.0, float("inf"), high_open=True)
POSITIVE = Domain(0.0, float("inf"), low_open=True, high_open=True)


@dataclass(frozen=True)
class Hyperparameter:
    """A setting of a rule: its symbol, torch's keyword, default, domain and meaning."""

    symbol: sp.Symbol
    keyword: str
    default: float
    domain: Domain
    meaning: str


def with_default(item: Hyperparameter, default: float) -> Hyperparameter:
    """Return the hyperparameter with the default that a rule gives it."""
    return dataclasses.replace(item, default=default)


CURVATURE = sp.Symbol("D", positive=True)
"""The diagonal of a positive definite matrix: a positive number for each element."""
ELEMENT, ROW, COLUMN, TENSOR = "element", "row", "column", "tensor"


@dataclass(frozen=True)
class State:
    """What a rule keeps for each element between steps.

    ``symbol`` is its value before the step, ``updated`` after it.  ``degree`` is the power of the
    gradient with which it scales; ``keyword`` is torch's key.  ``initial`` may use
    hyperparameters.  A ``scalar`` state is one number that the host computes for the whole tensor;
    others hold one ``per`` element, row, column or tensor.  ``least`` is a lower bound that other states set;
    ``near`` is its value on a quadratic with the Hessian ``CURVATURE``: cases are drawn around it.
    """

    symbol: sp.Symbol
    updated: sp.Symbol
    keyword: str
    meaning: str
    degree: int
    initial: sp.Expr = sp.S.Zero
    scalar: bool = False
    per: str = ELEMENT
    least: sp.Expr | None = None
    near: sp.Expr | None = None

    def shape(self, of: tuple[int, ...]) -> tuple[int, ...]:
        """Return the shape of the state for a parameter of shape ``of``."""
        if self.scalar:
            return (1,)
        one = (1,) * len(of)
        return {ELEMENT: of, ROW: (*of[:-1], 1), COLUMN: (*of[:-2], 1, *of[-1:]), TENSOR: one}[self.per]


@dataclass(frozen=True)
class Form:
    """A legal way to compute an assignment; ``when`` says for which hyperparameters it is used.

    One that is used ``by_name`` alone is no part of every legal form: a path or a known deviation names it.
    """

    name: str
    expression: sp.Expr
    when: sp.Basic = sp.true
    by_name: bool = False


TEXTBOOK = "textbook"


@dataclass(frozen=True)
class Assignment:
    """A named line of a program: ``target <- expression``, with its other legal forms.

    ``kept_in`` names the format in which it is computed, where that is not the tensor's.
    """

    name: str
    target: sp.Symbol
    expression: sp.Expr
    forms: tuple[Form, ...] = ()
    kept_in: str = ""

    def legal_forms(self, names: frozenset[str]) -> tuple[Form, ...]:
        """Return the forms named, or the written expression where none is."""
        chosen = [form for form in self.forms if form.name in names]
        if not chosen or TEXTBOOK in names:
            chosen.insert(0, Form(TEXTBOOK, self.expression))
        return tuple(chosen)


ANY_RANK = 9


@dataclass(frozen=True, eq=False)
class UpdateRule:
    """One update rule with its options chosen: what a step computes from what it finds.

    The program runs top to bottom for one element; ``t`` counts steps from 1.  ``ranks`` are the
    least and the largest number of dimensions of its tensors.
    """

    name: str
    options: Mapping[str, str]
    parameter: State
    states: tuple[State, ...]
    hyperparameters: tuple[Hyperparameter, ...]
    program: tuple[Assignment, ...]
    ranks: tuple[int, int] = (0, ANY_RANK)

    @property
    def label(self) -> str:
        """The name followed by the options that differ from the family's defaults."""
        chosen = ", ".join(f"{name}={value}" for name, value in self.options.items())
        return f"{self.name}({chosen})" if chosen else self.name

    @property
    def quantities(self) -> tuple[State, ...]:
        """The parameter and the states: everything that a step changes."""
        return (self.parameter, *self.states)

    @functools.cached_property
    def elementwise(self) -> bool:
        """Tell whether an element's step depends on no other of its tensor."""
        return not any(line.expression.has(*TENSOR_FUNCTIONS) for line in self.program)

    @functools.cached_property
    def matrices(self) -> bool:
        """Tell whether its tensors must have rows and columns."""
        return self.ranks[0] > 1 or any(line.expression.has(*OF_MATRICES) for line in self.program)

    @functools.cached_property
    def multiplies(self) -> bool:
        """Tell whether it multiplies matrices."""
        return any(line.expression.has(MatrixProduct) for line in self.program)

    @functools.cached_property
    def size(self) -> int:
        """The number of symbols in the program when every line is put into the next."""
        sizes: dict[sp.Symbol, int] = {}
        for line in self.program:
            leaves = (leaf for leaf in sp.preorder_traversal(line.expression) if leaf.is_Symbol)
            sizes[line.target] = sum(sizes.get(leaf, 1) for leaf in leaves)
        return max(sizes.values())

    def assignment(self, target: sp.Symbol) -> Assignment:
        """Return the line that computes ``target``."""
        return next(line for line in self.program if line.target == target)

    def composed(self, target: sp.Symbol, *, keep: frozenset[sp.Symbol] = frozenset()) -> sp.Expr:
        """Return ``target`` in terms of the values before the step and the lines of ``keep``."""
        expression: sp.Expr = target
        for line in reversed(self.program):
            if line.target not in keep:
                expression = expression.subs(line.target, line.expression)
        return expression
