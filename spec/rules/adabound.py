"""AdaBound and AMSBound: Adam's step size between bounds that close on that of SGD."""

from __future__ import annotations

import sympy as sp

from spec import rule as r
from spec import rule_claims as claim
from spec.lines import assignments as lines
from spec.lines import moments as a
from spec.lines.moments import c1, c2, epsilon, m_t, v_t, x, x_t
from spec.rules.adam import adam
from spec.symbols import LEARNING_RATE, PARAMETER, lr, t, theta, theta_t, weight_decay

final, gamma = sp.symbols("alpha_f gamma", nonnegative=True)
lower, upper, clipped = sp.symbols("l_t u_t k_t", nonnegative=True)
HYPERPARAMETERS = (
    LEARNING_RATE, a.BETA1, a.BETA2, a.EPSILON,
    r.Hyperparameter(final, "final_lr", 0.1, r.NONNEGATIVE, "learning rate of the SGD it ends as"),
    r.Hyperparameter(gamma, "gamma", 1e-3, r.POSITIVE, "how fast the bounds close"),
)  # fmt: skip
RESCALED = sp.UnevaluatedExpr(sp.UnevaluatedExpr(final * lr) / lr)
END = {"final": final, "rescaled": sp.Piecewise((RESCALED, lr > 0), (0, True))}
HIDDEN, EPSILON = sp.Rational(1, 10**15), epsilon
OPTIONS = (
    r.Option("amsgrad", {"no": "AdaBound", "raw": "AMSBound: the maximum of v"}),
    r.Option("epsilon", {"outside": "beside the root", "squared": "and 1e-15 under it: pytorch_optimizer"}),
    r.Option("end", {"final": "final_lr", "rescaled": "by lr over its first value: pytorch_optimizer"}),
    lines.DECAY,
    lines.MAXIMIZE,
)  # fmt: skip


def adabound(amsgrad: str = "no", epsilon: str = "outside", end: str = "final", decay: str = "none",
             maximize: str = "no") -> r.UpdateRule:  # fmt: skip
    """Build AdaBound's program for one choice of its options, as its authors' code has it."""
    program, gradient = lines.used_gradient(maximize=maximize, coupled=decay == "coupled")
    shrunk, parameter = a.decayed_parameter(decay)
    second = v_t if amsgrad == "no" else x_t
    largest = [r.Assignment("maximum", x_t, sp.Max(x, v_t))] if amsgrad == "raw" else []
    root = sp.sqrt(second + HIDDEN if epsilon == "squared" else second)
    program += [
        *a.moments(gradient), *largest, *a.corrections(),
        r.Assignment("lower bound", lower, END[end] * (1 - 1 / (gamma * t + 1))),
        r.Assignment("upper bound", upper, END[end] * (1 + 1 / (gamma * t))),
        r.Assignment("step size", clipped, sp.Min(sp.Max(
            sp.UnevaluatedExpr(lr * sp.sqrt(c2) / c1) / (root + EPSILON), lower), upper)),
        *shrunk,
        r.Assignment("update", theta_t, parameter - clipped * m_t),
    ]  # fmt: skip
    chosen = {"amsgrad": amsgrad, "epsilon": epsilon, "end": end, "decay": decay, "maximize": maximize}
    states = (a.FIRST, a.SECOND) if amsgrad == "no" else (a.FIRST, a.SECOND, a.MAXIMUM)
    return r.UpdateRule("adabound", chosen, PARAMETER, states, lines.with_decay(decay, *HYPERPARAMETERS),
                        tuple(program))  # fmt: skip


LUO = "Luo, Xiong, Liu and Sun 2019, section 4"
PLAIN, SAME = adabound(), sp.Symbol("k", positive=True)
WIDE = r.uncast(PLAIN.assignment(clipped).expression).subs({lower: 0, upper: sp.oo})
INVARIANTS = (
    claim.holds("bounds/open", "With bounds wide open it is Adam with epsilon beside the root of v.", LUO,
                "substitution of the bounds 0 and infinity", theta - WIDE * m_t,
                r.uncast(adam(epsilon="before_correction").composed(
                    theta_t, keep=frozenset({m_t, v_t, c1, c2})))),
    claim.holds("bounds/equal", "With both bounds equal to k it is SGD with momentum as a moving average.",
                LUO, "substitution of the bounds k and k",
                theta - sp.Min(sp.Max(sp.Symbol("z", real=True), SAME), SAME) * m_t, theta - SAME * m_t),
    claim.holds("bounds/limit", "Both bounds tend to final_lr.", LUO, "limits", sp.Matrix([final, final]),
                sp.Matrix([sp.limit(PLAIN.assignment(b).expression.subs(gamma, 1), t, sp.oo)
                           for b in (lower, upper)])),
    claim.decoupled(adabound(decay="decoupled"), weight_decay, "Loshchilov and Hutter 2019, Algorithm 2"),
    claim.coupled(adabound(decay="coupled"), weight_decay, "Loshchilov and Hutter 2019, equation 1"),
)  # fmt: skip
FAMILY = r.RuleFamily(
    "adabound", "AdaBound",
    r.Citation("L. Luo, Y. Xiong, Y. Liu and X. Sun", 2019,
               "Adaptive gradient methods with dynamic bound of learning rate", "arXiv:1902.09843",
               "Algorithm 2, with the bias correction and bounds of the authors' code"),
    OPTIONS, adabound, {"amsbound": {"amsgrad": "raw"}}, INVARIANTS,
)  # fmt: skip
