"""Arithmetic that writes C for the formula itself, without any rounding but that of the wide type."""

from __future__ import annotations

from dataclasses import dataclass

from reference.compiled.statements import SCALAR, NotCompiled, Statements, literal

SYMBOLS = {"greater": ">", "at least": ">=", "equal": "==", "less": "<", "at most": "<="}


@dataclass(frozen=True)
class ExactEmission:
    """Arithmetic as ``ExactArithmetic``, on the names of numbers of one type in C."""

    statements: Statements
    prefix: str
    real: str
    order_matters: bool = False

    def bind(self, expression: str) -> str:
        """Return the name of a number."""
        return self.statements.bind(self.real, expression)

    def constant(self, value: float) -> str:
        """Return a number."""
        return self.bind(literal(value))

    def add(self, a: str, b: str) -> str:
        """Return a + b."""
        return self.bind(f"{a} + {b}")

    def subtract(self, a: str, b: str) -> str:
        """Return a - b."""
        return self.bind(f"{a} - {b}")

    def negate(self, a: str) -> str:
        """Return -a."""
        return self.bind(f"-{a}")

    def multiply(self, a: str, b: str) -> str:
        """Return a * b."""
        return self.bind(f"{a} * {b}")

    def divide(self, a: str, b: str) -> str:
        """Return a / b."""
        return self.bind(f"{a} / {b}")

    def power(self, a: str, exponent: int) -> str:
        """Return a**exponent."""
        if self.prefix == SCALAR:
            return self.power_of(a, str(exponent))
        if exponent != 2:
            raise NotCompiled(f"a tensor to the power of {exponent}")
        return self.bind(f"{a} * {a}")

    def power_of(self, a: str, exponent: str) -> str:
        """Return a to a power that is known when the code is called."""
        return self.bind(f"powl({a}, {exponent})")

    def root(self, a: str) -> str:
        """Return the square root of a."""
        return self.bind(f"{'sqrt' if self.real == 'double' else 'sqrtl'}({a})")

    def maximum(self, a: str, b: str) -> str:
        """Return max(a, b)."""
        return self.bind(f"{self.prefix}_most({a}, {b})")

    def minimum(self, a: str, b: str) -> str:
        """Return min(a, b)."""
        return self.bind(f"{self.prefix}_least({a}, {b})")

    def real_power(self, a: str, exponent: str) -> str:
        """Return a**exponent."""
        return self.power_of(a, exponent)

    def expm1(self, a: str) -> str:
        """No code is written for it."""
        raise NotCompiled("expm1")

    def log1p(self, a: str) -> str:
        """No code is written for it."""
        raise NotCompiled("log1p")

    def choose(self, relation: str, left: str, right: str, if_true: str, if_false: str) -> str:
        """Return ``if_true`` where the relation holds."""
        return self.bind(f"{left} {SYMBOLS[relation]} {right} ? {if_true} : {if_false}")

    def absolute(self, a: str) -> str:
        """Return |a|."""
        return self.bind(f"{'fabs' if self.real == 'double' else 'fabsl'}({a})")

    def sign(self, a: str) -> str:
        """Return the sign of a."""
        return self.bind(f"{self.prefix}_sign_of({a})")

    def whole(self, kind: str, operands: list[str]) -> str:
        """Norms and products of whole tensors are walked."""
        raise NotCompiled(kind)

    def hull(self, a: str, b: str) -> str:
        """Return a: all forms are equal in exact arithmetic."""
        del b
        return a
