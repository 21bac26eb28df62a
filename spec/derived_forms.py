"""Forms that nobody wrote by hand: a rule's lines rewritten as algebra allows, each proven equal.

Scalars move across quotients, averages are taken from either end, products with a sum are taken apart, and
lines that only one other reads are computed in it.  They are used by name alone, and only where SymPy
proves them equal: ``*`` stands for none of them.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections.abc import Iterator

import sympy as sp

from spec.proofs import form_is_equal
from spec.rule import Assignment, Cast, Form, UpdateRule, uncast
from spec.symbols import t
from spec.tensor_functions import TENSOR_FUNCTIONS

INTERPOLATED = "interpolated from"
"""Begins the names of forms that keep of a small weight only what a number near one leaves of it."""
LARGEST_SCALED = 3
"""The most scalars of one quotient that are moved in every combination."""


@functools.cache
def with_derived_forms(rule: UpdateRule) -> UpdateRule:
    """Return the rule with what its lines may be rewritten as: forms that are used by name alone, once proven."""
    program = tuple(dataclasses.replace(line, forms=(*line.forms, *_derived(rule, line))) for line in rule.program)
    return dataclasses.replace(rule, program=program)


def derived_names(line: Assignment) -> tuple[str, ...]:
    """Return the names of a line's derived forms, the plainest first."""
    return tuple(dict.fromkeys(form.name for form in line.forms if form.name.startswith(_prefix(line))))


def interpolates(name: str) -> bool:
    """Tell whether a derived form steps from one value of an average to the other."""
    return INTERPOLATED in name


def proven(rule: UpdateRule, name: str) -> bool:
    """Tell whether SymPy proves every form of that name equal to its line."""
    forms = [(line, form) for line in rule.program for form in line.forms if form.name == name]
    return all(form_is_equal(rule, line, form) for line, form in forms)


def _prefix(line: Assignment) -> str:
    return f"{line.name}: "


def _derived(rule: UpdateRule, line: Assignment) -> Iterator[Form]:
    """Yield the rewritten forms of a line; of one that is computed in its one reader those of an average alone."""
    scalars = _scalars(rule)
    if line.expression.free_symbols <= scalars:
        return
    known = {line.expression, *(form.expression for form in line.forms)}
    averages = ((name, expression, sp.true) for name, expression in _interpolations(line.expression, scalars))
    for what, expression, when in averages if _inlined(rule, line) else _rewritten(rule, line):
        if expression not in known:
            known.add(expression)
            name = _prefix(line) + what
            yield Form(name, expression, when, by_name=True)
            if when != sp.true:  # where it would divide by zero the line is computed as it is written
                yield Form(name, line.expression, sp.Not(when), by_name=True)


Rewriting = tuple[str, sp.Expr, sp.Basic]
"""A name, an expression, and for which hyperparameters it can be computed."""


def _rewritten(rule: UpdateRule, line: Assignment) -> Iterator[Rewriting]:
    scalars = _scalars(rule)
    if line.expression.has(*TENSOR_FUNCTIONS) or line.kept_in:
        return
    for name, expression in _interpolations(line.expression, scalars):
        yield name, expression, sp.true
    whole, given = _whole(rule, line), frozenset(h.symbol for h in rule.hyperparameters)
    for apart, started in _apart(whole, rule.parameter.symbol, scalars):
        for scale, scaled, when in _scaled(started, scalars, given):
            name = ", ".join(part for part in (scale, apart) if part) or "one expression"
            yield name, scaled, when
            for inverse in _reciprocal(scaled, scalars):
                yield f"{name}, reciprocal", inverse, when


def _scalars(rule: UpdateRule) -> frozenset[sp.Symbol]:
    """Return the symbols that are one number for a whole tensor."""
    known = {h.symbol for h in rule.hyperparameters} | {t}
    known |= {symbol for state in rule.states if state.scalar for symbol in (state.symbol, state.updated)}
    for line in rule.program:
        if line.expression.free_symbols <= known:
            known.add(line.target)
    return frozenset(known)


def _whole(rule: UpdateRule, line: Assignment) -> sp.Expr:
    """Return a line with all put into it that it alone reads: no state, and nothing that is a scalar."""
    kept = _scalars(rule)
    expression = uncast(line.expression)
    for other in reversed(rule.program):
        if _inlined(rule, other) and other.target not in kept:
            expression = expression.subs(other.target, uncast(other.expression))
    return expression


def _inlined(rule: UpdateRule, line: Assignment) -> bool:
    """Tell whether a line is computed in the one that alone reads it: it is no quantity, and of one element."""
    readers = [reader for reader in rule.program if reader.expression.has(line.target)]
    quantity = any(line.target == each.updated for each in rule.quantities)
    whole = any(each.expression.has(*TENSOR_FUNCTIONS) or each.kept_in for each in (line, *readers))
    return len(readers) == 1 and not quantity and not whole


