"""Adam, AdamW and AMSGrad, and where each puts epsilon and the weight decay."""

from __future__ import annotations

import sympy as sp

from spec import rule as r
from spec import rule_claims as claim
from spec.lines import moments as a
from spec.lines.assignments import MAXIMIZE, used_gradient, with_decay
from spec.lines.moments import beta1, beta2, epsilon, m, mhat_t, v, v_t, vhat_t, x, x_t
from spec.lines.momentum import mu
from spec.rules.rmsprop import alpha, rmsprop
from spec.symbols import LEARNING_RATE, PARAMETER, g, lr, t, theta_t, weight_decay

OPTIONS = (
    r.Option("decay", {"none": "Kingma and Ba 2015", "coupled": "L2 in the gradient: torch Adam",
                       "decoupled": "Loshchilov and Hutter 2019, times the learning rate: torch AdamW"}),
    r.Option("amsgrad", {"no": "Kingma and Ba 2015", "raw": "maximum of v: torch, timm",
                         "corrected": "maximum of the corrected v: optax"}),
    a.EPSILON_PLACES,
    MAXIMIZE,
)  # fmt: skip


def adam(
    decay: str = "none", amsgrad: str = "no", epsilon: str = "outside", maximize: str = "no"
) -> r.UpdateRule:
    """Build Adam's program for one choice of its options."""
    program, gradient = used_gradient(maximize=maximize, coupled=decay == "coupled")
    program += a.moments(gradient) + a.corrections() + a.corrected_moments(amsgrad)
    program.append(a.denominator(epsilon, amsgrad))
    shrunk, parameter = a.decayed_parameter(decay)
    torch = epsilon == "outside" and amsgrad != "corrected"
    below = a.size_below(parameter, v_t if amsgrad == "no" else x_t) if torch else ()
    program += [*shrunk, a.update(parameter, *below)]
    chosen = {"decay": decay, "amsgrad": amsgrad, "epsilon": epsilon, "maximize": maximize}
    states = (a.FIRST, a.SECOND) if amsgrad == "no" else (a.FIRST, a.SECOND, a.MAXIMUM)
    used = with_decay(decay, LEARNING_RATE, a.BETA1, a.BETA2, a.EPSILON)
    return r.UpdateRule("adam", chosen, PARAMETER, states, used, tuple(program))


KINGMA, LOSHCHILOV = "Kingma and Ba 2015, section 3", "Loshchilov and Hutter 2019, Algorithm 2"
DECOUPLED, COUPLED, PLAIN = adam("decoupled"), adam("coupled"), adam()
AMSGRAD, DELTA = adam(amsgrad="raw"), sp.Symbol("delta", nonnegative=True)
INVARIANTS = (
    claim.constant_gradient(PLAIN, {m: g * (1 - beta1**t), v: g**2 * (1 - beta2**t)},
                            {mhat_t: g, vhat_t: g**2}, KINGMA),
    claim.weights_sum_to_one(PLAIN, m, beta1, mhat_t, KINGMA),
    claim.weights_sum_to_one(PLAIN, v, beta2, vhat_t, KINGMA),
    claim.first_step(PLAIN, -lr * g / (sp.Abs(g) + epsilon),
                     "The first step is -lr*g/(|g| + eps) for all betas.",
                     "Kingma and Ba 2015, section 2.1"),
    claim.decoupled(DECOUPLED, weight_decay, LOSHCHILOV),
    claim.coupled(COUPLED, weight_decay, LOSHCHILOV),
    claim.same_step("decay/none", "AdamW with lambda 0 is Adam.", LOSHCHILOV, DECOUPLED, PLAIN,
                    {weight_decay: 0}),
    r.Invariant(
        "amsgrad/growing", "AMSGrad is Adam while v grows.", "Reddi, Kale and Kumar 2018, section 4",
        "substitution of a maximum that v has reached",
        lambda: (
            (AMSGRAD.assignment(x_t).expression.subs(x, v_t - DELTA), v_t),
            (AMSGRAD.composed(theta_t, keep=frozenset({x_t})).subs(x_t, PLAIN.composed(v_t)),
             PLAIN.composed(theta_t)),
        ),
    ),
    claim.holds("first-moment/none", "Without correction and with beta1 0 Adam is RMSProp.",
                "Kingma and Ba 2015, section 5", "substitution",
                PLAIN.composed(theta_t, keep=frozenset({a.c1, a.c2})).subs(
                    {a.c1: 1, a.c2: 1, beta1: 0, beta2: alpha}),
                rmsprop().composed(theta_t).subs(mu, 0)),
    claim.scale_free(PLAIN, epsilon, "Without epsilon Adam does not see the scale of the gradient.",
                     "Kingma and Ba 2015, section 2.1"),
)  # fmt: skip
FAMILY = r.RuleFamily(
    "adam", "Adam",
    r.Citation("D. P. Kingma and J. Ba", 2015, "Adam: a method for stochastic optimization",
               "arXiv:1412.6980", "Algorithm 1"),
    OPTIONS, adam, {"adamw": {"decay": "decoupled"}, "amsgrad": {"amsgrad": "raw"}}, INVARIANTS,
)  # fmt: skip
