"""Adafactor: a second moment in factored form, steps relative to the parameter, updates clipped."""

from __future__ import annotations

from collections.abc import Mapping

import sympy as sp

from spec import rule_claims as claim
from spec.family import Citation, Family, FormulaClaim, Option
from spec.lines.assignments import MAXIMIZE, decayed, decoupled_decay, used_gradient, weighted_average
from spec.lines.factored import EXPONENT, FLOOR, C, R_t, V, V_t, direction, epsilon1, second_moment, u_t
from spec.lines.moments import BETA1, FIRST, beta1, m, m_t
from spec.lines.relative_step import CLIPPED_TO, LEAST_SCALE, SCALE, STEP, alpha, clip, clipping, step_size
from spec.rule import Assignment, Form, UpdateRule, with_default
from spec.symbols import LEARNING_RATE, PARAMETER, WEIGHT_DECAY, g, t, theta, theta_t, weight_decay
from spec.tensor_functions import Mean, RowMean

HYPERPARAMETERS = (with_default(LEARNING_RATE, 1e-2), EXPONENT, FLOOR, LEAST_SCALE, CLIPPED_TO, WEIGHT_DECAY)
OPTIONS = (
    Option("factored", {"yes": "matrices: rows and columns", "no": "vectors: Adam's second moment"}),
    Option(
        "epsilon",
        {
            "added": "to the squared gradient: Shazeer and Stern 2018, transformers, optax",
            "floor": "the least second moment: torch",
        },
    ),
    STEP,
    SCALE,
    Option("decay", {"lr": "times the learning rate: torch", "step": "times the step size: transformers"}),
    Option("moment", {"none": "Shazeer and Stern 2018", "beta1": "of the updates: transformers"}),
    MAXIMIZE,
)
TORCH = {"step": "capped", "scale": "parameter", "decay": "lr", "moment": "none"}


def legal(chosen: Mapping[str, str]) -> bool:
    """Tell whether options go together: those of transformers only with its epsilon."""
    of_torch = all(chosen.get(name, value) == value for name, value in TORCH.items())
    return of_torch or (chosen.get("epsilon") != "floor" and chosen.get("maximize") != "yes")


def adafactor(
    factored: str = "yes",
    epsilon: str = "added",
    step: str = "capped",
    scale: str = "parameter",
    decay: str = "lr",
    moment: str = "none",
    maximize: str = "no",
) -> UpdateRule:
    """Build Adafactor's program for one choice of its options."""
    program, gradient = used_gradient(maximize=maximize, coupled=False)
    lines, below, states = second_moment(gradient, factored == "yes", added=epsilon == "added")
    program += [
        *lines,
        *step_size(step, of_parameter=scale == "parameter"),
        direction(gradient, below, factored == "yes"),
        clipping(),
    ]
    used = alpha * u_t / clip
    if moment == "beta1":
        program.append(weighted_average("first moment", m_t, m, 1 - beta1, sp.UnevaluatedExpr(used)))
        states, used = (*states, FIRST), m_t
    shrunk = (
        decoupled_decay()
        if decay == "lr"
        else Assignment("decoupled decay", decayed, theta - weight_decay * alpha * theta)
    )
    forms = (Form("step size first", decayed - sp.UnevaluatedExpr(alpha / clip) * u_t),)
    program += [shrunk, Assignment("update", theta_t, decayed - used, forms if moment == "none" else ())]
    chosen = {
        "factored": factored,
        "epsilon": epsilon,
        "step": step,
        "scale": scale,
        "decay": decay,
        "moment": moment,
        "maximize": maximize,
    }
    kept = (*HYPERPARAMETERS, BETA1) if moment == "beta1" else HYPERPARAMETERS
    return UpdateRule(
        "adafactor", chosen, PARAMETER, states, kept, tuple(program), (2, 2) if factored == "yes" else (0, 1)
    )


SHAZEER = "Shazeer and Stern 2018, Algorithm 4"
VECTOR, MATRIX = adafactor(factored="no"), adafactor()


def claims() -> tuple[FormulaClaim, ...]:
    """Return what is claimed of it."""
    return (
        claim.holds(
            "decay-rate/first",
            "The first step forgets the initial moments.",
            SHAZEER,
            "substitution of t = 1",
            sp.Matrix([VECTOR.composed(V_t), MATRIX.composed(R_t)]).subs(t, 1),
            sp.Matrix([g**2 + epsilon1, RowMean(g**2 + epsilon1)]),
        ),
        claim.holds(
            "factored/rank-one",
            "A second moment of rank one is recovered: R*C/mean(R) is its element.",
            "Shazeer and Stern 2018, section 3",
            "substitution of a row and a column factor",
            (V * Mean(C)) * (C * Mean(V)) / (Mean(V) * Mean(C)),
            V * C,
        ),
    )


FAMILY = Family(
    "adafactor",
    "Adafactor",
    Citation(
        "N. Shazeer and M. Stern",
        2018,
        "Adafactor: adaptive learning rates with sublinear memory cost",
        "arXiv:1804.04235",
        "Algorithm 4",
    ),
    OPTIONS,
    adafactor,
    claims,
    legal=legal,
)
