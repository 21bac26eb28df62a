"""Muon: momentum of a matrix, made nearly orthogonal by Newton-Schulz iterations."""

from __future__ import annotations

import sympy as sp

from spec import rule_claims as claim
from spec.family import Citation, Family, FormulaClaim, Option
from spec.lines.assignments import decayed, decoupled_decay, weighted_average
from spec.lines.newton_schulz import LEAST, O_t, U_t, a, b, c, newton_schulz
from spec.rule import POSITIVE, UNIT, Assignment, Domain, Form, Hyperparameter, State, UpdateRule, with_default
from spec.symbols import LEARNING_RATE, PARAMETER, WEIGHT_DECAY, g, lr, theta, theta_t, weight_decay
from spec.tensor_functions import Height, Width

mu = sp.Symbol("mu", nonnegative=True)
B, B_t = sp.symbols("B B_t", real=True)
kappa = sp.Symbol("kappa", nonnegative=True)
S_t = sp.Symbol("S_t", real=True)
BUFFER = State(B, B_t, "momentum_buffer", "momentum buffer", degree=1)
COEFFICIENTS = (3.4445, -4.7750, 2.0315)
ANY = Domain(-float("inf"), float("inf"), low_open=True, high_open=True)
HYPERPARAMETERS = (
    LEARNING_RATE,
    with_default(WEIGHT_DECAY, 0.1),
    Hyperparameter(mu, "momentum", 0.95, UNIT, "decay rate of the momentum buffer"),
    *(
        Hyperparameter(
            symbol,
            f"ns_coefficients[{index}]",
            COEFFICIENTS[index],
            ANY,
            f"Newton-Schulz coefficient of degree {2 * index + 1}",
        )
        for index, symbol in enumerate((a, b, c))
    ),
    Hyperparameter(LEAST, "eps", 1e-7, POSITIVE, "the least norm"),
)
OPTIONS = (
    Option("iterations", {"5": "Jordan et al. 2024", "1": "one, in which each term shows"}),
    Option(
        "precision", {"bfloat16": "of the iterations: Jordan et al. 2024, torch", "storage": "that of every other line"}
    ),
    Option(
        "epsilon",
        {
            "floor": "the least norm: torch",
            "added": "added to the norm, and each operation rounded: Jordan et al. 2024",
        },
    ),
    Option("nesterov", {"yes": "Jordan et al. 2024", "no": "plain momentum"}),
    Option(
        "scale",
        {
            "rows": "sqrt(max(1, rows/columns)): Jordan et al. 2024",
            "rms": "0.2*sqrt(max(rows, columns)): Liu et al. 2025",
        },
    ),
)


def muon(
    iterations: str = "5",
    precision: str = "bfloat16",
    epsilon: str = "floor",
    nesterov: str = "yes",
    scale: str = "rows",
) -> UpdateRule:
    """Build Muon's program for one choice of its options."""
    ahead = [] if nesterov == "no" else [weighted_average("look-ahead", U_t, g, mu, B_t)]
    ahead = ahead or [Assignment("look-ahead", U_t, B_t)]
    longer = {
        "rows": sp.sqrt(sp.Max(1, Height(theta) / Width(theta))),
        "rms": sp.Rational(1, 5) * sp.sqrt(sp.Max(Height(theta), Width(theta))),
    }[scale]
    kept_in, added = "bfloat16" if precision == "bfloat16" else "", epsilon == "added"
    step_size_first = Form("step size first", decayed - sp.UnevaluatedExpr(lr * kappa) * O_t)
    program = (
        weighted_average("momentum buffer", B_t, B, 1 - mu, g),
        *ahead,
        *newton_schulz(int(iterations), kept_in, added=added),
        Assignment("scale", kappa, longer),
        *([Assignment("scaled direction", S_t, kappa * O_t, kept_in=kept_in)] if added else []),
        decoupled_decay(),
        Assignment("update", theta_t, decayed - lr * S_t)
        if added
        else Assignment("update", theta_t, decayed - lr * kappa * O_t, (step_size_first,)),
    )
    chosen = {"iterations": iterations, "precision": precision, "epsilon": epsilon, "nesterov": nesterov}
    chosen["scale"] = scale
    return UpdateRule("muon", chosen, PARAMETER, (BUFFER,), HYPERPARAMETERS, program, (2, 2))


JORDAN = "Jordan et al. 2024"
ONE = muon(iterations="1")


def claims() -> tuple[FormulaClaim, ...]:
    """Return what is claimed of it."""
    return (
        claim.holds(
            "momentum/none",
            "With mu 0 the buffer is the gradient.",
            JORDAN,
            "substitution",
            ONE.composed(B_t).subs(mu, 0),
            g,
        ),
        claim.holds(
            "decay/zero-direction",
            "Where the direction is zero the parameter only decays.",
            "Liu et al. 2025, section 2.2",
            "substitution",
            ONE.assignment(theta_t).expression.subs({O_t: 0, decayed: theta * (1 - lr * weight_decay)}),
            theta * (1 - lr * weight_decay),
        ),
    )


FAMILY = Family(
    "muon",
    "Muon",
    Citation(
        "K. Jordan et al.",
        2024,
        "Muon: an optimizer for hidden layers in neural networks",
        "kellerjordan.github.io/posts/muon",
        "the update rule",
    ),
    OPTIONS,
    muon,
    claims,
)
