"""Formulas as people read them: one line of text for a terminal, MathML for a page."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from html import escape
from typing import Protocol

import sympy as sp

from spec.rule import Assignment, Cast, Form, UpdateRule
from spec.symbols import g
from spec.tensor_functions import MatrixProduct, Norm, TensorFunction, Transposed

GREEK = {
    "alpha": "α",
    "beta": "β",
    "gamma": "γ",
    "delta": "δ",
    "epsilon": "ε",
    "eta": "η",
    "lambda": "λ",
    "mu": "μ",
    "phi": "φ",
    "psi": "ψ",
    "kappa": "κ",
    "rho": "ρ",
    "sigma": "σ",
    "tau": "τ",
    "theta": "θ",
}
ACCENTS = {"hat": ("\N{COMBINING CIRCUMFLEX ACCENT}", "^"), "tilde": ("\N{COMBINING TILDE}", "~")}
NAME = re.compile(r"([A-Za-z]+?)(hat|tilde)?(\d*)(?:_(\w+))?$")
SUM, PRODUCT, ATOM = 0, 1, 2
"""How tightly an operation binds."""
IF = "if\N{NO-BREAK SPACE}"
Printed = tuple[str, int]


class Notation(Protocol):
    """How a piece of a formula is written; a piece is its text and how tightly it binds."""

    def symbol(self, letter: str, accent: str, subscript: str) -> str: ...
    def number(self, value: str) -> str: ...
    def operator(self, mark: str) -> str: ...
    def times(self, *, numbers: bool = False) -> str: ...
    def row(self, parts: Sequence[str]) -> str: ...
    def fenced(self, inside: str, left: str = "(", right: str = ")") -> str: ...
    def fraction(self, above: Printed, below: Printed) -> Printed: ...
    def power(self, base: str, exponent: str) -> str: ...
    def root(self, inside: str) -> str: ...
    def call(self, name: str, arguments: Sequence[str]) -> str: ...
    def cases(self, rows: Sequence[tuple[str, str]]) -> str: ...


class Text:
    """Unicode text on one line."""

    def symbol(self, letter: str, accent: str, subscript: str) -> str:
        mark = ACCENTS[accent][0] if accent else ""
        digits = subscript.translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))
        tail = digits if subscript.isdigit() else f"_{{{subscript}}}" if len(subscript) > 1 else f"_{subscript}"
        return f"{letter}{mark}{tail if subscript else ''}"

    def number(self, value: str) -> str:
        return value

    def operator(self, mark: str) -> str:
        return f" {mark} "

    def times(self, *, numbers: bool = False) -> str:
        return "·"

    def row(self, parts: Sequence[str]) -> str:
        return "".join(parts)

    def fenced(self, inside: str, left: str = "(", right: str = ")") -> str:
        return f"{left}{inside}{right}"

    def fraction(self, above: Printed, below: Printed) -> Printed:
        top = above[0] if above[1] > SUM else f"({above[0]})"
        bottom = below[0] if below[1] == ATOM else f"({below[0]})"
        return f"{top}/{bottom}", PRODUCT

    def power(self, base: str, exponent: str) -> str:
        return f"{base}²" if exponent == "2" else f"{base}^{exponent}"

    def root(self, inside: str) -> str:
        return f"√{inside}" if len(inside) <= 2 else f"√({inside})"

    def call(self, name: str, arguments: Sequence[str]) -> str:
        return f"{name}({', '.join(arguments)})"

    def cases(self, rows: Sequence[tuple[str, str]]) -> str:
        return "; ".join(f"{value} if {when}" if when else f"else {value}" for value, when in rows)


class MathML:
    """Presentation MathML; a name is escaped where it is written first."""

    def symbol(self, letter: str, accent: str, subscript: str) -> str:
        base = f"<mi>{escape(letter)}</mi>"
        if accent:
            base = f'<mover accent="true">{base}<mo>{ACCENTS[accent][1]}</mo></mover>'
        if not subscript:
            return base
        inner = "".join(_mathml_token(part) for part in re.findall(r"\d+|[^\W\d_]+|.", subscript))
        return f"<msub>{base}<mrow>{inner}</mrow></msub>"

    def number(self, value: str) -> str:
        return f"<mn>{escape(value)}</mn>"

    def operator(self, mark: str) -> str:
        return f"<mo>{escape(mark)}</mo>"

    def times(self, *, numbers: bool = False) -> str:
        return "<mo>·</mo>" if numbers else '<mspace width="0.17em"></mspace>'

    def row(self, parts: Sequence[str]) -> str:
        return f"<mrow>{''.join(parts)}</mrow>"

    def fenced(self, inside: str, left: str = "(", right: str = ")") -> str:
        return f"<mrow><mo>{left}</mo>{inside}<mo>{right}</mo></mrow>"

    def fraction(self, above: Printed, below: Printed) -> Printed:
        return f"<mfrac>{above[0]}{below[0]}</mfrac>", ATOM

    def power(self, base: str, exponent: str) -> str:
        return f"<msup>{base}{exponent}</msup>"

    def root(self, inside: str) -> str:
        return f"<msqrt>{inside}</msqrt>"

    def call(self, name: str, arguments: Sequence[str]) -> str:
        inside = "<mo>,</mo>".join(arguments)
        return f"<mrow><mi>{escape(name)}</mi>{self.fenced(inside)}</mrow>"

    def cases(self, rows: Sequence[tuple[str, str]]) -> str:
        lines = [
            f"<mtr><mtd>{value}</mtd><mtd><mrow><mtext>{IF if when else 'otherwise'}</mtext>{when}</mrow></mtd></mtr>"
            for value, when in rows
        ]
        table = f'<mtable columnalign="left">{"".join(lines)}</mtable>'
        return f'<mrow><mo stretchy="true">{{</mo>{table}</mrow>'


def _mathml_token(part: str) -> str:
    if part.isdigit():
        return f"<mn>{part}</mn>"
    part = part.replace("-", "−")
    return f"<mo>{part}</mo>" if part in "−," else f"<mi>{escape(part)}</mi>"


def _decimal(number: sp.Expr) -> str:
    """Return a number as programs write it, but halves, thirds and their like as fractions."""
    if not isinstance(number, sp.Rational) or number.q <= 12:
        return str(number)
    short = f"{float(number):.5g}"
    return short.replace("e-0", "e-") if sp.Rational(short) == number else str(number)


CONSTANTS: dict[sp.Basic, str] = {sp.pi: "π", sp.oo: "∞", -sp.oo: "−∞"}


class Writer:
    """Writes expressions in a notation; ``before`` names the symbols that carry t - 1."""

    def __init__(self, notation: Notation, before: frozenset[str] = frozenset()) -> None:
        self.notation, self.before = notation, before

    def write(self, expression: sp.Basic) -> Printed:
        """Return what is written and how tightly it binds."""
        handlers: dict[object, Callable[[sp.Basic], Printed]] = {
            sp.Add: self._sum,
            sp.Mul: self._product,
            sp.Pow: self._power,
            sp.Piecewise: self._cases,
            sp.Abs: self._absolute,
            sp.floor: lambda e: (self.notation.fenced(self.write(e.args[0])[0], "⌊", "⌋"), ATOM),
            Cast: lambda e: self.write(e.args[0]),
            sp.UnevaluatedExpr: lambda e: (self._tight(e.args[0]), ATOM),
            Norm: lambda e: (self.notation.fenced(self.write(e.args[0])[0], "‖", "‖"), ATOM),
            Transposed: self._transposed,
            MatrixProduct: self._matrix_product,
        }
        if expression.is_Symbol:
            return self._symbol(expression.name), ATOM
        if expression in CONSTANTS:
            return self.notation.symbol(CONSTANTS[expression], "", ""), ATOM
        if isinstance(expression, (sp.Integer, sp.Float, sp.Rational)):
            number = _decimal(expression)
            binds = SUM if expression < 0 else PRODUCT if "/" in number else ATOM
            return self.notation.number(number), binds
        if expression.func in handlers:
            return handlers[expression.func](expression)
        if expression.is_Relational:
            marks = {"==": "=", "!=": "≠", ">=": "≥", "<=": "≤"}
            sides = [self.write(side)[0] for side in expression.args]
            mark = marks.get(expression.rel_op, expression.rel_op)
            return self.notation.row([sides[0], self.notation.operator(mark), sides[1]]), SUM
        name = str(expression.func).lower().rsplit(".", 1)[-1].strip("'>")
        if isinstance(expression, TensorFunction):
            name = type(expression).kind
        return self.notation.call(name, [self.write(a)[0] for a in expression.args]), ATOM

    def _symbol(self, name: str) -> str:
        match = NAME.match(name)
        letter, accent, digits, time = (part or "" for part in (match.groups() if match else (name, "", "", "")))
        subscript = "t−1" if name in self.before else "t" if name == g.name and self.before else time
        subscript = "∞" if subscript == "infty" else subscript
        subscript = ",".join(part for part in (digits, subscript) if part)
        return self.notation.symbol(GREEK.get(letter, letter), accent, subscript)

    def _tight(self, expression: sp.Basic) -> str:
        text, binds = self.write(expression)
        return text if binds == ATOM else self.notation.fenced(text)

    def _sum(self, expression: sp.Basic) -> Printed:
        terms = sorted(expression.args, key=lambda a: (_negative(a), _rank(a)))
        parts = []
        for index, term in enumerate(terms):
            minus = _negative(term)
            text, binds = self.write(-term if minus else term)
            if binds == SUM:
                text = self.notation.fenced(text)
            if index or minus:
                parts.append(self.notation.operator("−" if minus else "+"))
            parts.append(text)
        return self.notation.row(parts), SUM

    def _product(self, expression: sp.Basic) -> Printed:
        if _negative(expression):
            text, binds = self.write(-expression)
            inner = text if binds > SUM else self.notation.fenced(text)
            return self.notation.row([self.notation.operator("−"), inner]), SUM
        above = [a for a in expression.args if not _divides(a)]
        below = [1 / a for a in expression.args if _divides(a)]
        top = self._factors(above)
        return self.notation.fraction(top, self._factors(below)) if below else top

    def _factors(self, factors: list[sp.Basic]) -> Printed:
        if not factors:
            return self.notation.number("1"), ATOM
        if len(factors) == 1:
            return self.write(factors[0])
        parts: list[str] = []
        ordered = sorted(factors, key=_rank)
        for before, factor in zip((sp.S.One, *ordered), ordered, strict=False):
            text, binds = self.write(factor)
            numbers = before.is_number and factor.as_base_exp()[0].is_number
            parts += [self.notation.times(numbers=numbers)] if parts else []
            parts.append(text if binds > SUM else self.notation.fenced(text))
        return self.notation.row(parts), PRODUCT

    def _power(self, expression: sp.Basic) -> Printed:
        base, exponent = expression.args
        if _negative(exponent):
            one = self.notation.number("1"), ATOM
            return self.notation.fraction(one, self.write(1 / expression))
        if exponent == sp.Rational(1, 2):
            return self.notation.root(self.write(base)[0]), ATOM
        return self.notation.power(self._tight(base), self._tight(exponent)), ATOM

    def _absolute(self, expression: sp.Basic) -> Printed:
        return self.notation.fenced(self.write(expression.args[0])[0], "|", "|"), ATOM

    def _transposed(self, expression: sp.Basic) -> Printed:
        exponent = self.notation.symbol("T", "", "")
        return self.notation.power(self._tight(expression.args[0]), exponent), ATOM

    def _matrix_product(self, expression: sp.Basic) -> Printed:
        left, right = (self._tight(side) for side in expression.args)
        return self.notation.row([left, self.notation.times(), right]), PRODUCT

    def _cases(self, expression: sp.Basic) -> Printed:
        rows = [
            (self.write(value)[0], "" if when == sp.true else self.write(when)[0]) for value, when in expression.args
        ]
        return self.notation.cases(rows), SUM


def _negative(expression: sp.Basic) -> bool:
    return bool(expression.as_coeff_Mul()[0] < 0)


def _divides(factor: sp.Basic) -> bool:
    return bool(factor.is_Pow and factor.exp.could_extract_minus_sign())


def _rank(expression: sp.Basic) -> tuple[int, str]:
    """Order factors and terms: numbers, plain hyperparameters, sums of them, then the rest."""
    symbols = expression.free_symbols
    timed = any("_" in s.name or s.name in "mvxbg" or s.name == "theta" or s.name[0].isupper() for s in symbols)
    kind = 0 if expression.is_number else 1 if not timed else 2
    return kind + (1 if kind == 1 and expression.is_Add else 0) + kind // 2, str(expression)


def text(expression: sp.Basic) -> str:
    """Return an expression on one line."""
    return Writer(Text()).write(expression)[0]


def mathml(expression: sp.Basic) -> str:
    """Return an expression as a ``<math>`` element."""
    return f"<math>{Writer(MathML()).write(expression)[0]}</math>"


symbol_text, symbol_mathml = text, mathml


def _equation(rule: UpdateRule, target: sp.Symbol, value: sp.Basic, notation: Notation) -> str:
    before = frozenset(q.symbol.name for q in rule.quantities)
    writer = Writer(notation, before)
    sides = [writer.write(target)[0], writer.write(value)[0]]
    return notation.row([sides[0], notation.operator("="), sides[1]])


def line_text(rule: UpdateRule, line: Assignment) -> str:
    """Return a line of a program as text, with the times of its symbols."""
    return _equation(rule, line.target, line.expression, Text())


def line_mathml(rule: UpdateRule, line: Assignment) -> str:
    """Return a line of a program as MathML, with the times of its symbols."""
    return f"<math>{_equation(rule, line.target, line.expression, MathML())}</math>"


def form_text(rule: UpdateRule, line: Assignment, form: Form) -> str:
    """Return a legal form of a line as text."""
    return _equation(rule, line.target, form.expression, Text())


def form_mathml(rule: UpdateRule, line: Assignment, form: Form) -> str:
    """Return a legal form of a line as MathML."""
    return f"<math>{_equation(rule, line.target, form.expression, MathML())}</math>"
