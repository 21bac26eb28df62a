"""Lion: the sign of an interpolated momentum."""

from __future__ import annotations

import sympy as sp

from spec import rule_claims as claim
from spec.family import Citation, Family, FormulaClaim
from spec.lines import assignments as lines
from spec.lines import moments
from spec.lines.moments import beta1, beta2, m, m_t
from spec.rule import UNIT, Assignment, Form, Hyperparameter, UpdateRule, with_default
from spec.symbols import LEARNING_RATE, PARAMETER, g, lr, theta, theta_t, weight_decay

interpolated = sp.Symbol("c_t", real=True)
HYPERPARAMETERS = (
    with_default(LEARNING_RATE, 1e-4),
    Hyperparameter(beta1, "betas[0]", 0.9, UNIT, "weight of the momentum in the update"),
    Hyperparameter(beta2, "betas[1]", 0.99, UNIT, "decay rate of the momentum"),
)
OPTIONS = (lines.DECAY, lines.MAXIMIZE)


def lion(decay: str = "none", maximize: str = "no") -> UpdateRule:
    """Build Lion's program for one choice of its options."""
    program, gradient = lines.used_gradient(maximize=maximize, coupled=decay == "coupled")
    shrunk, parameter = moments.decayed_parameter(decay)
    inside = Form("decay inside", theta - lr * (sp.sign(interpolated) + weight_decay * theta))
    program += [
        lines.moving_average("interpolation", interpolated, m, beta1, gradient),
        lines.moving_average("first moment", m_t, m, beta2, gradient),
        *shrunk,
        Assignment(
            "update", theta_t, parameter - lr * sp.sign(interpolated), (inside,) if decay == "decoupled" else ()
        ),
    ]
    chosen = {"decay": decay, "maximize": maximize}
    used = lines.with_decay(decay, *HYPERPARAMETERS)
    return UpdateRule("lion", chosen, PARAMETER, (moments.FIRST,), used, tuple(program))


CHEN = "Chen et al. 2023, Algorithm 2"
PLAIN = lion()
FACTOR = sp.Symbol("c", positive=True)


def claims() -> tuple[FormulaClaim, ...]:
    """Return what is claimed of it."""
    return (
        claim.first_step(PLAIN, -lr * sp.sign((1 - beta1) * g), "The first step is -lr*sign(g).", CHEN),
        claim.decoupled(lion("decoupled"), CHEN),
        claim.coupled(lion("coupled"), CHEN),
        claim.undecayed(lion("decoupled"), PLAIN, CHEN),
    )


FAMILY = Family(
    "lion",
    "Lion",
    Citation(
        "X. Chen et al.", 2023, "Symbolic discovery of optimization algorithms", "arXiv:2302.06675", "Algorithm 2"
    ),
    OPTIONS,
    lion,
    claims,
)
