"""RAdam: Adam's step rectified while the variance of its adaptive learning rate is too large."""

from __future__ import annotations

import sympy as sp

from spec import rule as r
from spec import rule_claims as claim
from spec.lines import assignments as lines
from spec.lines import moments as a
from spec.lines.moments import beta1, beta2, c1, c2, epsilon, m, m_t, mhat_t, v, v_t, vhat_t
from spec.symbols import LEARNING_RATE, PARAMETER, g, lr, t, theta_t, weight_decay

longest, length = sp.symbols("rho_infty rho_t", real=True)
adaptive, rectified = sp.symbols("l_t r_t", nonnegative=True)
HYPERPARAMETERS = (LEARNING_RATE, a.BETA1, a.BETA2, a.EPSILON)
OPTIONS = (
    r.Option("threshold", {"above_5": "torch", "above_4": "Liu et al. 2020", "from_5": "optax, timm"}),
    r.Option("epsilon", {"before_correction": "beside the root of v: torch, timm",
                         "outside": "beside the root of the corrected v: optax"}),
    lines.DECAY,
    lines.MAXIMIZE,
)  # fmt: skip


def radam(
    threshold: str = "above_5", epsilon: str = "before_correction", decay: str = "none", maximize: str = "no"
) -> r.UpdateRule:
    """Build RAdam's program for one choice of its options."""
    program, gradient = lines.used_gradient(maximize=maximize, coupled=decay == "coupled")
    shrunk, parameter = a.decayed_parameter(decay)
    before = epsilon == "before_correction"
    rate = sp.sqrt(c2) / (sp.sqrt(v_t) + EPSILON) if before else 1 / (sp.sqrt(vhat_t) + EPSILON)
    inverted = r.Form("reciprocal", sp.sqrt(c2) * sp.UnevaluatedExpr(1 / (sp.sqrt(v_t) + EPSILON)))
    tractable = {"above_5": length > 5, "above_4": length > 4, "from_5": length >= 5}[threshold]
    program += [
        *a.moments(gradient),
        *a.corrections(),
        *a.corrected_moments(),
        r.Assignment("longest average", longest, 2 / (1 - beta2) - 1),
        r.Assignment("length of the average", length, longest - 2 * t * beta2**t / c2),
        r.Assignment("rectification", rectified, sp.sqrt(
            (length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length))),
        r.Assignment("adaptive learning rate", adaptive, rate, (inverted,) if before else ()),
        *shrunk,
        r.Assignment("update", theta_t, sp.Piecewise(
            (parameter - lr * mhat_t * rectified * adaptive, tractable), (parameter - lr * mhat_t, True)),
            _step_size_first(parameter, tractable) if before else ()),
    ]  # fmt: skip
    chosen = {"threshold": threshold, "epsilon": epsilon, "decay": decay, "maximize": maximize}
    used = lines.with_decay(decay, *HYPERPARAMETERS)
    return r.UpdateRule("radam", chosen, PARAMETER, (a.FIRST, a.SECOND), used, tuple(program))


def _step_size_first(parameter: sp.Expr, tractable: sp.Basic) -> tuple[r.Form, ...]:
    size, root = sp.UnevaluatedExpr(lr * rectified / c1 * sp.sqrt(c2)), sp.sqrt(v_t) + epsilon
    inverse = sp.UnevaluatedExpr(1 / sp.UnevaluatedExpr(root / size))
    plain = parameter - sp.UnevaluatedExpr(lr / c1) * m_t
    steps = {"step size first": m_t * inverse, "step size over root": size * m_t / root}
    return tuple(r.Form(name, sp.Piecewise((parameter - step, tractable), (plain, True)))
                 for name, step in steps.items())  # fmt: skip


EPSILON = epsilon
LIU = "Liu et al. 2020, Algorithm 2"
PLAIN = radam()
INVARIANTS = (
    claim.weights_sum_to_one(PLAIN, m, beta1, mhat_t, LIU),
    claim.holds("rectification/limit", "The rectification tends to 1: RAdam becomes Adam.", LIU, "a limit",
                sp.limit(PLAIN.assignment(rectified).expression, length, longest), sp.S.One),
    claim.accumulates(PLAIN, LIU, {m: g * (1 - beta1**t), v: g**2 * (1 - beta2**t)}),
    claim.decoupled(radam(decay="decoupled"), weight_decay, "Loshchilov and Hutter 2019, Algorithm 2"),
    claim.coupled(radam(decay="coupled"), weight_decay, "Loshchilov and Hutter 2019, equation 1"),
)  # fmt: skip
FAMILY = r.RuleFamily(
    "radam", "RAdam",
    r.Citation("L. Liu et al.", 2020, "On the variance of the adaptive learning rate and beyond",
               "arXiv:1908.03265", "Algorithm 2"),
    OPTIONS, radam, {}, INVARIANTS,
)  # fmt: skip
