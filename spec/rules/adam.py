"""Adam, AdamW and AMSGrad, and where each puts epsilon and the weight decay."""

from __future__ import annotations

import sympy as sp

from spec import assignments as lines
from spec import invariants as claim
from spec import rule as r
from spec.symbols import (
    LEARNING_RATE,
    PARAMETER,
    WEIGHT_DECAY,
    g,
    lr,
    t,
    theta,
    theta_t,
)
from spec.symbols import (
    decay as lam,
)

m, m_t, mhat_t = sp.symbols("m m_t mhat_t", real=True)
v, v_t, vhat_t, x, x_t, d_t = sp.symbols("v v_t vhat_t x x_t d_t", nonnegative=True)
beta1, beta2, epsilon = sp.symbols("beta1 beta2 epsilon", nonnegative=True)
c1, c2 = sp.symbols("c1 c2", positive=True)

HYPERPARAMETERS = (
    LEARNING_RATE,
    r.Hyperparameter(beta1, "betas[0]", 0.9, r.UNIT, "decay rate of the first moment"),
    r.Hyperparameter(beta2, "betas[1]", 0.999, r.UNIT, "decay rate of the second moment"),
    r.Hyperparameter(epsilon, "eps", 1e-8, r.NONNEGATIVE, "keeps the denominator from zero"),
    WEIGHT_DECAY,
)
FIRST = r.State(m, m_t, "exp_avg", "first moment", degree=1)
SECOND = r.State(v, v_t, "exp_avg_sq", "second moment", degree=2)
MAXIMUM = r.State(x, x_t, "max_exp_avg_sq", "largest second moment so far", degree=2)
# fmt: off
OPTIONS = (
    r.Option("decay", {"none": "Kingma and Ba 2015", "coupled": "L2 in the gradient: torch Adam",
                       "decoupled": "Loshchilov and Hutter 2019, times the learning rate: torch AdamW"}),
    r.Option("amsgrad", {"no": "Kingma and Ba 2015", "raw": "maximum of v: torch, timm",
                         "corrected": "maximum of the corrected v: optax"}),
    r.Option("epsilon", {"outside": "beside the root of the corrected v: Algorithm 1, torch, optax",
                         "before_correction": "beside the root of v: section 2, Keras, TensorFlow",
                         "inside": "under the root of the corrected v: optax eps_root",
                         "floor": "the smallest denominator: heavyball"}),
    r.Option("maximize", {"no": "the loss falls", "yes": "the gradient is negated: torch"}),
)
# fmt: on


def adam(
    decay: str = "none", amsgrad: str = "no", epsilon: str = "outside", maximize: str = "no"
) -> r.UpdateRule:
    """Build Adam's program for one choice of its options."""
    # Gradient
    program, gradient = lines.used_gradient(maximize=maximize, coupled=decay == "coupled")
    # Moments
    program += [
        lines.moving_average("first moment", m_t, m, beta1, gradient),
        lines.moving_average_of_square("second moment", v_t, v, beta2, gradient),
        # Bias correction
        r.Assignment("first bias correction", c1, 1 - beta1**t),
        r.Assignment("second bias correction", c2, 1 - beta2**t),
        r.Assignment("corrected first moment", mhat_t, m_t / c1),
    ]
    program += _second_moment(amsgrad)
    program.append(_denominator(epsilon, v_t if amsgrad == "no" else x_t, amsgrad))
    # Update
    parameter = theta
    if decay == "decoupled":
        program.append(lines.decoupled_decay())
        parameter = lines.decayed
    step_size_first = parameter - sp.UnevaluatedExpr(lr / c1) * m_t / d_t
    forms = (r.Form("step size first", step_size_first),)
    program.append(r.Assignment("update", theta_t, parameter - lr * mhat_t / d_t, forms))
    chosen = {"decay": decay, "amsgrad": amsgrad, "epsilon": epsilon, "maximize": maximize}
    states = (FIRST, SECOND) if amsgrad == "no" else (FIRST, SECOND, MAXIMUM)
    used = HYPERPARAMETERS if decay != "none" else HYPERPARAMETERS[:-1]
    return r.UpdateRule("adam", chosen, PARAMETER, states, used, tuple(program))


