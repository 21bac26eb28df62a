"""LAMB: Adam's direction, scaled for each tensor by the ratio of two norms."""

from __future__ import annotations

import sympy as sp

from spec import rule as r
from spec import rule_claims as claim
from spec.lines import moments as a
from spec.lines.assignments import MAXIMIZE, used_gradient
from spec.lines.moments import beta1, beta2, d_t, m, m_t, mhat_t, v, v_t, vhat_t
from spec.lines.trust_ratio import guarded, parameter_norm, phi, u_n, w_n
from spec.rules.adam import adam
from spec.symbols import LEARNING_RATE, PARAMETER, WEIGHT_DECAY, g, lr, t, theta, theta_t, weight_decay
from spec.tensor_functions import Norm

u_t = sp.Symbol("u_t", real=True)
largest = sp.Symbol("gamma_u", positive=True)
LARGEST = r.Hyperparameter(largest, "max_norm", 10.0, r.POSITIVE, "the largest parameter norm that counts")
OPTIONS = (
    r.Option("correction", {"yes": "You et al. 2020, Algorithm 2, timm, optax",
                            "no": "You et al. 2019, first version of the code, pytorch-lamb"}),
    r.Option("clamp", {"no": "the norm itself: timm, optax",
                       "yes": "at most gamma_u: You et al. 2020, section 3, pytorch-lamb"}),
    MAXIMIZE,
)  # fmt: skip


def lamb(correction: str = "yes", clamp: str = "no", maximize: str = "no") -> r.UpdateRule:
    """Build LAMB's program for one choice of its options."""
    program, gradient = used_gradient(maximize=maximize, coupled=False)
    program += a.moments(gradient)
    if correction == "yes":
        program += [*a.corrections(), *a.corrected_moments(), a.denominator("outside")]
        direction = mhat_t / d_t
    else:
        program.append(r.Assignment("denominator", d_t, sp.sqrt(v_t) + a.epsilon))
        direction = m_t / d_t
    norm = sp.Min(w_n, largest) if clamp == "yes" else w_n
    scaled = theta - sp.UnevaluatedExpr(lr * phi) * u_t
    program += [
        r.Assignment("direction", u_t, direction + weight_decay * theta),
        parameter_norm(),
        r.Assignment("direction norm", u_n, Norm(u_t)),
        r.Assignment("trust ratio", phi, guarded(norm / u_n)),
        r.Assignment("update", theta_t, theta - lr * phi * u_t, (r.Form("step size first", scaled),)),
    ]
    chosen = {"correction": correction, "clamp": clamp, "maximize": maximize}
    extra = (LARGEST,) if clamp == "yes" else ()
    decay = r.with_default(WEIGHT_DECAY, 0.01)
    used = (LEARNING_RATE, a.BETA1, a.BETA2, r.with_default(a.EPSILON, 1e-6), decay, *extra)
    return r.UpdateRule("lamb", chosen, PARAMETER, (a.FIRST, a.SECOND), used, tuple(program))


YOU = "You et al. 2020, Algorithm 2"
PLAIN = lamb()
INVARIANTS = (
    claim.constant_gradient(PLAIN, {m: g * (1 - beta1**t), v: g**2 * (1 - beta2**t)},
                            {mhat_t: g, vhat_t: g**2}, YOU),
    claim.holds("trust-ratio/none", "With the trust ratio 1 LAMB is AdamW.", YOU, "substitution",
                PLAIN.composed(theta_t, keep=frozenset({phi})).subs(phi, 1),
                adam("decoupled").composed(theta_t)),
)  # fmt: skip
FAMILY = r.RuleFamily(
    "lamb", "LAMB",
    r.Citation("Y. You et al.", 2020,
               "Large batch optimization for deep learning: training BERT in 76 minutes",
               "arXiv:1904.00962", "Algorithm 2"),
    OPTIONS, lamb, {}, INVARIANTS,
)  # fmt: skip
