"""Formula mutants of rules: the same program with one thing wrong."""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import sympy as sp

from spec.family import Family
from spec.lines.assignments import decayed
from spec.mutants.mutant import Mutant, distinct, other_options
from spec.proofs import different, equal
from spec.rule import Assignment, Domain, UpdateRule
from spec.symbols import g, lr, t, theta, weight_decay
from spec.tensor_functions import TENSOR_FUNCTIONS

LARGEST_PROVABLE = 2000
"""The most symbols in a composed program that SymPy is asked about."""
OFF, COARSELY_OFF = ("1e-6", 1 + sp.Rational(1, 10**6)), ("1/8", sp.Rational(9, 8))
"""By how much a term is off, and where a half format's rounding is wider than the first."""


@dataclass(frozen=True, eq=False)
class RuleMutant(Mutant[UpdateRule]):
    """A wrong program."""

    @property
    def identifier(self) -> str:
        """What is wrong, by which mutants of one rule differ."""
        return self.name

    @functools.cached_property
    def unchanged(self) -> frozenset[str]:
        """The lines, by symbol, that are computed as in the original from what is so too."""
        changed: set[sp.Symbol] = set()
        for line in self.wrong.program:
            if line not in self.original.program or line.expression.free_symbols & changed:
                changed.add(line.target)
        return frozenset(line.target.name for line in self.wrong.program if line.target not in changed)

    def _equal(self) -> bool:
        """Tell whether the program is equal to its original, wherever it can be reached.

        The first step starts from the initial state; later ones have t > 1.  A point at which the
        two differ settles it before any proof is tried.  A comparison of computed scalars does not
        tell greater from equal: rounding decides there.
        """
        if self.original.size > LARGEST_PROVABLE:
            return False
        mine, other = _without_ties(self.wrong), _without_ties(self.original)
        pairs = [
            (mine.composed(q.updated).subs(where), other.composed(q.updated).subs(where))
            for where in _reachable(self.original)
            for q in self.original.quantities
        ]
        if any(different(*pair) for pair in pairs):
            return False
        return all(equal(*pair) for pair in pairs)


def _without_ties(rule: UpdateRule) -> UpdateRule:
    """Return the rule with every comparison of computed scalars made strict."""
    given = {h.symbol for h in rule.hyperparameters} | {t}
    scalars = {line.target for line in rule.program if rule.composed(line.target).free_symbols <= given}

    def strict(relation: sp.Basic) -> sp.Basic:
        computed = relation.free_symbols & scalars and relation.free_symbols <= scalars | given
        return relation.func(*relation.args) if not computed else sp.Gt(relation.lhs, relation.rhs)

    program = tuple(
        dataclasses.replace(line, expression=line.expression.replace(sp.Ge, lambda *s: strict(sp.Ge(*s))))
        for line in rule.program
    )
    return dataclasses.replace(rule, program=program)


def _reachable(rule: UpdateRule) -> tuple[dict[sp.Symbol, sp.Expr], ...]:
    """Return substitutions for the first step and for later ones: open domains are positive, what is off is zero."""
    above = [h.symbol for h in rule.hyperparameters if _is_positive(h.domain)]
    positive = {symbol: sp.Symbol(symbol.name, positive=True) for symbol in above}
    off = {h.symbol: sp.S.Zero for h in rule.hyperparameters if h.domain.low == h.domain.high == 0.0}
    start = {state.symbol: state.initial for state in rule.states}
    return {**positive, **off, **start, t: sp.S.One}, {**positive, **off, t: t + 1}


def _is_positive(domain: Domain) -> bool:
    return domain.low > 0.0 or (domain.low_open and domain.low >= 0.0)


def of_rule(rule: UpdateRule, family: Family[UpdateRule]) -> tuple[RuleMutant, ...]:
    """Return the formula mutants of ``rule``, those that read the same taken once.

    Settings with one domain in the family are taken for another, whatever part of it an implementation accepts.
    """
    domains = {item.symbol: item.domain for item in family.build(**rule.options).hyperparameters}
    found = (
        _mutant(rule, f"{line.name}: {what}", line, expression)
        for line in rule.program
        for what, expression in _changes(rule, line, domains)
        if expression != line.expression
        and not expression.has(sp.zoo, sp.nan, sp.oo)
        and not _is_number_for_tensor(rule, line, expression)
    )
    return (*distinct(found), *_other_options(rule, family))


def _is_number_for_tensor(rule: UpdateRule, line: Assignment, expression: sp.Expr) -> bool:
    """Tell whether a line that a function of whole tensors reads would be a number."""
    given = {h.symbol for h in rule.hyperparameters} | {t}
    whole = (function for other in rule.program for function in other.expression.atoms(*TENSOR_FUNCTIONS))
    read = any(line.target in function.free_symbols for function in whole)
    return read and not line.expression.free_symbols <= given and bool(expression.free_symbols <= given)


def _mutant(rule: UpdateRule, name: str, line: Assignment, expression: sp.Expr) -> RuleMutant:
    changed = dataclasses.replace(line, expression=expression, forms=())
    program = tuple(changed if other is line else other for other in rule.program)
    wrong = dataclasses.replace(rule, program=program)
    return RuleMutant(name, f"{line.target} <- {expression}", wrong, rule)


