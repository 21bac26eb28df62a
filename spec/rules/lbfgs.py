"""L-BFGS: a quasi-Newton direction from the last changes of the parameter and of the gradient."""

from __future__ import annotations

import sympy as sp

from spec import rule_claims as claim
from spec.family import Citation, Family, FormulaClaim, Option
from spec.lines import quasi_newton as lines
from spec.lines.quasi_newton import d_t, gamma_t, p, p_t, pair, s, s_t
from spec.rule import CURVATURE, Assignment, State, UpdateRule, with_default
from spec.symbols import LEARNING_RATE, PARAMETER, g, lr, t, theta, theta_t
from spec.tensor_functions import Dot

slope, eta_t = sp.Symbol("phi_t", real=True), sp.Symbol("eta_t", nonnegative=True)
THRESHOLDS = {"1e-10": sp.Rational(1, 10**10), "positive": sp.S.Zero}
OPTIONS = (
    Option("pairs", {"2": "the last two, so that the order shows", "1": "memoryless BFGS"}),
    Option("first", {"damped": "lr*min(1, 1/sum |g|): Schmidt's minFunc, torch", "plain": "lr: Nocedal"}),
    Option("curvature", {"1e-10": "a pair is kept if s.y is above it: torch", "positive": "if s.y > 0"}),
)


def lbfgs(pairs: str = "2", first: str = "damped", curvature: str = "1e-10") -> UpdateRule:
    """Build one iteration without line search, the caller's tolerances closed."""
    number = int(pairs)
    states = (
        State(p, p_t, "prev_flat_grad", "previous gradient", degree=1, near=g - CURVATURE * s),
        State(s, s_t, "last_step", "last step of the parameter", degree=0),
        *(state for index in range(1, number + 1) for state in pair(index)),
        lines.initial_scale(number),
    )
    damped = sp.Piecewise((lr * sp.Min(1, 1 / Dot(sp.Abs(g), 1)), sp.Eq(t, 1)), (lr, True))
    program = (
        *lines.kept(number, THRESHOLDS[curvature]),
        *lines.two_loops(number),
        Assignment("slope", slope, Dot(g, d_t)),
        Assignment("step size", eta_t, damped if first == "damped" else lr),
        Assignment("step", s_t, eta_t * d_t),
        Assignment("update", theta_t, sp.Piecewise((theta + eta_t * d_t, slope <= 0), (theta, True))),
        Assignment("gradient kept", p_t, g),
    )
    chosen = {"pairs": pairs, "first": first, "curvature": curvature}
    return UpdateRule("lbfgs", chosen, PARAMETER, states, (with_default(LEARNING_RATE, 1.0),), program)


NOCEDAL = "Nocedal 1980, section 2"
ONE, TWO = lbfgs("1"), lbfgs("2")
(Y1, S1, RHO1), (Y2, S2, RHO2) = ((state.updated for state in pair(index)) for index in (1, 2))


def direction(rule: UpdateRule, of: sp.Expr = g) -> sp.Expr:
    """Return the direction by the kept pairs, for a gradient in any dimension."""
    kept = frozenset({Y1, S1, RHO1, Y2, S2, RHO2, gamma_t})
    return lines.by_products(rule.composed(d_t, keep=kept).subs(g, of), g, Y1, S1, Y2, S2)


def product(left: sp.Expr, right: sp.Expr) -> sp.Expr:
    """Return a dot product by those of the vectors of two pairs and the gradient."""
    return lines.by_products(Dot(left, right), g, Y1, S1, Y2, S2)


BEHIND = g - RHO1 * product(S1, g) * Y1


def claims() -> tuple[FormulaClaim, ...]:
    """Return what is claimed of it."""
    return (
        claim.holds(
            "direction/empty",
            "Without pairs the direction is -gamma*g.",
            NOCEDAL,
            "substitution",
            direction(TWO).subs({RHO1: 0, RHO2: 0}),
            -gamma_t * g,
        ),
        claim.holds(
            "direction/bfgs",
            "One pair gives BFGS: -(V'*gamma*V + rho*s*s')*g, V = I - rho*y*s'.",
            NOCEDAL,
            "bilinearity of the dot product",
            direction(ONE),
            RHO1 * gamma_t * product(Y1, BEHIND) * S1 - gamma_t * BEHIND - RHO1 * product(S1, g) * S1,
        ),
        claim.holds(
            "direction/secant",
            "The approximation maps the newest change of the gradient to its step.",
            NOCEDAL,
            "bilinearity of the dot product",
            direction(TWO, -Y2).subs(RHO2, 1 / product(S2, Y2)),
            S2,
        ),
        claim.holds(
            "direction/descent",
            "The slope is -(gamma*|V*g|^2 + rho*(s.g)^2): never uphill.",
            "Nocedal and Wright 2006, equation 6.17",
            "bilinearity of the dot product",
            product(g, direction(ONE)),
            -gamma_t * product(BEHIND, BEHIND) - RHO1 * product(S1, g) ** 2,
        ),
    )


FAMILY = Family(
    "lbfgs",
    "L-BFGS",
    Citation(
        "J. Nocedal",
        1980,
        "Updating quasi-Newton matrices with limited storage",
        "Mathematics of Computation 35(151)",
        "the two-loop recursion; Liu and Nocedal 1989",
    ),
    OPTIONS,
    lbfgs,
    claims,
)
