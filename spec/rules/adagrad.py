"""Adagrad: a learning rate for each element that falls with the sum of squared gradients."""

from __future__ import annotations

import sympy as sp

from spec import rule_claims as claim
from spec.family import Citation, Family, FormulaClaim, Option
from spec.lines import moments
from spec.lines.assignments import COUPLED_DECAY, MAXIMIZE, used_gradient, with_decay
from spec.lines.moments import d_t
from spec.rule import NONNEGATIVE, Assignment, Form, Hyperparameter, State, UpdateRule, with_default
from spec.symbols import LEARNING_RATE, PARAMETER, g, lr, lr_t, t, theta, theta_t

s, s_t, start, lr_decay = sp.symbols("s s_t s0 rho", nonnegative=True)
SUM = State(s, s_t, "sum", "sum of squared gradients", degree=2, initial=start)
HYPERPARAMETERS = (
    with_default(LEARNING_RATE, 1e-2),
    Hyperparameter(lr_decay, "lr_decay", 0.0, NONNEGATIVE, "decay of the learning rate per step"),
    Hyperparameter(start, "initial_accumulator_value", 0.0, NONNEGATIVE, "first value of the sum"),
    Hyperparameter(moments.epsilon, "eps", 1e-10, NONNEGATIVE, "keeps the denominator from zero"),
)
OPTIONS = (
    Option(
        "epsilon",
        {
            "outside": "beside the root: torch",
            "inside": "under the root: Keras",
            "guarded": "under the root, and no step where the sum is 0: optax",
        },
    ),
    COUPLED_DECAY,
    MAXIMIZE,
)


def adagrad(epsilon: str = "outside", decay: str = "none", maximize: str = "no") -> UpdateRule:
    """Build Adagrad's program for one choice of its options."""
    program, gradient = used_gradient(maximize=maximize, coupled=decay == "coupled")
    place = sp.sqrt(s_t) + moments.epsilon if epsilon == "outside" else sp.sqrt(s_t + moments.epsilon)

    def moved(direction: sp.Expr) -> sp.Expr:
        step = theta - lr_t * direction
        return sp.Piecewise((step, s_t > 0), (theta, True)) if epsilon == "guarded" else step

    reciprocal = Form("reciprocal", moved(sp.UnevaluatedExpr(1 / d_t) * gradient))
    program += [
        Assignment("learning rate", lr_t, lr / (1 + (t - 1) * lr_decay)),
        Assignment("sum", s_t, s + gradient**2),
        Assignment("denominator", d_t, place),
        Assignment("update", theta_t, moved(gradient / d_t), (reciprocal,)),
    ]
    chosen = {"epsilon": epsilon, "decay": decay, "maximize": maximize}
    used = with_decay(decay, *HYPERPARAMETERS)
    return UpdateRule("adagrad", chosen, PARAMETER, (SUM,), used, tuple(program))


DUCHI = "Duchi, Hazan and Singer 2011, section 1.2"
PLAIN, COUPLED = adagrad(), adagrad(decay="coupled")


def claims() -> tuple[FormulaClaim, ...]:
    """Return what is claimed of it."""
    return (
        claim.accumulates(PLAIN, DUCHI, {s: start + t * g**2}),
        claim.first_step(
            PLAIN,
            -lr * g / (sp.sqrt(start + g**2) + moments.epsilon),
            "The first step is -lr*g/(sqrt(s0 + g^2) + eps).",
            DUCHI,
        ),
        claim.coupled(COUPLED),
        claim.undecayed(COUPLED, PLAIN),
        claim.scale_free(PLAIN, moments.epsilon, "Adagrad", DUCHI),
    )


FAMILY = Family(
    "adagrad",
    "Adagrad",
    Citation(
        "J. Duchi, E. Hazan and Y. Singer",
        2011,
        "Adaptive subgradient methods for online learning and stochastic optimization",
        "JMLR 12",
        "equation 1 with a diagonal matrix",
    ),
    OPTIONS,
    adagrad,
    claims,
)