def _changes(rule: UpdateRule, line: Assignment, domains: Mapping[sp.Symbol, Domain]) -> Iterator[tuple[str, sp.Expr]]:
    whole = line.expression
    for part in sp.preorder_traversal(whole):
        for what, other in _part_changes(part, _off(rule, line)):
            yield what, whole.xreplace({part: other})
    if t in whole.free_symbols:
        yield "t - 1 for t", whole.subs(t, t - 1)
        yield "t + 1 for t", whole.subs(t, t + 1)
    yield from _swaps(line, domains)
    for state in rule.states:
        if state.updated in whole.free_symbols:
            yield f"{state.symbol} before the step", whole.subs(state.updated, state.symbol)
    if decayed in whole.free_symbols:
        undecayed = whole.subs(decayed, theta)
        yield "decay after the update", undecayed * (1 - lr * weight_decay)
        yield "no decay", undecayed


def _off(rule: UpdateRule, line: Assignment) -> tuple[str, sp.Expr]:
    """Return by how much its terms are off: coarsely if all that comes of it passes a format of its own."""
    readers = [other for other in rule.program if line.target in other.expression.free_symbols]
    stored = any(line.target == quantity.updated for quantity in rule.quantities)
    passes = bool(readers) and not stored and all(other.kept_in for other in readers)
    return COARSELY_OFF if line.kept_in or passes else OFF


def _part_changes(part: sp.Expr, off: tuple[str, sp.Expr]) -> Iterator[tuple[str, sp.Expr]]:
    if part.is_Add:
        yield from _changed_terms(part, off)
    elif part.is_Mul:
        yield from ((f"without factor {factor}", part / factor) for factor in part.args if not factor.is_number)
    elif part.is_Pow and part.exp == sp.Rational(1, 2):
        yield f"no root of {part.base}", part.base
    elif part.is_Pow and part.exp == 2:
        yield f"|{part.base}| for its square", sp.Abs(part.base)
    elif isinstance(part, sp.Max):
        yield "min for max", -sp.Max(*[-argument for argument in part.args])
        yield from ((f"{argument} for the maximum", argument) for argument in part.args)
    elif isinstance(part, sp.Piecewise):
        for index in range(len(part.args) - 1):
            branches = [*part.args[:index], *part.args[index + 1 :]]
            yield f"without the branch {part.args[index][0]}", sp.Piecewise(*branches)


def _changed_terms(total: sp.Add, off: tuple[str, sp.Expr]) -> Iterator[tuple[str, sp.Expr]]:
    for term in total.args:
        rest = sp.Add(*[other for other in total.args if other is not term])
        yield f"sign of {term}", rest - term
        yield f"without {term}", rest
        yield f"{term} off by {off[0]}", rest + off[1] * term


def _swaps(line: Assignment, domains: Mapping[sp.Symbol, Domain]) -> Iterator[tuple[str, sp.Expr]]:
    for one, other in itertools.permutations(domains, 2):
        if domains[one] == domains[other] and one in line.expression.free_symbols:
            yield f"{other} for {one}", line.expression.subs(one, other)
            yield from _swaps_in_a_term(line.expression, one, other)


def _swaps_in_a_term(whole: sp.Expr, one: sp.Symbol, other: sp.Symbol) -> Iterator[tuple[str, sp.Expr]]:
    """Yield the expression with a symbol changed in one term of a sum, where another term has it too."""
    for total in sp.preorder_traversal(whole):
        terms = [term for term in total.args if one in term.free_symbols] if total.is_Add else []
        for term in terms if len(terms) > 1 else ():
            yield f"{other} for {one} in {term}", whole.xreplace({total: total - term + term.subs(one, other)})


def _other_options(rule: UpdateRule, family: Family[UpdateRule]) -> Iterator[RuleMutant]:
    """Yield the same rule with one option chosen otherwise, where it needs no more settings and states."""
    symbols = {h.symbol for h in rule.hyperparameters} | {s.symbol for s in rule.states}
    for chosen, other in other_options(rule.options, family):
        needed = {h.symbol for h in other.hyperparameters} | {s.symbol for s in other.states}
        if needed <= symbols and _complete(other):  # else the options do not go together
            wrong = dataclasses.replace(other, states=rule.states, program=_kept(rule, other))
            yield RuleMutant(f"option {chosen}", chosen, wrong, rule, of_option=True)


def _complete(rule: UpdateRule) -> bool:
    """Tell whether every symbol that a program uses is given or computed by it."""
    known = {q.symbol for q in rule.quantities} | {h.symbol for h in rule.hyperparameters} | {g, t}
    used = frozenset().union(*(line.expression.free_symbols for line in rule.program))
    return used <= known | {line.target for line in rule.program}


def _kept(rule: UpdateRule, other: UpdateRule) -> tuple[Assignment, ...]:
    """Return the other rule's program; a state that it does not have stays as it was."""
    computed = {line.target for line in other.program}
    missing = [s for s in rule.states if s.updated not in computed]
    return (*other.program, *(Assignment(s.meaning, s.updated, s.symbol) for s in missing))
