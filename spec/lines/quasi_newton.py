"""The lines of limited-memory quasi-Newton methods: pairs that are kept, and the two-loop recursion."""

from __future__ import annotations

import sympy as sp

from spec.rule import CURVATURE, TENSOR, Assignment, State
from spec.symbols import g
from spec.tensor_functions import Dot

p, p_t, s, s_t, y_t, d_t = sp.symbols("p p_t s s_t y_t d_t", real=True)
"""The previous gradient, the last step, the change of the gradient, and the direction."""
c_t, n_t = sp.symbols("c_t n_t", real=True)
gamma, gamma_t = sp.symbols("gamma gamma_t", nonnegative=True)


def pair(index: int) -> tuple[State, State, State]:
    """Return the states of one pair: the gradient's change, the parameter's, and one over their product."""
    named = ((f"{name}{index}", f"{name}{index}_t") for name in ("Y", "S"))
    (change, change_t), (moved, moved_t) = (sp.symbols(both, real=True) for both in named)
    rho, rho_t = sp.symbols(f"rho{index} rho{index}_t", nonnegative=True)
    return (
        State(
            change, change_t, f"old_dirs[{index}]", f"change {index} of the gradient", degree=1, near=CURVATURE * moved
        ),
        State(moved, moved_t, f"old_stps[{index}]", f"step {index} of the parameter", degree=0),
        State(
            rho,
            rho_t,
            f"ro[{index}]",
            f"one over the curvature {index}",
            degree=-1,
            per=TENSOR,
            near=1 / Dot(change, moved),
        ),
    )


def initial_scale(number: int) -> State:
    """Return the state of the initial scale: of the newest pair the curvature over the squared change."""
    change, moved = (state.symbol for state in pair(number)[:2])
    newest = Dot(change, moved) / Dot(change, change)
    return State(gamma, gamma_t, "H_diag", "initial scale", degree=-1, initial=sp.S.One, per=TENSOR, near=newest)


def kept(number: int, above: sp.Expr) -> list[Assignment]:
    """Return the lines by which the newest pair drives out the oldest, if its curvature is ``above``."""

    def chosen(name: str, target: sp.Symbol, new: sp.Expr, old: sp.Symbol) -> Assignment:
        return Assignment(name, target, sp.Piecewise((new, c_t > above), (old, True)))

    lines = [
        Assignment("change of the gradient", y_t, g - p),
        Assignment("curvature", c_t, Dot(y_t, s)),
        Assignment("square of the change", n_t, Dot(y_t, y_t)),
    ]
    for index in range(1, number + 1):
        later = [state.symbol for state in pair(index + 1)] if index < number else [y_t, s, 1 / c_t]
        lines += [
            chosen(f"{state.meaning}", state.updated, new, state.symbol)
            for state, new in zip(pair(index), later, strict=True)
        ]
    return [*lines, chosen("initial scale", gamma_t, c_t / n_t, gamma)]


def two_loops(number: int) -> list[Assignment]:
    """Return the two-loop recursion from -g to the direction."""
    q = [-g, *sp.symbols(f"q1:{number + 1}", real=True)]
    z = [*sp.symbols(f"z1:{number + 1}", real=True), d_t]
    alpha, beta = (sp.symbols(f"{letter}1:{number + 1}", real=True) for letter in ("alpha", "beta"))
    lines = []
    for place, index in enumerate(range(number, 0, -1)):
        change, moved, rho = (state.updated for state in pair(index))
        weight = alpha[index - 1]
        lines += [
            Assignment(f"weight {index}", weight, Dot(moved, q[place]) * rho),
            Assignment(f"first loop {index}", q[place + 1], q[place] - weight * change),
        ]
    lines.append(Assignment("scaled", z[0], q[number] * gamma_t))
    for index in range(1, number + 1):
        change, moved, rho = (state.updated for state in pair(index))
        after = alpha[index - 1] - beta[index - 1]
        lines += [
            Assignment(f"correction {index}", beta[index - 1], Dot(change, z[index - 1]) * rho),
            Assignment(f"second loop {index}", z[index], z[index - 1] + after * moved),
        ]
    return lines


def by_products(expression: sp.Expr, *vectors: sp.Symbol) -> sp.Expr:
    """Write every dot product by the products of the vectors it is a combination of.

    Symbols of vectors then stand for vectors of any length: what holds, holds in every dimension.
    """

    def expanded(left: sp.Expr, right: sp.Expr) -> sp.Expr:
        terms = sp.Poly(sp.expand(left * right), *vectors).terms()
        return sp.Add(*(factor * _product(power, vectors) for power, factor in terms))

    return expression.replace(Dot, expanded)


def _product(power: tuple[int, ...], vectors: tuple[sp.Symbol, ...]) -> sp.Symbol:
    """Return the symbol of the dot product of the two vectors of a term."""
    first, second = (vector for vector, times in zip(vectors, power, strict=True) for _ in range(times))
    return sp.Symbol(f"{first}.{second}", positive=first == second, real=True)
