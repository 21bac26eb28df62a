"""The prover: shows with SymPy that two expressions are equal, or that they differ."""

from __future__ import annotations

import contextlib
import functools
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import sympy as sp

from spec.family import Family, Formula, FormulaClaim
from spec.rule import Assignment, Form, UpdateRule, uncast
from spec.tensor_functions import of_one_element

LARGEST = 400
"""The most operations in a difference that SymPy is asked to simplify: twice those of the book's largest.

What is shown so depends on the formula alone, never on the machine's speed or on how busy it is.
"""


class BeyondLimitError(Exception):
    """A difference has more operations than SymPy is asked about: neither shown nor refuted."""


@dataclass(frozen=True)
class Proof:
    """The outcome of proving one claim: ``proven`` only if everything it lists was shown.

    A proof with a step beyond the limit of size is not ``decided``.
    """

    claim: FormulaClaim
    proven: bool
    equations: int
    decided: bool = True

    @property
    def status(self) -> str:
        """What a report says of it."""
        return "proven" if self.proven else "not proven" if self.decided else "undecided (limit)"


def within_limit(expression: sp.Expr) -> sp.Expr:
    """Return an expression that SymPy is asked to simplify; raises ``BeyondLimitError`` for a larger one."""
    if sp.count_ops(expression) > LARGEST:
        raise BeyondLimitError
    return expression


def _simplest(difference: sp.Expr) -> Iterator[sp.Expr]:
    """Yield ever stronger simplifications of ``difference``."""
    plain = uncast(difference)
    if plain.has(sp.Max, sp.Min):
        plain = plain.rewrite(sp.Abs)
    yield plain
    within_limit(plain)
    yield sp.expand(plain)
    yield sp.factor(sp.powsimp(sp.expand(plain)))
    with contextlib.suppress(TypeError):  # SymPy fails on some comparisons within a choice
        yield sp.simplify(plain)
        yield sp.simplify(sp.piecewise_fold(plain))


@functools.cache
def equal(left: sp.Expr, right: sp.Expr) -> bool:
    """Tell whether SymPy shows ``left - right`` to be zero; each pair is asked about once.

    Raises ``BeyondLimitError`` where the difference is too large to ask.
    """
    difference = left - right
    plain = uncast(difference)
    if _equal_by_branches(plain) or _equal_by_cases(plain):
        return True
    forms = _simplest(difference)
    if any(form == 0 for form in itertools.islice(forms, 2)):
        return True
    # A number settles in a moment what SymPy would try for seconds to simplify.
    return not different(plain, sp.S.Zero) and any(form == 0 for form in forms)


def _equal_by_branches(difference: sp.Expr) -> bool:
    """Tell whether a difference is zero in every branch of the one choice that is made in it."""
    choices = difference.atoms(sp.Piecewise)
    conditions = {tuple(condition for _, condition in choice.args) for choice in choices}
    if len(conditions) != 1:
        return False
    branches = range(len(conditions.pop()))
    return all(equal(difference.xreplace({c: c.args[i][0] for c in choices}), sp.S.Zero) for i in branches)


def _equal_by_cases(difference: sp.Expr) -> bool:
    """Tell whether a difference is zero where a sum of squares is positive, and where it is zero."""
    for choice in difference.atoms(sp.Piecewise):
        value, condition = choice.args[0]
        zero = _where_zero(condition)
        if zero and len(choice.args) == 2:
            elsewhere = difference.xreplace({choice: choice.args[1][0]}).subs(zero)
            return equal(difference.xreplace({choice: value}), sp.S.Zero) and equal(elsewhere, sp.S.Zero)
    return False


def _where_zero(condition: sp.Basic) -> dict[sp.Symbol, sp.Expr]:
    """Return what is zero where a sum of nonnegative powers is not above zero; nothing for others."""
    if not isinstance(condition, sp.StrictGreaterThan) or condition.rhs != 0:
        return {}
    found: dict[sp.Symbol, sp.Expr] = {}
    for base, power in (term.as_base_exp() for term in sp.Add.make_args(condition.lhs)):
        zero = _zero_of(base)
        if not zero or not power.is_positive or not (base**power).is_nonnegative:
            return {}
        found |= zero
    return found


