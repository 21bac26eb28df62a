"""NAdam: Adam with Nesterov's look-ahead, and the schedule of its momentum."""

from __future__ import annotations

import sympy as sp

from spec import assignments as lines
from spec import invariants as claim
from spec import moments as a
from spec import rule as r
from spec.moments import beta1, beta2, c2, d_t, m, m_t, v, vhat_t
from spec.symbols import LEARNING_RATE, PARAMETER, g, lr, t, theta_t, weight_decay

psi, product, product_t = sp.symbols("psi P P_t", nonnegative=True)
mu, ahead = sp.symbols("mu_t mu_next", nonnegative=True)
now_t, next_t = sp.symbols("alpha_t gamma_t", real=True)
HYPERPARAMETERS = (
    r.with_default(LEARNING_RATE, 2e-3), a.BETA1, a.BETA2, a.EPSILON,
    r.Hyperparameter(psi, "momentum_decay", 4e-3, r.NONNEGATIVE, "how fast the momentum rises"),
)  # fmt: skip
PRODUCT = r.State(product, product_t, "mu_product", "product of the momenta so far", degree=0,
                  initial=sp.S.One, scalar=True)  # fmt: skip
OPTIONS = (
    r.Option("average", {"beta1": "the first moment decays by beta1: torch, timm",
                         "scheduled": "by the scheduled momentum: Dozat 2016"}),
    lines.DECAY,
    lines.MAXIMIZE,
)  # fmt: skip


def scheduled(step: sp.Expr) -> sp.Expr:
    """Return the momentum of a step: it rises from beta1/2 to beta1."""
    return beta1 * (1 - sp.Rational(1, 2) * sp.Rational(96, 100) ** (step * psi))


def nadam(average: str = "beta1", decay: str = "none", maximize: str = "no") -> r.UpdateRule:
    """Build NAdam's program for one choice of its options."""
    program, gradient = lines.used_gradient(maximize=maximize, coupled=decay == "coupled")
    shrunk, parameter = a.decayed_parameter(decay)
    first = lines.moving_average("first moment", m_t, m, beta1, gradient)
    if average == "scheduled":
        first = r.Assignment("first moment", m_t, mu * m + (1 - mu) * gradient)
    program += [
        r.Assignment("momentum", mu, scheduled(t)),
        r.Assignment("next momentum", ahead, scheduled(t + 1)),
        r.Assignment("product of momenta", product_t, product * mu),
        first,
        lines.moving_average_of_square("second moment", a.v_t, v, beta2, gradient),
        r.Assignment("second bias correction", c2, 1 - beta2**t),
        r.Assignment("corrected second moment", vhat_t, a.v_t / c2),
        a.denominator("outside"),
        r.Assignment("step size of the gradient", now_t, lr * (1 - mu) / (1 - product_t)),
        r.Assignment("step size of the moment", next_t, lr * ahead / (1 - product_t * ahead)),
        *shrunk,
        r.Assignment("update", theta_t, parameter - now_t * gradient / d_t - next_t * m_t / d_t),
    ]
    chosen = {"average": average, "decay": decay, "maximize": maximize}
    used = lines.with_decay(decay, *HYPERPARAMETERS)
    states = (a.FIRST, a.SECOND, PRODUCT)
    return r.UpdateRule("nadam", chosen, PARAMETER, states, used, tuple(program))


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
)  # fmt: skip
