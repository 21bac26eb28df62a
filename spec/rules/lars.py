"""LARS: momentum, with a learning rate for each tensor from the ratio of two norms."""

from __future__ import annotations

import sympy as sp

from spec import rule_claims as claim
from spec.family import Citation, Family, FormulaClaim, Option
from spec.lines.assignments import MAXIMIZE, used_gradient
from spec.lines.trust_ratio import guarded, parameter_norm, phi, u_n, w_n
from spec.rule import NONNEGATIVE, POSITIVE, UNIT, Assignment, Form, Hyperparameter, State, UpdateRule, with_default
from spec.symbols import LEARNING_RATE, PARAMETER, WEIGHT_DECAY, lr, theta, theta_t, weight_decay
from spec.tensor_functions import Norm

mu, tau, epsilon = sp.symbols("mu tau epsilon", nonnegative=True)
b, b_t, s_t = sp.symbols("b b_t s_t", real=True)
BUFFER = State(b, b_t, "momentum_buffer", "momentum buffer", degree=1)
HYPERPARAMETERS = (
    with_default(LEARNING_RATE, 1.0),
    Hyperparameter(mu, "momentum", 0.9, UNIT, "weight of the momentum buffer"),
    with_default(WEIGHT_DECAY, 1e-4),
    Hyperparameter(tau, "trust_coeff", 1e-3, POSITIVE, "how far the tensor trusts its own gradient"),
    Hyperparameter(epsilon, "eps", 1e-8, NONNEGATIVE, "keeps the denominator from zero"),
)
OPTIONS = (
    Option(
        "norm",
        {
            "sum": "of the gradient plus lambda times that of the parameter: You et al. 2017, timm",
            "of_sum": "of the gradient with its decay: optax",
        },
    ),
    Option(
        "rate",
        {
            "inside": "the learning rate enters the buffer: You et al. 2017, Algorithm 1",
            "outside": "the buffer is multiplied by it: timm, optax",
        },
    ),
    MAXIMIZE,
)


def lars(norm: str = "sum", rate: str = "inside", maximize: str = "no") -> UpdateRule:
    """Build LARS's program for one choice of its options."""
    program, gradient = used_gradient(maximize=maximize, coupled=False)
    decayed = Assignment("decayed gradient", s_t, gradient + weight_decay * theta)
    below = u_n + weight_decay * w_n + epsilon if norm == "sum" else u_n + epsilon
    inside = rate == "inside"
    step_size = sp.UnevaluatedExpr(lr * phi) if inside else phi
    program += [
        decayed,
        parameter_norm(),
        Assignment("gradient norm", u_n, Norm(gradient if norm == "sum" else s_t)),
        Assignment("trust ratio", phi, guarded(tau * w_n / below)),
        Assignment(
            "momentum buffer",
            b_t,
            mu * b + (lr * phi if inside else phi) * s_t,
            (Form("step size first", mu * b + step_size * s_t),) if inside else (),
        ),
        Assignment("update", theta_t, theta - (b_t if inside else lr * b_t)),
    ]
    chosen = {"norm": norm, "rate": rate, "maximize": maximize}
    return UpdateRule("lars", chosen, PARAMETER, (BUFFER,), HYPERPARAMETERS, tuple(program))


YOU = "You, Gitman and Ginsburg 2017, Algorithm 1"
PLAIN = lars()
SCALE = sp.Symbol("c", positive=True)
BOTH = {w_n: SCALE * w_n, u_n: SCALE * u_n, epsilon: 0}


def claims() -> tuple[FormulaClaim, ...]:
    """Return what is claimed of it."""
    return (
        claim.first_step(
            PLAIN,
            -(lr * phi * s_t).subs({line.target: PLAIN.composed(line.target) for line in PLAIN.program}),
            "The first step is -lr*ratio*(g + lambda*theta).",
            YOU,
        ),
        claim.holds(
            "trust-ratio/scale",
            "Without epsilon, parameter and gradient scaled alike leave the ratio.",
            YOU,
            "substitution",
            (tau * w_n / (u_n + weight_decay * w_n + epsilon)).subs(BOTH),
            tau * w_n / (u_n + weight_decay * w_n),
        ),
        claim.holds(
            "rate/constant",
            "From an empty buffer the learning rate inside or outside steps alike.",
            YOU,
            "substitution",
            PLAIN.composed(theta_t).subs(b, 0),
            lars(rate="outside").composed(theta_t).subs(b, 0),
        ),
    )


FAMILY = Family(
    "lars",
    "LARS",
    Citation(
        "Y. You, I. Gitman and B. Ginsburg",
        2017,
        "Large batch training of convolutional networks",
        "arXiv:1708.03888",
        "Algorithm 1",
    ),
    OPTIONS,
    lars,
    claims,
)
