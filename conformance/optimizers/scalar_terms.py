"""Numbers of a rule that no tensor enters, which an implementation may keep from one step to the next.

They are the lines of scalars alone, by their symbols, and the powers in them, as they are written: ``eta_t``,
``beta1**t``.  Kept is the number that the next step will use, or with ``MADE`` behind its name that of the step made.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping

import sympy as sp

from reference.expression import decided
from reference.intervals.exact import scalar_line
from spec.rule import UpdateRule
from spec.symbols import t

MADE = ", of the step made"


@functools.lru_cache(maxsize=256)
def scalar_terms(rule: UpdateRule) -> Mapping[str, Callable[..., float]]:
    """Return how each of these numbers that changes from step to step follows from settings and step count."""
    return {name: decided(expression) for name, expression in _terms(rule)}


def _terms(rule: UpdateRule) -> Iterator[tuple[str, sp.Expr]]:
    known = {h.symbol for h in rule.hyperparameters} | {t}
    for line in rule.program:
        composed = rule.composed(line.target)
        if t in composed.free_symbols and composed.free_symbols <= known:
            yield line.target.name, composed
            for power in sorted(composed.atoms(sp.Pow), key=str):
                if t in power.exp.free_symbols:
                    yield str(power), power


def value_of(rule: UpdateRule, name: str, scalars: Mapping[str, float]) -> float:
    """Return the number that is kept before the step of which ``scalars`` are the settings and the count."""
    term = name.removesuffix(MADE)
    given = dict(scalars) if term == name else {**scalars, t.name: scalars[t.name] - 1.0}
    if any(line.target.name == term for line in rule.program):
        return scalar_line(rule, term, given)
    return scalar_terms(rule)[term](**given)
