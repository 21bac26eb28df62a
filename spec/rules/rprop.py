"""Rprop: step sizes that grow while a gradient keeps its sign and shrink when it turns."""

from __future__ import annotations

import sympy as sp

from spec import rule_claims as claim
from spec.family import Citation, Family, FormulaClaim
from spec.lines import assignments as lines
from spec.rule import ABOVE_ONE, OPEN_UNIT, POSITIVE, Assignment, Hyperparameter, State, UpdateRule, with_default
from spec.symbols import LEARNING_RATE, PARAMETER, lr, theta, theta_t

previous, kept, product = sp.symbols("p p_t q_t", real=True)
size, size_t, shrink, grow, least, most, factor = sp.symbols(
    "s s_t eta_minus eta_plus s_min s_max f_t", nonnegative=True
)
PREVIOUS = State(previous, kept, "prev", "previous gradient", degree=1)
SIZE = State(size, size_t, "step_size", "step size", degree=0, initial=lr)
HYPERPARAMETERS = (
    with_default(LEARNING_RATE, 1e-2),
    Hyperparameter(shrink, "etas[0]", 0.5, OPEN_UNIT, "factor when the sign turns"),
    Hyperparameter(grow, "etas[1]", 1.2, ABOVE_ONE, "factor while the sign stays"),
    Hyperparameter(least, "step_sizes[0]", 1e-6, POSITIVE, "smallest step size"),
    Hyperparameter(most, "step_sizes[1]", 50.0, POSITIVE, "largest step size"),
)
OPTIONS = (lines.MAXIMIZE,)


def rprop(maximize: str = "no") -> UpdateRule:
    """Build the program of Rprop without backtracking."""
    program, gradient = lines.used_gradient(maximize=maximize, coupled=False)
    turned = product < 0
    program += [
        Assignment("product of gradients", product, gradient * previous),
        Assignment("factor", factor, sp.Piecewise((grow, product > 0), (shrink, turned), (1, True))),
        Assignment("step size", size_t, sp.Min(sp.Max(size * factor, least), most)),
        Assignment("gradient kept", kept, sp.Piecewise((0, turned), (gradient, True))),
        Assignment("update", theta_t, theta - sp.sign(kept) * size_t),
    ]
    return UpdateRule("rprop", {"maximize": maximize}, PARAMETER, (PREVIOUS, SIZE), HYPERPARAMETERS, tuple(program))


IGEL = "Igel and Huesken 2000, iRprop-"
PLAIN = rprop()
c, g = sp.Symbol("c", positive=True), sp.Symbol("g", real=True)


def claims() -> tuple[FormulaClaim, ...]:
    """Return what is claimed of it."""
    return (
        claim.holds(
            "scale/gradient-factor",
            "The update does not see the size of the gradient.",
            IGEL,
            "substitution",
            sp.sign(c * kept) * size_t,
            sp.sign(kept) * size_t,
        ),
        claim.holds(
            "turn/no-step",
            "Where the gradient turned the parameter stays.",
            IGEL,
            "substitution",
            PLAIN.assignment(theta_t).expression.subs(kept, 0),
            theta,
        ),
    )


FAMILY = Family(
    "rprop",
    "Rprop",
    Citation(
        "C. Igel and M. Huesken",
        2000,
        "Improving the Rprop learning algorithm",
        "Neural Computation 2000",
        "iRprop-: no backtracking, after Riedmiller and Braun 1993",
    ),
    OPTIONS,
    rprop,
    claims,
)
