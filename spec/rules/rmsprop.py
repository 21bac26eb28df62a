"""RMSProp: plain, centered, and with momentum; epsilon inside and outside the root."""

from __future__ import annotations

import sympy as sp

from spec import rule_claims as claim
from spec.family import Citation, Family, FormulaClaim, Option
from spec.lines import assignments as lines
from spec.lines import moments
from spec.lines.moments import d_t, v, v_t
from spec.lines.momentum import MOMENTUM, b, b_t, buffered_step
from spec.rule import UNIT, Assignment, Hyperparameter, State, UpdateRule, with_default
from spec.symbols import LEARNING_RATE, PARAMETER, g, t

alpha, variance = sp.symbols("alpha w_t", nonnegative=True)
mean, mean_t = sp.symbols("a a_t", real=True)
HYPERPARAMETERS = (
    with_default(LEARNING_RATE, 1e-2),
    Hyperparameter(alpha, "alpha", 0.99, UNIT, "decay rate of the second moment"),
    moments.EPSILON,
    MOMENTUM,
)
MEAN = State(mean, mean_t, "grad_avg", "average gradient", degree=1)
BUFFER = State(b, b_t, "momentum_buffer", "momentum buffer", degree=0)
OPTIONS = (
    Option("centered", {"no": "Tieleman and Hinton 2012", "yes": "Graves 2013, equation 39"}),
    Option(
        "epsilon",
        {"outside": "beside the root: torch", "inside": "under the root: Graves 2013, TensorFlow, Keras, optax"},
    ),
    Option("start", {"zero": "the second moment starts at 0: torch", "one": "at 1: TensorFlow 1, timm"}),
    Option(
        "momentum",
        {
            "lr_outside": "the buffer holds directions: torch",
            "lr_inside": "the buffer holds steps: Graves 2013, TensorFlow, Keras, optax",
        },
    ),
    lines.COUPLED_DECAY,
    lines.MAXIMIZE,
)


def rmsprop(
    centered: str = "no",
    epsilon: str = "outside",
    start: str = "zero",
    momentum: str = "lr_outside",
    decay: str = "none",
    maximize: str = "no",
) -> UpdateRule:
    """Build RMSProp's program for one choice of its options."""
    program, gradient = lines.used_gradient(maximize=maximize, coupled=decay == "coupled")
    program.append(lines.moving_average_of_square("second moment", v_t, v, alpha, gradient))
    second = v_t
    if centered == "yes":
        program.append(lines.moving_average("average gradient", mean_t, mean, alpha, gradient))
        program.append(Assignment("variance", variance, v_t - mean_t**2))
        second = variance
    place = {"outside": sp.sqrt(second) + moments.epsilon, "inside": sp.sqrt(second + moments.epsilon)}[epsilon]
    program += [
        Assignment("denominator", d_t, place),
        *buffered_step(gradient, d_t, rate_inside=momentum == "lr_inside"),
    ]
    second_moment = State(
        v,
        v_t,
        "square_avg",
        "second moment",
        2,
        sp.Integer(start == "one"),
        least=(mean**2 if centered == "yes" else None),
    )
    states = (second_moment, *((MEAN,) if centered == "yes" else ()), BUFFER)
    chosen = {
        "centered": centered,
        "epsilon": epsilon,
        "start": start,
        "momentum": momentum,
        "decay": decay,
        "maximize": maximize,
    }
    used = lines.with_decay(decay, *HYPERPARAMETERS)
    return UpdateRule("rmsprop", chosen, PARAMETER, states, used, tuple(program))


GRAVES = "Graves 2013, equations 38 to 45"
PLAIN, CENTERED, COUPLED = rmsprop(), rmsprop(centered="yes"), rmsprop(decay="coupled")


def claims() -> tuple[FormulaClaim, ...]:
    """Return what is claimed of it."""
    return (
        claim.accumulates(PLAIN, GRAVES, {v: g**2 * (1 - alpha**t)}),
        claim.holds(
            "centered/constant-gradient",
            "Under a constant gradient the variance is g^2*alpha^t*(1 - alpha^t): never negative.",
            GRAVES,
            "substitution and simplification",
            CENTERED.composed(variance).subs({v: g**2 * (1 - alpha ** (t - 1)), mean: g * (1 - alpha ** (t - 1))}),
            g**2 * alpha**t * (1 - alpha**t),
        ),
        claim.coupled(COUPLED),
        claim.scale_free(PLAIN, moments.epsilon, "RMSProp", "Tieleman and Hinton 2012"),
    )


FAMILY = Family(
    "rmsprop",
    "RMSProp",
    Citation(
        "A. Graves",
        2013,
        "Generating sequences with recurrent neural networks",
        "arXiv:1308.0850",
        "equations 38 to 45",
    ),
    OPTIONS,
    rmsprop,
    claims,
)
