"""Formulas as lines of torch: each operation where the program has it, tensors and numbers told apart."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import sympy as sp

from spec.rule import UpdateRule, uncast

COMPARISONS = {sp.Lt: "<", sp.Le: "<=", sp.Gt: ">", sp.Ge: ">=", sp.Eq: "==", sp.Ne: "!="}


class UnwritableError(ValueError):
    """A formula that is not made of operations on single elements."""


def lines(rule: UpdateRule, tensors: Collection[sp.Symbol]) -> Iterator[str]:
    """Yield the program as assignments; ``tensors`` are the symbols that stand for tensors at the start."""
    known = set(tensors)
    for line in rule.program:
        expression = uncast(line.expression)
        yield f"{name(line.target)} = {Written(frozenset(known)).text(expression)}"
        if expression.free_symbols & known:
            known.add(line.target)


def name(symbol: sp.Symbol) -> str:
    """Return a symbol as a name of Python, which is not that of the parameter in the class."""
    plain = "".join(letter if letter.isalnum() else "_" for letter in symbol.name)
    return {"lambda": "lambda_", "in": "in_", "p": "p_"}.get(plain, plain)


class Written:
    """Writes expressions of which some symbols stand for tensors."""

    def __init__(self, tensors: frozenset[sp.Symbol]) -> None:
        self.tensors = tensors

    def tensor(self, expression: sp.Basic) -> bool:
        """Tell whether the value of an expression is a tensor."""
        return bool(expression.free_symbols & self.tensors)

    def text(self, expression: sp.Basic) -> str:
        """Return an expression as torch computes it; raises ``UnwritableError`` for what is not of elements."""
        if isinstance(expression, sp.Symbol):
            return name(expression)
        if expression.is_Number or expression.is_NumberSymbol:
            return repr(int(expression)) if expression.is_Integer else repr(float(expression))
        if isinstance(expression, sp.Add):
            return f"({self._sum(expression.args)})"
        if isinstance(expression, sp.Mul):
            return f"({self._product(expression.args)})"
        if isinstance(expression, sp.Pow):
            return self._power(*expression.args)
        return self._function(expression)

    def _sum(self, parts: tuple[sp.Expr, ...]) -> str:
        negative = [part for part in parts if part.could_extract_minus_sign()]
        positive = [self.text(part) for part in parts if part not in negative]
        return " - ".join([" + ".join(positive) or "0", *(self.text(-part) for part in negative)])

    def _product(self, parts: tuple[sp.Expr, ...]) -> str:
        """Return numbers first, and the quotient last."""
        ordered = sorted(parts, key=self.tensor)
        below = [part for part in ordered if isinstance(part, sp.Pow) and part.exp.could_extract_minus_sign()]
        above = [self.text(part) for part in ordered if part not in below and part != -1]
        sign = "-" if -1 in parts else ""
        return sign + " / ".join([" * ".join(above) or "1", *(self.text(1 / part) for part in below)])

    def _power(self, base: sp.Expr, exponent: sp.Expr) -> str:
        if exponent == -1:
            return f"(1 / {self.text(base)})"
        if exponent == sp.Rational(1, 2):
            return f"{self.text(base)}.sqrt()" if self.tensor(base) else f"root({self.text(base)})"
        if exponent.could_extract_minus_sign():
            return f"(1 / {self._power(base, -exponent)})"
        return f"({self.text(base)} ** {self.text(exponent)})"

    def _function(self, expression: sp.Basic) -> str:
        parts = expression.args
        if isinstance(expression, sp.Max | sp.Min):
            word = "maximum" if isinstance(expression, sp.Max) else "minimum"
            return self._folded(word, parts)
        if isinstance(expression, sp.Abs):
            return f"abs({self.text(parts[0])})"
        if isinstance(expression, sp.sign) and self.tensor(parts[0]):
            return f"torch.sign({self.text(parts[0])})"
        if isinstance(expression, sp.Piecewise):
            return self._cases([(value, condition) for value, condition in parts])
        if isinstance(expression, sp.And | sp.Or):
            word = (" & " if self.tensor(expression) else " and ") if isinstance(expression, sp.And) else " | "
            return "(" + word.join(self.text(part) for part in parts) + ")"
        if type(expression) in COMPARISONS:
            return f"({self.text(parts[0])} {COMPARISONS[type(expression)]} {self.text(parts[1])})"
        raise UnwritableError(f"{type(expression).__name__} is no operation on single elements")

    def _folded(self, word: str, parts: tuple[sp.Expr, ...]) -> str:
        if not any(self.tensor(part) for part in parts):
            return f"{word[:3]}({', '.join(self.text(part) for part in parts)})"
        first, *rest = sorted(parts, key=lambda part: not self.tensor(part))
        text = self.text(first)
        for part in rest:
            other = self.text(part)
            text = f"torch.{word}({text}, {other if self.tensor(part) else f'torch.full_like({text}, {other})'})"
        return text

    def _cases(self, parts: list[tuple[sp.Expr, sp.Basic]]) -> str:
        (value, condition), *rest = parts
        if condition is sp.true or not rest:
            return self.text(value)
        other = self._cases(rest)
        if self.tensor(condition):
            return f"torch.where({self.text(condition)}, {self.text(value)}, {other})"
        return f"({self.text(value)} if {self.text(condition)} else {other})"