def _interpolations(expression: sp.Expr, scalars: frozenset[sp.Symbol]) -> Iterator[tuple[str, sp.Expr]]:
    """Yield an average of two values as a step from either of them, by a weight or by what is left of it."""
    for (one, weight), (other, rest) in itertools.permutations(_weighted(expression, scalars), 2):
        if sp.expand(weight + rest - 1) == 0:
            left = expression - weight * one - rest * other
            yield f"{INTERPOLATED} {one}", left + one + rest * (other - one)
            yield f"{INTERPOLATED} {one}, by the weight left", left + one - (one - other) * (1 - Cast(weight))


def _weighted(expression: sp.Expr, scalars: frozenset[sp.Symbol]) -> list[tuple[sp.Expr, sp.Expr]]:
    """Return the terms of a sum that are a tensor with a scalar weight: tensor and weight."""
    terms = []
    for term in sp.Add.make_args(expression):
        weights = [factor for factor in sp.Mul.make_args(term) if factor.free_symbols <= scalars]
        weight = sp.Mul(*weights)
        if weight not in {sp.S.One, term}:
            terms.append((term / weight, weight))
    return terms


def _apart(expression: sp.Expr, parameter: sp.Symbol, scalars: frozenset[sp.Symbol]) -> Iterator[tuple[str, sp.Expr]]:
    """Yield a sum as it is, and with what multiplies a sum in it multiplied by each of its terms.

    A sum of scalars stays, where it is the weight of anything but the parameter: 1 - beta is no difference
    of two products.
    """
    yield "", expression
    apart = sp.Add(*[_expanded(term, parameter, scalars) for term in sp.Add.make_args(expression)])
    if apart != expression:
        yield "taken apart", apart


def _expanded(term: sp.Expr, parameter: sp.Symbol, scalars: frozenset[sp.Symbol]) -> sp.Expr:
    factors = sp.Mul.make_args(term)
    sums = [f for f in factors if f.is_Add and (parameter in factors or not f.free_symbols <= scalars)]
    if len(sums) != 1:
        return term
    return sp.Add(*[term / sums[0] * part for part in sums[0].args])


def _scaled(expression: sp.Expr, scalars: frozenset[sp.Symbol], given: frozenset[sp.Symbol]) -> Iterator[Rewriting]:
    """Yield an expression whose quotients have numerator and denominator times the same scalars.

    One that may be zero is moved where it is ``given``: then it is known whether it is.
    """
    yield "", expression, sp.true
    quotients = ((part, _below(part, scalars)) for part in sp.preorder_traversal(expression))
    quotient, below = next((found for found in quotients if found[1] is not None), (None, None))
    if quotient is None or below is None:
        return
    movable = _movable(quotient, below, scalars)[:LARGEST_SCALED]
    for count in range(1, len(movable) + 1):
        for chosen in itertools.combinations(movable, count):
            factor = sp.Mul(*chosen)
            if not all(symbol.is_positive or symbol in given for symbol in factor.free_symbols):
                continue
            scaled = sp.Add(*[factor * term for term in below.args])
            other = quotient * below * factor / scaled
            when = sp.And(*[base > 0 for base in factor.free_symbols if not base.is_positive])
            yield f"quotient scaled by {factor}", expression.xreplace({quotient: other}), when


def _below(part: sp.Expr, scalars: frozenset[sp.Symbol]) -> sp.Expr | None:
    """Return the sum with tensors by which a product is divided, or nothing."""
    factors = sp.Mul.make_args(part) if part.is_Mul or part.is_Pow else ()
    sums = (f.base for f in factors if f.is_Pow and f.exp == -1 and f.base.is_Add)
    return next((each for each in sums if not each.free_symbols <= scalars), None)


def _movable(quotient: sp.Expr, below: sp.Expr, scalars: frozenset[sp.Symbol]) -> list[sp.Expr]:
    """Return the inverses of the scalars above, and of those by which terms below are divided."""
    above = [f for f in sp.Mul.make_args(quotient) if f.free_symbols and f.free_symbols <= scalars]
    inner = [
        factor
        for term in below.args
        if not term.free_symbols <= scalars
        for factor in sp.Mul.make_args(term)
        if factor.free_symbols and factor.free_symbols <= scalars
    ]
    return list(dict.fromkeys(1 / factor for factor in (*above, *inner)))


def _reciprocal(expression: sp.Expr, scalars: frozenset[sp.Symbol]) -> Iterator[sp.Expr]:
    """Yield an expression with its division by a tensor as a product with the reciprocal."""
    for part in sp.preorder_traversal(expression):
        if part.is_Mul:
            for factor in part.args:
                base, power = factor.as_base_exp()
                if power.is_number and power.is_negative and not base.free_symbols <= scalars:
                    yield expression.xreplace({part: part / factor * sp.UnevaluatedExpr(factor)})
                    return
