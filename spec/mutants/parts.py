"""The terms and settings of a rule's formula, each with a factor by which it is off."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Iterator
from dataclasses import dataclass

import sympy as sp
from sympy.core.relational import Relational

from spec.mutants.of_rules import RuleMutant
from spec.rule import OPEN_UNIT, Assignment, Hyperparameter, UpdateRule

SCALE = sp.Symbol("scale", positive=True)
"""The factor by which a part is off: one less its relative error."""
_OFF = Hyperparameter(SCALE, SCALE.name, 0.5, OPEN_UNIT, "the factor by which one part is off")


class PartSort(enum.StrEnum):
    """What a part of a formula is: what is added up in a line, or a line that adds nothing up; or a setting."""

    TERM = "term"
    SETTING = "setting"


@dataclass(frozen=True, eq=False)
class FormulaPart(RuleMutant):
    """A part of a formula, and the formula in which it alone is off by a factor below one.

    ``name`` is the term as it is written, or the setting's keyword; ``line`` is the symbol of the line that has the
    term, and of a setting nothing.
    """

    sort: PartSort

    @property
    def identifier(self) -> str:
        """The part with its line, by which parts of one rule differ."""
        return f"{self.name} in {self.line}" if self.line else self.name

    def _equal(self) -> bool:
        """Tell whether the factor changes nothing; a line of which only the sign is read keeps it."""
        return self._has_a_sign_alone() or super()._equal()

    def _has_a_sign_alone(self) -> bool:
        """Tell whether the part is a whole line that is compared with zero by whoever reads it, and not kept."""
        rule, lines = self.original, [line for line in self.original.program if line.target.name == self.line]
        if not lines or lines[0].target in {quantity.updated for quantity in rule.quantities}:
            return False
        whole = SCALE * lines[0].expression in {line.expression for line in self.wrong.program}
        scaled = {lines[0].target: SCALE * lines[0].target}
        return whole and all(_freed(line.expression.xreplace(scaled)) == line.expression for line in rule.program)


def parts(rule: UpdateRule) -> tuple[FormulaPart, ...]:
    """Return the terms of a rule, line by line, and the settings that its program reads."""
    return (*(part for line in rule.program for part in _terms(rule, line)), *_settings(rule))


def _terms(rule: UpdateRule, line: Assignment) -> Iterator[FormulaPart]:
    whole = line.expression
    found = {} if whole.is_Add else {SCALE * whole: str(whole)}
    for total in dict.fromkeys(part for part in sp.preorder_traversal(whole) if part.is_Add):
        for term in total.args:
            rest = sp.Add(*(other for other in total.args if other is not term))
            expression = whole.xreplace({total: rest + SCALE * term})
            found.setdefault(expression, str(term) if total is whole else f"{term} of {total}")
    for expression, name in found.items():
        changed = dataclasses.replace(line, expression=expression, forms=())
        program = tuple(changed if other is line else other for other in rule.program)
        yield FormulaPart(name, line.target.name, _with_scale(rule, program), rule, PartSort.TERM)


def _settings(rule: UpdateRule) -> Iterator[FormulaPart]:
    for setting in rule.hyperparameters:
        symbol = setting.symbol
        if any(symbol in line.expression.free_symbols for line in rule.program):
            smaller = {symbol: symbol * SCALE}
            program = tuple(
                dataclasses.replace(line, expression=line.expression.xreplace(smaller), forms=())
                if symbol in line.expression.free_symbols
                else line
                for line in rule.program
            )
            yield FormulaPart(setting.keyword, "", _with_scale(rule, program), rule, PartSort.SETTING)


def _with_scale(rule: UpdateRule, program: tuple[Assignment, ...]) -> UpdateRule:
    return dataclasses.replace(rule, hyperparameters=(*rule.hyperparameters, _OFF), program=program)


def _freed(expression: sp.Expr) -> sp.Expr:
    """Return the expression without a positive factor in what is compared with zero."""
    return expression.replace(
        lambda part: isinstance(part, Relational) and part.rhs == 0, lambda part: part.func(part.lhs / SCALE, 0)
    )
