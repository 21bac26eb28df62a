"""Proves of candidates that steps cannot tell apart that they are one and the same update."""

from __future__ import annotations

from collections.abc import Mapping

import sympy as sp

from conformance.recognition.identification.candidates import Candidate
from spec.proofs import BeyondLimitError, within_limit
from spec.rule import State, uncast


def proven_equal(one: Candidate, other: Candidate) -> bool:
    """Tell whether expanding shows the steps of two candidates to be equal from every state, and their starts.

    Settings of one slot are one symbol, and those that are held are their numbers.
    """
    states = {state.symbol: state for state in one.rule.states}
    if any(state.symbol not in states or not _alike(states[state.symbol], state) for state in other.rule.states):
        return False
    mine, theirs = _substituted(one), _substituted(other)
    kept = frozenset(state.updated for state in other.rule.states)
    try:
        return all(
            _cancels(
                one.rule.composed(quantity.updated, keep=kept - {quantity.updated}).subs(mine),
                other.rule.composed(quantity.updated, keep=kept - {quantity.updated}).subs(theirs),
            )
            for quantity in other.rule.quantities
        )
    except BeyondLimitError:
        return False


def _cancels(left: sp.Expr, right: sp.Expr) -> bool:
    difference = uncast(left - right)
    return bool(difference == 0 or sp.expand(within_limit(difference)) == 0)


def _alike(one: State, other: State) -> bool:
    return one.updated == other.updated and one.initial == other.initial and one.per == other.per


def _substituted(candidate: Candidate) -> Mapping[sp.Symbol, sp.Expr]:
    """Return what stands for each hyperparameter: a symbol of its slot, or the number that it is held at."""
    found = {}
    for item in candidate.rule.hyperparameters:
        slot = candidate.slots.get(item.symbol.name)
        held = candidate.fixed.get(item.symbol.name)
        found[item.symbol] = sp.Symbol(slot.label, nonnegative=True) if slot else sp.nsimplify(held)
    return found
