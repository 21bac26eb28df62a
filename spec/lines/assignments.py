"""Lines that many rules share: the gradient used, moving averages, decoupled decay."""

from __future__ import annotations

from dataclasses import replace

import sympy as sp

from spec.family import Option
from spec.rule import Assignment, Cast, Form, Hyperparameter
from spec.symbols import WEIGHT_DECAY, g, gradient_t, lr, theta, weight_decay

decayed = sp.Symbol("thetatilde_t", real=True)
"""The parameter after decoupled weight decay, before the update."""
MAXIMIZE = Option("maximize", {"no": "the loss falls", "yes": "the gradient is negated: torch"})
DECAY = Option(
    "decay",
    {
        "none": "no weight decay",
        "coupled": "L2 in the gradient",
        "decoupled": "Loshchilov and Hutter 2019, times the learning rate",
    },
)
COUPLED_DECAY = Option("decay", {"none": "no weight decay", "coupled": "L2 in the gradient: torch"})


def with_decay(decay: str, *hyperparameters: Hyperparameter) -> tuple[Hyperparameter, ...]:
    """Return the hyperparameters of a rule, with the weight decay where there is one."""
    return hyperparameters if decay == "none" else (*hyperparameters, WEIGHT_DECAY)


def used_gradient(*, maximize: str, coupled: bool) -> tuple[list[Assignment], sp.Symbol]:
    """Return the line for the gradient a rule uses, if it differs from the one given."""
    gradient = (-g if maximize == "yes" else g) + (weight_decay * theta if coupled else 0)
    if gradient == g:
        return [], g
    return [Assignment("gradient", gradient_t, gradient)], gradient_t


def factored(previous: sp.Expr, beta: sp.Symbol, value: sp.Expr) -> Form:
    """Return the form that takes one half out of a moving average, where both weights round to it."""
    near_half = sp.And(beta >= sp.Rational(498, 1000), beta <= sp.Rational(502, 1000))
    return Form("factored", beta * (previous + value) + (1 - 2 * beta) * value, near_half)


def two_multiply_adds(previous: sp.Symbol, beta: sp.Symbol, value: sp.Expr) -> Form:
    """Return the form of two fused multiply-adds: a value that has overflowed is inf - inf in the inner one."""
    left = sp.UnevaluatedExpr(value - beta * value)
    return Form("two multiply-adds", beta * previous + left, by_name=True)


def moving_average(name: str, target: sp.Symbol, previous: sp.Symbol, beta: sp.Symbol, value: sp.Symbol) -> Assignment:
    """Return ``target <- beta*previous + (1 - beta)*value`` with its interpolating forms."""
    line = weighted_average(name, target, previous, 1 - beta, value)
    return replace(line, forms=(*line.forms, two_multiply_adds(previous, beta, value)))


def weighted_average(name: str, target: sp.Symbol, previous: sp.Symbol, weight: sp.Expr, value: sp.Expr) -> Assignment:
    """Return ``target <- (1 - weight)*previous + weight*value`` with its interpolating forms."""
    beta = 1 - weight
    lerp = previous + weight * (value - previous)
    from_the_end = value - (value - previous) * (1 - Cast(weight))
    # An implementation compares its own rounding of the weight with one half.
    forms = (
        Form("lerp", lerp, beta >= sp.Rational(7, 16)),
        Form("lerp", from_the_end, beta <= sp.Rational(9, 16)),
        Form("increment", lerp),
        factored(previous, beta, value),
    )
    return Assignment(name, target, beta * previous + weight * value, forms)


def moving_average_of_square(
    name: str, target: sp.Symbol, previous: sp.Symbol, beta: sp.Symbol, value: sp.Symbol
) -> Assignment:
    """Return ``target <- beta*previous + (1 - beta)*value**2`` with its other forms."""
    weighted = sp.UnevaluatedExpr((1 - beta) * value)
    forms = (
        Form("weight first", beta * previous + weighted * value),
        Form("increment", previous + (1 - beta) * (value**2 - previous)),
        factored(previous, beta, value**2),
        two_multiply_adds(previous, beta, value**2),
    )
    return Assignment(name, target, beta * previous + (1 - beta) * value**2, forms)


def decoupled_decay() -> Assignment:
    """Return ``theta <- (1 - lr*decay)*theta``; the decay may also be subtracted."""
    forms = (Form("subtract the decay", theta - lr * weight_decay * theta),)
    return Assignment("decoupled decay", decayed, theta * (1 - lr * weight_decay), forms)
