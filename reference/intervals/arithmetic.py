"""What an arithmetic must offer for a program to be evaluated in it, and the exact one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np

from reference.formats import Array, Format
from reference.intervals import reductions

Number = TypeVar("Number")


HOLDS: dict[str, Callable[[Array, Array], Array]] = {
    "greater": np.greater,
    "at least": np.greater_equal,
    "equal": np.equal,
    "less": np.less,
    "at most": np.less_equal,
}


class Arithmetic(Protocol[Number]):
    """The operations of a program; ``Number`` is what the arithmetic computes with."""

    @property
    def order_matters(self) -> bool:
        """Tell whether products and sums of three must be taken in every order."""

    def constant(self, value: float) -> Number: ...
    def add(self, a: Number, b: Number, /) -> Number: ...
    def subtract(self, a: Number, b: Number, /) -> Number: ...
    def negate(self, a: Number, /) -> Number: ...
    def multiply(self, a: Number, b: Number, /) -> Number: ...
    def divide(self, a: Number, b: Number, /) -> Number: ...
    def power(self, a: Number, exponent: int, /) -> Number: ...
    def root(self, a: Number, /) -> Number: ...
    def real_power(self, a: Number, exponent: Number, /) -> Number: ...
    def expm1(self, a: Number, /) -> Number: ...
    def log1p(self, a: Number, /) -> Number: ...
    def maximum(self, a: Number, b: Number, /) -> Number: ...
    def minimum(self, a: Number, b: Number, /) -> Number: ...
    def choose(self, relation: str, left: Number, right: Number, if_true: Number, if_false: Number, /) -> Number: ...
    def absolute(self, a: Number, /) -> Number: ...
    def sign(self, a: Number, /) -> Number: ...
    def hull(self, a: Number, b: Number, /) -> Number: ...
    def whole(self, kind: str, operands: list[Number], /) -> Number: ...


@dataclass(frozen=True)
class ExactArithmetic:
    """The formula itself, computed in the wide type of a format without modelling any rounding."""

    target: Format
    order_matters: bool = False

    def constant(self, value: float) -> Array:
        """Return ``value`` in the wide type."""
        return np.asarray(value, self.target.work)

    def add(self, a: Array, b: Array) -> Array:
        """Return a + b."""
        return a + b

    def subtract(self, a: Array, b: Array) -> Array:
        """Return a - b."""
        return a - b

    def negate(self, a: Array) -> Array:
        """Return -a."""
        return -a

    def multiply(self, a: Array, b: Array) -> Array:
        """Return a * b."""
        return a * b

    def divide(self, a: Array, b: Array) -> Array:
        """Return a / b."""
        return a / b

    def power(self, a: Array, exponent: int) -> Array:
        """Return a**exponent."""
        return a**exponent

    def root(self, a: Array) -> Array:
        """Return the square root of a."""
        return np.sqrt(a)

    def maximum(self, a: Array, b: Array) -> Array:
        """Return max(a, b)."""
        return np.maximum(a, b)

    def minimum(self, a: Array, b: Array) -> Array:
        """Return min(a, b)."""
        return np.minimum(a, b)

    def real_power(self, a: Array, exponent: Array) -> Array:
        """Return a**exponent."""
        return np.power(a, exponent)

    def expm1(self, a: Array) -> Array:
        """Return exp(a) - 1."""
        return np.expm1(a)

    def log1p(self, a: Array) -> Array:
        """Return log(1 + a)."""
        return np.log1p(a)

    def choose(self, relation: str, left: Array, right: Array, if_true: Array, if_false: Array) -> Array:
        """Return ``if_true`` where the relation holds."""
        return np.where(HOLDS[relation](left, right), if_true, if_false)

    def absolute(self, a: Array) -> Array:
        """Return |a|."""
        return np.abs(a)

    def sign(self, a: Array) -> Array:
        """Return the sign of a."""
        return np.sign(a)

    def whole(self, kind: str, operands: list[Array]) -> Array:
        """Return a norm, mean, count or matrix product."""
        return reductions.exact(kind, operands)

    def hull(self, a: Array, b: Array) -> Array:
        """Return a: all forms are equal in exact arithmetic."""
        del b
        return a
