"""NAdam: Adam with Nesterov's look-ahead, and the schedule of its momentum."""

from __future__ import annotations

import sympy as sp

from spec import assignments as lines
from spec import invariants as claim
from spec import moments as a
from spec import rule as r
from spec.moments import beta1, beta2, c1, d_t, m, m_t, v
from spec.symbols import LEARNING_RATE, PARAMETER, g, lr, t, theta_t, weight_decay

psi, product, product_t = sp.symbols("psi P P_t", nonnegative=True)
mu, ahead = sp.symbols("mu_t mu_next", nonnegative=True)
now_t, next_t = sp.symbols("alpha_t gamma_t", real=True)
ahead_t = sp.Symbol("n_t", real=True)
HYPERPARAMETERS = (
    r.with_default(LEARNING_RATE, 2e-3), a.BETA1, a.BETA2, a.EPSILON,
    r.Hyperparameter(psi, "momentum_decay", 4e-3, r.NONNEGATIVE, "how fast the momentum rises"),
)  # fmt: skip
PRODUCT = r.State(product, product_t, "mu_product", "product of the momenta so far", degree=0,
                  initial=sp.S.One, scalar=True)  # fmt: skip
OPTIONS = (
    r.Option("average", {"beta1": "the first moment decays by beta1: torch, timm",
                         "scheduled": "by the scheduled momentum: Dozat 2016"}),
    r.Option("schedule", {"rising": "the momentum rises from beta1/2 to beta1: Dozat 2016, torch",
                          "constant": "it is beta1: optax",
                          "shared": "it is beta1, and one correction serves both terms: timm NAdamW"}),
    lines.DECAY,
    lines.MAXIMIZE,
)  # fmt: skip


def scheduled(step: sp.Expr) -> sp.Expr:
    """Return the momentum of a step: it rises from beta1/2 to beta1."""
    return beta1 * (1 - sp.Rational(1, 2) * sp.Rational(96, 100) ** (step * psi))


def nadam(
    average: str = "beta1", schedule: str = "rising", decay: str = "none", maximize: str = "no"
) -> r.UpdateRule:
    """Build NAdam's program for one choice of its options."""
    program, gradient = lines.used_gradient(maximize=maximize, coupled=decay == "coupled")
    shrunk, parameter = a.decayed_parameter(decay)
    moments, rising = a.moments(gradient), schedule == "rising"
    if average == "scheduled":
        moments[0] = r.Assignment("first moment", m_t, mu * m + (1 - mu) * gradient)
    after = [*a.corrections(), a.corrected_moments()[1], a.denominator("outside")]
    if rising:
        program += MOMENTA
        after[0] = r.Assignment("step size of the gradient", now_t, lr * (1 - mu) / (1 - product_t))
        after.append(r.Assignment("step size of the moment", next_t, lr * ahead / (1 - product_t * ahead)))
        inverse = [sp.UnevaluatedExpr(1 / (1 - p)) for p in (product_t, product_t * ahead)]
        sizes = [sp.UnevaluatedExpr(lr * (1 - mu) * inverse[0]), sp.UnevaluatedExpr(lr * ahead * inverse[1])]
        inverted = parameter - sizes[0] * gradient / d_t - sizes[1] * m_t / d_t
        step = r.Assignment("update", theta_t, parameter - now_t * gradient / d_t - next_t * m_t / d_t,
                            (r.Form("reciprocal step sizes", inverted),))  # fmt: skip
    elif schedule == "constant":
        seen = beta1 * (m_t / (1 - beta1 ** (t + 1))) + (1 - beta1) * (gradient / c1)
        parts = (beta1, m_t, 1 - beta1 ** (t + 1)), (1 - beta1, gradient, c1)
        inverse = [w * (x * sp.UnevaluatedExpr(1 / r.Cast(c))) for w, x, c in parts]
        after.append(r.Assignment("look-ahead", ahead_t, seen,
                                  (r.Form("reciprocal correction", sp.Add(*inverse)),)))  # fmt: skip
        step = r.Assignment("update", theta_t, parameter - lr * ahead_t / d_t)
    else:
        after.append(lines.moving_average("look-ahead", ahead_t, m_t, beta1, gradient))
        first = r.Form("step size first", parameter - sp.UnevaluatedExpr(lr / c1) * ahead_t / d_t)
        step = r.Assignment("update", theta_t, parameter - lr * (ahead_t / c1) / d_t, (first,))
    chosen = {"average": average, "schedule": schedule, "decay": decay, "maximize": maximize}
    used = lines.with_decay(decay, *HYPERPARAMETERS[: None if rising else -1])
    states = (a.FIRST, a.SECOND, PRODUCT) if rising else (a.FIRST, a.SECOND)
    return r.UpdateRule("nadam", chosen, PARAMETER, states, used,
                        (*program, *moments, *after, *shrunk, step))  # fmt: skip


MOMENTA = [
    r.Assignment("momentum", mu, scheduled(t)),
    r.Assignment("next momentum", ahead, scheduled(t + 1)),
    r.Assignment("product of momenta", product_t, product * mu),
]
DOZAT = "Dozat 2016, Algorithm 2"
PLAIN = nadam()
INVARIANTS = (
    claim.accumulates("moments/constant-gradient",
                      "A constant gradient g gives the moments g*(1 - beta1^t) and g^2*(1 - beta2^t).",
                      DOZAT, PLAIN, {m: g * (1 - beta1**t), v: g**2 * (1 - beta2**t)}),
    claim.holds("momentum/limits", "The momentum starts from beta1/2 and ends at beta1.", DOZAT, "limits",
                sp.Matrix([scheduled(sp.S.Zero), sp.limit(scheduled(t).subs(psi, 1), t, sp.oo)]),
                sp.Matrix([beta1 / 2, beta1])),
    claim.decoupled(nadam(decay="decoupled"), weight_decay, "Loshchilov and Hutter 2019, Algorithm 2"),
    claim.coupled(nadam(decay="coupled"), weight_decay, "Loshchilov and Hutter 2019, equation 1",
                  (m, v)),
)  # fmt: skip
FAMILY = r.RuleFamily(
    "nadam", "NAdam",
    r.Citation("T. Dozat", 2016, "Incorporating Nesterov momentum into Adam", "ICLR workshop",
               "Algorithm 2"),
    OPTIONS, nadam, {}, INVARIANTS,
    lambda o: o.get("average", "beta1") == "beta1" or o.get("schedule", "rising") == "rising",
)  # fmt: skip
