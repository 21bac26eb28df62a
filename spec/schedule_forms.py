"""Other ways to compute a closed form that are the same over the reals: rewritings of its expression.

Each of them is an identity; rounding makes the difference.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping

import sympy as sp

from spec.rule import uncast
from spec.schedule import Schedule, base, previous, t

Rewriting = Callable[[sp.Expr], sp.Expr]
KEPT_FACTORS, KEPT_SUMS = "factors kept from step to step", "sums kept from step to step"
"""Recurrences: a factor on the learning rate that is multiplied, a learning rate to which is added."""


class RepeatedProduct(sp.Function):  # type: ignore[misc]
    """``base**n`` for a whole n, made of multiplications."""

    nargs = 2


def half_angles(e: sp.Expr) -> sp.Expr:
    """Write 1 + cos x as 2·cos²(x/2) and 1 - cos x as 2·sin²(x/2)."""
    return e.replace(lambda a: _one_and_cosine(a) != 0, _squared)


def _one_and_cosine(e: sp.Expr) -> int:
    """Return the sign of the cosine of a sum that is c·(1 ± cos x), or 0."""
    if not (e.is_Add and len(e.args) == 2):
        return 0
    (number, rest) = e.as_coeff_Add()
    factor, cosine = rest.as_coeff_Mul()
    if not isinstance(cosine, sp.cos) or number == 0 or abs(factor) != abs(number):
        return 0
    return 1 if factor == number else -1


def _squared(e: sp.Expr) -> sp.Expr:
    number, rest = e.as_coeff_Add()
    angle = rest.as_coeff_Mul()[1].args[0] / 2
    return 2 * number * (sp.cos(angle) if _one_and_cosine(e) > 0 else sp.sin(angle)) ** 2


def exponentials(e: sp.Expr) -> sp.Expr:
    """Write a power of which the exponent is not a number as exp(exponent·log(base))."""
    return e.replace(_is_power, lambda a: sp.exp(a.exp * sp.UnevaluatedExpr(sp.log(a.base)), evaluate=False))


def repeated_products(e: sp.Expr) -> sp.Expr:
    """Write a power of which the exponent is whole as that many factors, or divisors."""
    return e.replace(lambda a: _is_power(a) and bool(a.exp.is_integer), _repeated)


def _repeated(e: sp.Pow) -> sp.Expr:
    if e.exp.could_extract_minus_sign():
        return 1 / RepeatedProduct(e.base, -e.exp)
    return RepeatedProduct(e.base, e.exp)


def _is_power(e: sp.Expr) -> bool:
    return bool(e.is_Pow and not e.exp.is_number)


def roots(e: sp.Expr) -> sp.Expr:
    """Write a quotient of two roots as the root of the quotient."""
    return e.replace(lambda a: a.is_Mul and bool(a.args) and _ratio(a) is not None, _ratio)


def _ratio(e: sp.Expr) -> sp.Expr | None:
    above = [a for a in e.args if a.is_Pow and a.exp == sp.S.Half]
    below = [a for a in e.args if a.is_Pow and a.exp == -sp.S.Half]
    if not (above and below):
        return None
    rest = sp.Mul(*(a for a in e.args if a not in {above[0], below[0]}))
    return rest * sp.Pow(sp.UnevaluatedExpr(above[0].base / below[0].base), sp.S.Half)


def root_taken_out(e: sp.Expr) -> sp.Expr:
    """Write pieces with the root of a setting in them as that root times what is left of each."""
    return e.replace(lambda a: isinstance(a, sp.Piecewise) and _rooted(a) is not None, _without_its_root)


def _rooted(e: sp.Piecewise) -> sp.Expr | None:
    roots_of = (a.base for a in e.atoms(sp.Pow) if a.exp == sp.S.Half and a.base.is_Symbol and a.base != t)
    return min(roots_of, key=str, default=None)


def _without_its_root(e: sp.Piecewise) -> sp.Expr:
    root = sp.sqrt(_rooted(e))
    left = sp.Piecewise(*((sp.UnevaluatedExpr(piece / root), when) for piece, when in e.args))
    return sp.UnevaluatedExpr(left * root)


def share_left(e: sp.Expr) -> sp.Expr:
    """Write 1 - a/b as (b - a)/b."""
    return e.replace(_is_share_left, sp.together)


def _is_share_left(e: sp.Expr) -> bool:
    if not (e.is_Add and e.has(t) and e.as_coeff_Add()[0] == 1):
        return False
    above, below = sp.fraction(sp.together(e))
    return below != 1 and not above.has(sp.Function) and not below.has(sp.Function)


def from_above(e: sp.Expr) -> sp.Expr:
    """Write low + (high - low)·s as high - (high - low)·(1 - s)."""
    return _interpolated(e, lambda low, high, s: high - sp.UnevaluatedExpr(high - low) * _rest(s))


def weights(e: sp.Expr) -> sp.Expr:
    """Write low + (high - low)·s as high·s + low·(1 - s)."""
    return _interpolated(e, lambda low, high, s: high * s + low * sp.UnevaluatedExpr(_rest(s)))


def times_the_rate(e: sp.Expr) -> sp.Expr:
    """Write low + (high - low)·s as high·(low/high + (1 - low/high)·s)."""

    def factored(low: sp.Expr, high: sp.Expr, s: sp.Expr) -> sp.Expr:
        ratio = sp.UnevaluatedExpr(low / high)
        return high * sp.UnevaluatedExpr(ratio + (1 - ratio) * s)

    return _interpolated(e, factored)


def middle_and_swing(e: sp.Expr) -> sp.Expr:
    """Write low + (high - low)·(1 + cos x)/2 as (high + low)/2 + (high - low)/2·cos x."""

    def swinging(low: sp.Expr, high: sp.Expr, s: sp.Expr) -> sp.Expr:
        cosines = s.atoms(sp.cos)
        if len(cosines) != 1 or sp.expand(s - (1 + (cosine := next(iter(cosines)))) / 2) != 0:
            return low + (high - low) * s
        middle, swing = sp.UnevaluatedExpr(high + low), sp.UnevaluatedExpr(high - low)
        return middle / 2 + swing * cosine / 2

    return _interpolated(e, swinging)


def _rest(s: sp.Expr) -> sp.Expr:
    """Return 1 - s, where s is (1 + cos x)/2 as (1 - cos x)/2, and where it is 1 - u as u."""
    number, inner = s.as_coeff_Mul()
    if number == sp.S.Half and _one_and_cosine(inner):
        constant, cosine = inner.as_coeff_Add()
        return sp.Mul(number, constant - cosine, evaluate=False)
    return 1 - s


def _interpolated(e: sp.Expr, write: Callable[[sp.Expr, sp.Expr, sp.Expr], sp.Expr]) -> sp.Expr:
    """Rewrite every sum low + (high - low)·s, of which ``write`` is given low, high and s."""

    def changed(a: sp.Expr) -> sp.Expr:
        found = _ends(a)
        return a if found is None else write(*found)

    return e.replace(lambda a: _ends(a) is not None, changed)


def _ends(e: sp.Expr) -> tuple[sp.Expr, sp.Expr, sp.Expr] | None:
    if not (e.is_Add and len(e.args) == 2 and e.has(t)):
        return None
    for low, product in (e.args, e.args[::-1]):
        if low.has(t) or not product.is_Mul:
            continue
        for factor in product.args:
            high = factor + low
            if factor.is_Add and not factor.has(t) and -low in factor.args and high != 0:
                return low, high, sp.Mul(*(a for a in product.args if a is not factor))
    return None


def clipped(e: sp.Expr) -> sp.Expr:
    """Write a piece that ends in the value that is held as that piece at the earlier of t and its end."""
    return e.replace(lambda a: isinstance(a, sp.Piecewise) and _held(a) is not None, _held)


def _held(e: sp.Piecewise) -> sp.Expr | None:
    if len(e.args) < 2 or e.args[-1].args[1] != sp.true:
        return None
    *before, (piece, when), (held, _) = (a.args for a in e.args)
    bounds = (
        [side for side in when.args if side != t] if isinstance(when, sp.StrictLessThan | sp.StrictGreaterThan) else []
    )
    if len(bounds) != 1 or bounds[0].has(t) or held.has(t) or not piece.has(t):
        return None
    if sp.expand(uncast(piece.subs(t, bounds[0]) - held)) != 0:
        return None
    earlier = piece.subs(t, sp.Min(t, bounds[0]))
    return sp.Piecewise(*before, (earlier, True)) if before else earlier


SUMS: Mapping[str, Rewriting] = {
    "from above": from_above,
    "weights": weights,
    "times the rate": times_the_rate,
    "middle and swing": middle_and_swing,
}
SHARES: Mapping[str, Rewriting] = {"share left": share_left}
FUNCTIONS: Mapping[str, Rewriting] = {
    "half angles": half_angles,
    "exp of a product": exponentials,
    "repeated products": repeated_products,
    "root of a quotient": roots,
    "root taken out": root_taken_out,
}
CLIPPED: Mapping[str, Rewriting] = {"earlier of t and the end": clipped}
KINDS = (SUMS, SHARES, FUNCTIONS, CLIPPED)
"""Rewritings by their names; a form has one or none of each kind, and they are applied in this order."""
REWRITINGS: Mapping[str, Rewriting] = {name: way for kind in KINDS for name, way in kind.items()}
APART = " with "


def rewritten(expression: sp.Expr, name: str) -> sp.Expr:
    """Return an expression in the form of that name; raises ``KeyError`` for none."""
    for part in name.split(APART):
        expression = REWRITINGS[part](expression)
    return expression


@functools.cache
def other_forms(schedule: Schedule) -> Mapping[str, sp.Expr]:
    """Return each form that differs from the closed form, by name, those with fewer rewritings first."""
    if schedule.value is None:
        return {}
    made: dict[tuple[str, ...], sp.Expr] = {(): schedule.value}
    for kind in KINDS:
        for names, form in [*made.items()]:
            for name, way in kind.items():
                changed = way(form)
                if changed not in made.values():
                    made[*names, name] = changed
    del made[()]
    return {APART.join(names): made[names] for names in sorted(made, key=len)}


@functools.cache
def homogeneous(schedule: Schedule) -> bool:
    """Tell whether the recurrence multiplies: its learning rates are proportional to the base."""
    if schedule.recurrence is None:
        return False
    scale = sp.Symbol("c", positive=True)
    scaled = {previous: scale * previous, base: scale * base}
    step = schedule.recurrence.step
    pieces = [value for value, _ in step.args] if isinstance(step, sp.Piecewise) else [step]
    return all(
        sp.cancel(uncast(e.subs(scaled, simultaneous=True) / e)) == scale for e in (schedule.recurrence.start, *pieces)
    )
