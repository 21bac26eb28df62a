"""Tells which states of a rule have no part in its steps, where settings keep one value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import sympy as sp

from spec.rule import State, UpdateRule


def idle_states(variants: Iterable[UpdateRule], fixed: Mapping[str, float]) -> frozenset[str]:
    """Return the states, by keyword, that no variant reads where ``fixed`` settings, by keyword, keep their value.

    A momentum buffer is one where the momentum is always 0: who keeps none hides nothing.
    """
    found: dict[str, bool] = {}
    for rule in variants:
        held = {h.symbol: sp.nsimplify(fixed[h.keyword]) for h in rule.hyperparameters if h.keyword in fixed}
        for state in rule.states:
            found[state.keyword] = found.get(state.keyword, True) and _is_idle(state, rule, held)
    return frozenset(keyword for keyword, idle in found.items() if idle)


def _is_idle(state: State, rule: UpdateRule, held: Mapping[sp.Symbol, sp.Expr]) -> bool:
    others: set[sp.Basic] = set()
    own: set[sp.Basic] = set()
    for line in rule.program:
        symbols = line.expression.subs(held).free_symbols
        others, own = (others, own | symbols) if line.target == state.updated else (others | symbols, own)
    return bool(held) and state.symbol not in others and not (state.updated in others and state.symbol in own)
