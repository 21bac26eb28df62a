"""Claims that many rules make, as equations for the prover."""

from __future__ import annotations

from collections.abc import Mapping

import sympy as sp

from spec.family import FormulaClaim, Pairs
from spec.rule import UpdateRule
from spec.symbols import g, lr, t, theta, weight_decay

LOSHCHILOV = "Loshchilov and Hutter 2019"


def induction(rule: UpdateRule, claim: Mapping[sp.Symbol, sp.Expr]) -> Pairs:
    """Return base and step of: at every t each state equals its claim, for a constant gradient.

    Base: the claim at t = 0 is the initial value.  Step: the claim at t - 1, put into the
    program, gives the claim at t.
    """
    states = {state.symbol: state for state in rule.states}
    base = [(value.subs(t, 0), states[symbol].initial) for symbol, value in claim.items()]
    before = {symbol: value.subs(t, t - 1) for symbol, value in claim.items()}
    step = [(rule.composed(states[symbol].updated).subs(before), value) for symbol, value in claim.items()]
    return tuple(base + step)


def recurrence(rule: UpdateRule, state: sp.Symbol, claim: sp.Expr, where: Mapping[sp.Symbol, sp.Expr]) -> Pairs:
    """Return base at t = 1 and step of: ``state`` equals ``claim`` at every t.

    For a rule whose first step is another branch: the base is the program's own first step.
    """
    updated = next(s.updated for s in rule.states if s.symbol == state)
    after = rule.composed(updated).subs(where)
    later = after.subs(t, t + 1).subs(state, claim)
    return ((after.subs(t, 1), claim.subs(t, 1)), (later, claim.subs(t, t + 1)))


def accumulates(rule: UpdateRule, source: str, states: Mapping[sp.Symbol, sp.Expr]) -> FormulaClaim:
    """Under a constant gradient each state equals its closed form at every step."""
    meanings = {state.symbol: state.meaning for state in rule.states}
    forms = (f"the {meanings[symbol]} {form}".replace("**", "^") for symbol, form in states.items())
    sentence = f"A constant gradient g gives {' and '.join(forms)}, at every step t."
    return FormulaClaim(
        "moments/constant-gradient", sentence, source, "induction over t", lambda: induction(rule, states)
    )


def holds(identifier: str, sentence: str, source: str, method: str, left: sp.Basic, right: sp.Basic) -> FormulaClaim:
    """One equation holds, or each of a column of equations."""
    several = isinstance(left, sp.MatrixBase)
    pairs = tuple(zip(left, right, strict=True)) if several else ((left, right),)
    return FormulaClaim(identifier, sentence, source, method, lambda: pairs)


def constant_gradient(
    rule: UpdateRule, claim: Mapping[sp.Symbol, sp.Expr], corrected: Mapping[sp.Symbol, sp.Expr], source: str
) -> FormulaClaim:
    """A constant gradient g gives the ``corrected`` moments at every t."""
    before = {symbol: value.subs(t, t - 1) for symbol, value in claim.items()}

    def equations() -> Pairs:
        after = tuple((rule.composed(symbol).subs(before), v) for symbol, v in corrected.items())
        return induction(rule, claim) + after

    return FormulaClaim(
        "bias-correction/constant-gradient",
        "A constant gradient g gives the corrected moments g and g^2 at every step t.",
        source,
        "induction over t",
        equations,
    )


def weights_sum_to_one(
    rule: UpdateRule, average: sp.Symbol, beta: sp.Symbol, corrected: sp.Symbol, source: str
) -> FormulaClaim:
    """The weights of a corrected moving average sum to one: of ones, it is one."""
    claim = {average: 1 - beta**t}
    ones = {g: sp.S.One}

    def equations() -> Pairs:
        before = {average: claim[average].subs(t, t - 1), **ones}
        steps = tuple((left.subs(ones), right) for left, right in induction(rule, claim))
        return (*steps, (rule.composed(corrected).subs(before), sp.S.One))

    return FormulaClaim(
        f"bias-correction/weights-of-{average}",
        f"After correction the weights of the moving average {average} sum to one.",
        source,
        "induction over t",
        equations,
    )


def first_step(rule: UpdateRule, change: sp.Expr, sentence: str, source: str) -> FormulaClaim:
    """The first step changes the parameter by ``change``, whatever the other hyperparameters."""
    start: dict[sp.Expr, sp.Expr] = {t: sp.S.One}
    start |= {state.symbol: state.initial for state in rule.states}
    return FormulaClaim(
        "first-step/change",
        sentence,
        source,
        "substitution of t = 1 and the initial state",
        lambda: ((rule.composed(rule.parameter.updated).subs(start) - theta, change),),
    )


def same_step(
    identifier: str, sentence: str, source: str, left: UpdateRule, right: UpdateRule, where: Mapping[sp.Symbol, sp.Expr]
) -> FormulaClaim:
    """Two rules change parameter and common states alike where ``where`` holds."""
    common = [s.updated for s in left.quantities if s in right.quantities]
    return FormulaClaim(
        identifier,
        sentence,
        source,
        "substitution and simplification",
        lambda: tuple((left.composed(target).subs(where), right.composed(target).subs(where)) for target in common),
    )


def scale_free(rule: UpdateRule, epsilon: sp.Symbol, called: str, source: str) -> FormulaClaim:
    """Without epsilon a positive factor c on all gradients leaves the update unchanged."""
    factor = sp.Symbol("c", positive=True)
    scaled = {g: factor * g} | {s.symbol: factor**s.degree * s.symbol for s in rule.states}
    update = rule.composed(rule.parameter.updated).subs(epsilon, 0)
    return FormulaClaim(
        "scale/gradient-factor",
        f"Without epsilon {called} does not see the scale of the gradient.",
        source,
        "substitution and simplification",
        lambda: ((update.subs(scaled, simultaneous=True), update),),
    )


def decoupled(rule: UpdateRule, source: str = f"{LOSHCHILOV}, Algorithm 2") -> FormulaClaim:
    """Decoupled decay multiplies the parameter and is invisible to the moments."""
    moments = frozenset(state.updated for state in rule.states)
    update = rule.composed(rule.parameter.updated, keep=moments)

    def equations() -> Pairs:
        unseen = tuple((sp.diff(rule.composed(s.updated), weight_decay), sp.S.Zero) for s in rule.states)
        shrunk = (1 - lr * weight_decay) * theta + update.subs(weight_decay, 0) - theta
        return (*unseen, (update, shrunk))

    return FormulaClaim(
        "decay/decoupled",
        "The moments do not depend on lambda, and theta' = (1 - lr*lambda)*theta + update(lambda=0).",
        source,
        "differentiation and simplification",
        equations,
    )


def coupled(
    rule: UpdateRule, source: str = f"{LOSHCHILOV}, equation 1", moments: tuple[sp.Symbol, ...] = ()
) -> FormulaClaim:
    """Coupled decay is seen by the moments: their derivative by lambda is not zero."""
    states = [s for s in rule.states if not moments or s.symbol in moments]
    return FormulaClaim(
        "decay/coupled",
        "With coupled decay the moments depend on lambda.",
        source,
        "differentiation; a point where the derivative is not zero",
        differs=lambda: tuple((sp.diff(rule.composed(s.updated), weight_decay), sp.S.Zero) for s in states),
    )


def undecayed(rule: UpdateRule, plain: UpdateRule, source: str = LOSHCHILOV) -> FormulaClaim:
    """With a weight decay of 0 a rule is the one without."""
    sentence = "With lambda 0 there is no decay."
    return same_step("decay/none", sentence, source, rule, plain, {weight_decay: sp.S.Zero})