def _zero_of(base: sp.Expr) -> dict[sp.Symbol, sp.Expr]:
    """Return a symbol with the value at which an expression is zero that it is a term of; nothing for others."""
    for symbol in sorted(base.free_symbols, key=str):
        slope = base.diff(symbol)
        if slope in {sp.S.One, sp.S.NegativeOne}:
            return {symbol: sp.expand(symbol - slope * base)}
    return {}


def different(left: sp.Expr, right: sp.Expr) -> bool:
    """Tell whether some rational point is found at which the two sides differ.

    A tensor has one element there.
    """
    try:
        difference = of_one_element(uncast(left - right))
    except TypeError:  # SymPy compares numbers alone, and a mutant divides by zero
        return False
    for point in _points(sorted(difference.free_symbols, key=str)):
        try:
            value = difference.evalf(30, subs=point)  # exact powers of fractions grow without limit
        except (TypeError, ValueError):  # a mutant left its domain at this point
            continue
        if value.is_number and value is not sp.nan and abs(value) > sp.Rational(1, 10**20):
            return True
    return False


def _points(symbols: Sequence[sp.Symbol]) -> Iterator[dict[sp.Symbol, sp.Rational]]:
    """Yield rational points: three early and far from one, and one late and next to it, where others are in force."""
    for shift in range(3):
        yield {
            symbol: sp.Rational(index + 2 + shift, 7 + 2 * index) if not symbol.is_integer else sp.Integer(index + 2)
            for index, symbol in enumerate(symbols)
        }
    yield {
        symbol: sp.Rational(90 + index, 91 + index) if not symbol.is_integer else sp.Integer(60 + index)
        for index, symbol in enumerate(symbols)
    }


def shown_nonnegative(expression: sp.Expr) -> bool:
    """Tell whether SymPy shows an expression to be at least zero; raises ``BeyondLimitError``."""
    forms = (lambda e: e, sp.factor, lambda e: sp.factor(sp.simplify(e)), sp.expand)
    return any(form(within_limit(expression)).is_nonnegative for form in forms)


def prove(claim: FormulaClaim) -> Proof:
    """Prove every equation, difference and sign of ``claim``, within the limit of size."""
    equations, unequal, signs = claim.equations(), claim.differs(), claim.nonnegative()
    try:
        proven = (
            all(equal(*pair) for pair in equations)
            and all(different(*pair) for pair in unequal)
            and all(shown_nonnegative(expression) for expression in signs)
        )
    except BeyondLimitError:
        return Proof(claim, False, 0, decided=False)
    return Proof(claim, proven, len(equations) + len(unequal) + len(signs))


@functools.cache
def proofs(family: Family[Formula]) -> tuple[Proof, ...]:
    """Prove the claims stated beside a formula."""
    return tuple(prove(claim) for claim in family.claims)


def form_is_equal(rule: UpdateRule, line: Assignment, form: Form) -> bool:
    """Tell whether a legal form is shown equal to the expression of its line, within the limit of size."""
    try:
        return _form_is_equal(rule, line, form)
    except BeyondLimitError:
        return False


def _form_is_equal(rule: UpdateRule, line: Assignment, form: Form) -> bool:
    differences = list[sp.Expr]()
    for difference in _differences(rule, line, form):
        if _cancels(difference):
            return True
        differences.append(difference)
    return any(equal(each, sp.S.Zero) for each in differences)


def _differences(rule: UpdateRule, line: Assignment, form: Form) -> Iterator[sp.Expr]:
    """Yield a form's difference from its line, with one more of the lines above put into it each time.

    A line that stays as it stands, positive or real, is easier to reason about than what it computes.  A form for one
    value of a setting alone may be equal there alone, and a maximum is the branch of a comparison.
    """
    difference = form.expression - line.expression
    yield difference
    if isinstance(form.when, sp.Eq):
        yield difference.subs(form.when.lhs, form.when.rhs)
    if form.expression.has(sp.Piecewise) and line.expression.has(sp.Max):
        yield sp.piecewise_fold(difference.rewrite(sp.Piecewise))
    for other in reversed(rule.program):
        if difference.has(other.target):
            difference = difference.subs(other.target, other.expression)
            yield difference


@functools.cache
def _cancels(difference: sp.Expr) -> bool:
    """Tell whether a difference is zero once its terms and factors are collected."""
    return any(form == 0 for form in itertools.islice(_simplest(difference), 3))
