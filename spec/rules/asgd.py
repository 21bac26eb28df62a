"""ASGD: gradient descent with a falling learning rate, and the average of its iterates."""

from __future__ import annotations

import sympy as sp

from spec import rule_claims as claim
from spec.family import Citation, Family, FormulaClaim
from spec.lines import assignments as lines
from spec.rule import CLOSED_UNIT, NONNEGATIVE, Assignment, Form, Hyperparameter, State, UpdateRule, with_default
from spec.symbols import LEARNING_RATE, PARAMETER, g, lr, lr_t, t, theta, theta_t, weight_decay

average, average_t = sp.symbols("a a_t", real=True)
shrink, power, start, weight = sp.symbols("kappa alpha t0 mu_t", nonnegative=True)
AVERAGE = State(average, average_t, "ax", "average of the parameters", degree=0)
HYPERPARAMETERS = (
    with_default(LEARNING_RATE, 1e-2),
    Hyperparameter(shrink, "lambd", 1e-4, NONNEGATIVE, "decay of the parameter and the learning rate"),
    Hyperparameter(power, "alpha", 0.75, CLOSED_UNIT, "power with which the learning rate falls"),
    Hyperparameter(start, "t0", 1e6, NONNEGATIVE, "step after which the average begins"),
)
OPTIONS = (lines.COUPLED_DECAY, lines.MAXIMIZE)


def asgd(decay: str = "none", maximize: str = "no") -> UpdateRule:
    """Build the program of averaged gradient descent for one choice of its options."""
    program, gradient = lines.used_gradient(maximize=maximize, coupled=decay == "coupled")
    early = t - 1 - start <= 1
    decay_added = Form("decay added", theta - lr_t * (gradient + shrink * theta))
    lerp = average + weight * (theta_t - average)
    averaged = Form("lerp", lerp)
    copied = Form("copy", sp.Piecewise((theta_t, early), (lerp, True)))
    program += [
        Assignment("learning rate", lr_t, lr / (1 + shrink * lr * (t - 1)) ** power),
        Assignment("weight of the average", weight, sp.Piecewise((sp.S.One, early), (1 / (t - 1 - start), True))),
        Assignment("update", theta_t, theta * (1 - shrink * lr_t) - lr_t * gradient, (decay_added,)),
        Assignment("average", average_t, (1 - weight) * average + weight * theta_t, (averaged, copied)),
    ]
    chosen = {"decay": decay, "maximize": maximize}
    used = lines.with_decay(decay, *HYPERPARAMETERS)
    return UpdateRule("asgd", chosen, PARAMETER, (AVERAGE,), used, tuple(program))


BOTTOU = "Bottou 2012, section 5.3"
PLAIN, COUPLED = asgd(), asgd("coupled")
AFTER = sp.Symbol("n", integer=True, positive=True)


def claims() -> tuple[FormulaClaim, ...]:
    """Return what is claimed of it."""
    return (
        claim.holds(
            "learning-rate/start",
            "The first step has the learning rate lr, whatever alpha.",
            BOTTOU,
            "substitution",
            PLAIN.assignment(lr_t).expression.subs(t, 1),
            lr,
        ),
        claim.holds(
            "average/weights",
            "The average over n steps weighs each step 1/n.",
            BOTTOU,
            "induction: (1 - 1/n)*(1/(n - 1)) = 1/n",
            (1 - 1 / (AFTER + 1)) / AFTER,
            1 / (AFTER + 1),
        ),
        claim.holds(
            "decay/none",
            "With lambd 0 the parameter follows plain gradient descent.",
            BOTTOU,
            "substitution",
            PLAIN.composed(theta_t).subs(shrink, 0),
            theta - lr * g,
        ),
        claim.same_step(
            "decay/no-coupled",
            "With lambda 0 there is no weight decay.",
            "Loshchilov and Hutter 2019",
            COUPLED,
            PLAIN,
            {weight_decay: sp.S.Zero},
        ),
    )


FAMILY = Family(
    "asgd",
    "Averaged stochastic gradient descent",
    Citation(
        "L. Bottou",
        2012,
        "Stochastic gradient descent tricks",
        "Neural Networks: Tricks of the Trade, LNCS 7700",
        "section 5.3, after Polyak and Juditsky",
    ),
    OPTIONS,
    asgd,
    claims,
)
