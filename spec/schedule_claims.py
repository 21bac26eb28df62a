"""Claims that many schedules make, as equations and signs for the prover."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import sympy as sp

from spec.family import FormulaClaim, Pairs
from spec.rule import uncast
from spec.schedule import Schedule, previous, t

k = sp.Symbol("k", integer=True, nonnegative=True)
"""A step of which the next is t = k + 1; also a whole number of cycles."""
d = sp.Symbol("d", integer=True, nonnegative=True)
p = sp.Symbol("p", integer=True, positive=True)
"""A distance in steps: d from 0, p from 1."""

Where = Mapping[sp.Basic, sp.Expr]


def at(expression: sp.Expr, where: Where) -> sp.Expr:
    """Return an expression with every substitution made at once."""
    return sp.sympify(expression).subs(dict(where), simultaneous=True)


def holds(identifier: str, sentence: str, source: str, method: str, *pairs: tuple[sp.Expr, sp.Expr]) -> FormulaClaim:
    """Equations hold."""
    return FormulaClaim(identifier, sentence, source, method, lambda: pairs)


def substituted(identifier: str, sentence: str, source: str, *pairs: tuple[sp.Expr, sp.Expr]) -> FormulaClaim:
    """Equations hold after a substitution."""
    return holds(identifier, sentence, source, "substitution", *pairs)


def floored(expression: sp.Expr, where: Where) -> sp.Expr:
    """Return an expression with every floor of an integer plus a share in [0, 1) replaced by the integer.

    That the share lies there is shown with the substitutions of ``where``.
    """

    def whole(argument: sp.Expr) -> sp.Expr:
        terms = sp.expand(argument)
        integer = sum((a for a in sp.Add.make_args(terms) if a.is_integer), sp.S.Zero)
        share = sp.factor(at(terms - integer, where))
        inside = share.is_nonnegative and sp.factor(1 - share).is_positive
        return integer if inside else sp.floor(argument)

    plain = expression.replace(sp.Mod, lambda a, b: a - b * sp.floor(a / b))
    return plain.replace(sp.floor, whole)


def follows(schedule: Schedule, regimes: Iterable[Where], source: str) -> FormulaClaim:
    """The recurrence gives the closed form at every t: its start, and its step in every regime.

    A regime replaces t by k + 1, or the hyperparameters so that one branch of the formula is meant.
    """
    places = tuple(regimes)

    def equations() -> Pairs:
        recurrence = schedule.induction
        pairs = [(recurrence.start, at(schedule.closed, {t: 0}))]
        for where in places:
            now = where.get(t, k + 1)
            others = {symbol: value for symbol, value in where.items() if symbol != t}
            before = at(at(schedule.closed, {t: now - 1}), others)
            step = at(at(recurrence.step, {t: now}), others)
            pairs.append((at(step, {previous: before}), at(at(schedule.closed, {t: now}), others)))
        return tuple(pairs)

    return FormulaClaim(
        "closed-form/recurrence",
        "The recurrence gives the closed form at every t.",
        source,
        "induction over t: the start, and the step from t - 1 in every branch",
        equations,
    )


def computed(schedule: Schedule, form: str, regimes: Iterable[Where], source: str) -> FormulaClaim:
    """Another form of the closed form is equal to it in every regime."""
    places = tuple(regimes)
    other = uncast(schedule.forms[form][0])
    return FormulaClaim(
        f"forms/{form}",
        f"Computed as `{form}` it is the same.",
        source,
        "substitution in every branch",
        lambda: tuple((at(other, where), at(schedule.closed, where)) for where in places),
    )


def starts_and_ends(schedule: Schedule, places: Mapping[str, tuple[Where, sp.Expr]], source: str) -> FormulaClaim:
    """The closed form has the named values at its named places."""
    named = "; ".join(places)
    return FormulaClaim(
        "values/ends",
        f"{named}.",
        source,
        "substitution",
        lambda: tuple((at(schedule.closed, where), value) for where, value in places.values()),
    )


def continuous(pairs: Callable[[], Pairs], places: str, source: str) -> FormulaClaim:
    """The branches that meet at a joint have the same value there."""
    return FormulaClaim(
        "joints/continuous", f"The branches meet without a jump {places}.", source, "substitution", pairs
    )


def bounded(sentence: str, source: str, differences: Callable[[], tuple[sp.Expr, ...]], method: str) -> FormulaClaim:
    """Differences are at least zero: a range, or a piece that never rises."""
    return FormulaClaim("range", sentence, source, method, nonnegative=differences)


def monotone(
    sentence: str, source: str, differences: Callable[[], tuple[sp.Expr, ...]], pairs: Callable[[], Pairs] = tuple
) -> FormulaClaim:
    """Successive differences are at least zero, after ``pairs`` have rewritten them."""
    return FormulaClaim("monotone", sentence, source, "the sign of a difference", pairs, nonnegative=differences)
