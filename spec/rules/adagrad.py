"""Adagrad: a learning rate for each element that falls with the sum of squared gradients."""

from __future__ import annotations

import sympy as sp

from spec import rule as r
from spec import rule_claims as claim
from spec.lines.assignments import COUPLED_DECAY, MAXIMIZE, used_gradient, with_decay
from spec.lines.moments import d_t, epsilon
from spec.symbols import LEARNING_RATE, PARAMETER, g, lr, lr_t, t, theta, theta_t, weight_decay

s, s_t, start, lr_decay = sp.symbols("s s_t s0 rho", nonnegative=True)
SUM = r.State(s, s_t, "sum", "sum of squared gradients", degree=2, initial=start)
HYPERPARAMETERS = (
    r.with_default(LEARNING_RATE, 1e-2),
    r.Hyperparameter(lr_decay, "lr_decay", 0.0, r.NONNEGATIVE, "decay of the learning rate per step"),
    r.Hyperparameter(start, "initial_accumulator_value", 0.0, r.NONNEGATIVE, "first value of the sum"),
    r.Hyperparameter(epsilon, "eps", 1e-10, r.NONNEGATIVE, "keeps the denominator from zero"),
)
OPTIONS = (
    r.Option(
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


def adagrad(epsilon: str = "outside", decay: str = "none", maximize: str = "no") -> r.UpdateRule:
    """Build Adagrad's program for one choice of its options."""
    program, gradient = used_gradient(maximize=maximize, coupled=decay == "coupled")
    place = sp.sqrt(s_t) + EPSILON if epsilon == "outside" else sp.sqrt(s_t + EPSILON)

    def moved(direction: sp.Expr) -> sp.Expr:
        step = theta - lr_t * direction
        return sp.Piecewise((step, s_t > 0), (theta, True)) if epsilon == "guarded" else step

    reciprocal = r.Form("reciprocal", moved(sp.UnevaluatedExpr(1 / d_t) * gradient))
    program += [
        r.Assignment("learning rate", lr_t, lr / (1 + (t - 1) * lr_decay)),
        r.Assignment("sum", s_t, s + gradient**2),
        r.Assignment("denominator", d_t, place),
        r.Assignment("update", theta_t, moved(gradient / d_t), (reciprocal,)),
    ]
    chosen = {"epsilon": epsilon, "decay": decay, "maximize": maximize}
    used = with_decay(decay, *HYPERPARAMETERS)
    return r.UpdateRule("adagrad", chosen, PARAMETER, (SUM,), used, tuple(program))


EPSILON = epsilon
DUCHI = "Duchi, Hazan and Singer 2011, section 1.2"
PLAIN, COUPLED = adagrad(), adagrad(decay="coupled")
INVARIANTS = (
    claim.accumulates(PLAIN, DUCHI, {s: start + t * g**2}),
    claim.first_step(PLAIN, -lr * g / (sp.sqrt(start + g**2) + epsilon),
                     "The first step is -lr*g/(sqrt(s0 + g^2) + eps).", DUCHI),
    claim.coupled(COUPLED, weight_decay, "Loshchilov and Hutter 2019, equation 1"),
    claim.same_step("decay/none", "With lambda 0 there is no decay.", "Loshchilov and Hutter 2019",
                    COUPLED, PLAIN, {weight_decay: sp.S.Zero}),
    claim.scale_free(PLAIN, epsilon, "Without epsilon Adagrad does not see the scale of the gradient.",
                     DUCHI),
)  # fmt: skip
FAMILY = r.RuleFamily(
    "adagrad", "Adagrad",
    r.Citation("J. Duchi, E. Hazan and Y. Singer", 2011,
               "Adaptive subgradient methods for online learning and stochastic optimization",
               "JMLR 12", "equation 1 with a diagonal matrix"),
    OPTIONS, adagrad, {}, INVARIANTS,
)  # fmt: skip