def _second_moment(amsgrad: str) -> list[r.Assignment]:
    corrected = r.Assignment("corrected second moment", vhat_t, v_t / c2)
    if amsgrad == "raw":
        largest = r.Assignment("maximum", x_t, sp.Max(x, v_t))
        return [largest, r.Assignment("corrected second moment", vhat_t, x_t / c2)]
    if amsgrad == "corrected":
        return [corrected, r.Assignment("maximum", x_t, sp.Max(x, vhat_t))]
    return [corrected]


def _denominator(place: str, raw: sp.Symbol, amsgrad: str) -> r.Assignment:
    corrected = x_t if amsgrad == "corrected" else vhat_t
    expression = {
        "outside": sp.sqrt(corrected) + epsilon,
        "before_correction": (sp.sqrt(raw) + epsilon) / sp.sqrt(c2),
        "inside": sp.sqrt(corrected + epsilon),
        "floor": sp.Max(sp.sqrt(corrected), epsilon),
    }[place]
    root_first = r.Form("root first", sp.sqrt(raw) / sp.sqrt(c2) + epsilon)
    proven = place == "outside" and amsgrad != "corrected"
    return r.Assignment("denominator", d_t, expression, (root_first,) if proven else ())


KINGMA, LOSHCHILOV = "Kingma and Ba 2015, section 3", "Loshchilov and Hutter 2019, Algorithm 2"
DECOUPLED, COUPLED, PLAIN = adam("decoupled"), adam("coupled"), adam()
AMSGRAD, DELTA = adam(amsgrad="raw"), sp.Symbol("delta", nonnegative=True)
INVARIANTS = (
    claim.constant_gradient(
        PLAIN,
        {m: g * (1 - beta1**t), v: g**2 * (1 - beta2**t)},
        {mhat_t: g, vhat_t: g**2},
        KINGMA,
    ),
    claim.weights_sum_to_one(PLAIN, m, beta1, mhat_t, KINGMA),
    claim.weights_sum_to_one(PLAIN, v, beta2, vhat_t, KINGMA),
    claim.first_step(
        PLAIN,
        -lr * g / (sp.Abs(g) + epsilon),
        "The first step is -lr*g/(|g| + eps) for all betas.",
        "Kingma and Ba 2015, section 2.1",
    ),
    claim.decoupled(DECOUPLED, lam, LOSHCHILOV),
    claim.coupled(COUPLED, lam, LOSHCHILOV),
    claim.same_step(
        "decay/none", "AdamW with lambda 0 is Adam.", LOSHCHILOV, DECOUPLED, PLAIN, {lam: 0}
    ),
    r.Invariant(
        "amsgrad/growing",
        "AMSGrad is Adam while v grows.",
        "Reddi, Kale and Kumar 2018, section 4",
        "substitution of a maximum that v has reached",
        lambda: (
            (AMSGRAD.assignment(x_t).expression.subs(x, v_t - DELTA), v_t),
            (AMSGRAD.composed(theta_t, keep=frozenset({x_t})).subs(x_t, PLAIN.composed(v_t)),
             PLAIN.composed(theta_t)),
        ),
    ),
    claim.scale_free(
        PLAIN, epsilon, "Without epsilon Adam does not see the scale of the gradient.",
        "Kingma and Ba 2015, section 2.1",
    ),
)  # fmt: skip
FAMILY = r.RuleFamily(
    "adam",
    "Adam",
    r.Citation("D. P. Kingma and J. Ba", 2015, "Adam: a method for stochastic optimization",
               "arXiv:1412.6980", "Algorithm 1"),
    OPTIONS,
    adam,
    {"adamw": {"decay": "decoupled"}, "amsgrad": {"amsgrad": "raw"}},
    INVARIANTS,
)  # fmt: skip
