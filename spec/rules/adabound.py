"""AdaBound and AMSBound: Adam's step size between bounds that close on that of SGD."""

from __future__ import annotations

import sympy as sp

from spec import rule_claims as claim
from spec.family import Citation, Family, FormulaClaim, Option
from spec.lines import assignments as lines
from spec.lines import moments
from spec.lines.moments import c1, c2, m_t, v_t, x, x_t
from spec.rule import NONNEGATIVE, POSITIVE, Assignment, Hyperparameter, UpdateRule, uncast
from spec.rules.adam import adam
from spec.symbols import LEARNING_RATE, PARAMETER, first_lr, lr, t, theta, theta_t

final, final_t, gamma = sp.symbols("alpha_f alpha_t gamma", nonnegative=True)
lower, upper, clipped = sp.symbols("l_t u_t k_t", nonnegative=True)
HYPERPARAMETERS = (
    LEARNING_RATE,
    moments.BETA1,
    moments.BETA2,
    moments.EPSILON,
    Hyperparameter(final, "final_lr", 0.1, NONNEGATIVE, "learning rate of the SGD it ends as"),
    Hyperparameter(gamma, "gamma", 1e-3, POSITIVE, "how fast the bounds close"),
)
RESCALED = sp.UnevaluatedExpr(final * lr) / first_lr
OPTIONS = (
    Option("amsgrad", {"no": "AdaBound", "raw": "AMSBound: the maximum of v"}),
    Option("epsilon", {"outside": "beside the root", "squared": "and 1e-15 under it: pytorch_optimizer"}),
    Option("end", {"final": "final_lr", "rescaled": "by lr over its first value: the authors' code"}),
    lines.DECAY,
    lines.MAXIMIZE,
)


def adabound(
    amsgrad: str = "no", epsilon: str = "outside", end: str = "final", decay: str = "none", maximize: str = "no"
) -> UpdateRule:
    """Build AdaBound's program for one choice of its options, as its authors' code has it."""
    program, gradient = lines.used_gradient(maximize=maximize, coupled=decay == "coupled")
    shrunk, parameter = moments.decayed_parameter(decay)
    second = v_t if amsgrad == "no" else x_t
    largest = [Assignment("maximum", x_t, sp.Max(x, v_t))] if amsgrad == "raw" else []
    rescaled, end_t = ([Assignment("final rate", final_t, RESCALED)], final_t) if end == "rescaled" else ([], final)
    root = sp.sqrt(second + sp.Rational(1, 10**15) if epsilon == "squared" else second)
    program += [
        *moments.averages(gradient),
        *largest,
        *moments.corrections(),
        *rescaled,
        Assignment("lower bound", lower, end_t * (1 - 1 / (gamma * t + 1))),
        Assignment("upper bound", upper, end_t * (1 + 1 / (gamma * t))),
        Assignment(
            "step size",
            clipped,
            sp.Min(sp.Max(sp.UnevaluatedExpr(lr * sp.sqrt(c2) / c1) / (root + moments.epsilon), lower), upper),
        ),
        *shrunk,
        Assignment("update", theta_t, parameter - clipped * m_t),
    ]
    chosen = {"amsgrad": amsgrad, "epsilon": epsilon, "end": end, "decay": decay, "maximize": maximize}
    states = (moments.FIRST, moments.SECOND) if amsgrad == "no" else (moments.FIRST, moments.SECOND, moments.MAXIMUM)
    return UpdateRule("adabound", chosen, PARAMETER, states, lines.with_decay(decay, *HYPERPARAMETERS), tuple(program))


LUO = "Luo, Xiong, Liu and Sun 2019, section 4"
PLAIN, SAME = adabound(), sp.Symbol("k", positive=True)
WIDE = uncast(PLAIN.assignment(clipped).expression).subs({lower: 0, upper: sp.oo})


def claims() -> tuple[FormulaClaim, ...]:
    """Return what is claimed of it."""
    return (
        claim.holds(
            "bounds/open",
            "With bounds wide open it is Adam with epsilon beside the root of v.",
            LUO,
            "substitution of the bounds 0 and infinity",
            theta - WIDE * m_t,
            uncast(adam(epsilon="before_correction").composed(theta_t, keep=frozenset({m_t, v_t, c1, c2}))),
        ),
        claim.holds(
            "bounds/equal",
            "With both bounds equal to k it is SGD with momentum as a moving average.",
            LUO,
            "substitution of the bounds k and k",
            theta - sp.Min(sp.Max(sp.Symbol("z", real=True), SAME), SAME) * m_t,
            theta - SAME * m_t,
        ),
        claim.holds(
            "bounds/limit",
            "Both bounds tend to final_lr.",
            LUO,
            "limits",
            sp.Matrix([final, final]),
            sp.Matrix([sp.limit(PLAIN.assignment(b).expression.subs(gamma, 1), t, sp.oo) for b in (lower, upper)]),
        ),
        claim.decoupled(adabound(decay="decoupled")),
        claim.coupled(adabound(decay="coupled")),
    )


FAMILY = Family(
    "adabound",
    "AdaBound",
    Citation(
        "L. Luo, Y. Xiong, Y. Liu and X. Sun",
        2019,
        "Adaptive gradient methods with dynamic bound of learning rate",
        "arXiv:1902.09843",
        "Algorithm 2, with the bias correction and bounds of the authors' code",
    ),
    OPTIONS,
    adabound,
    claims,
    aliases={"amsbound": {"amsgrad": "raw"}},
    of_first_rate=True,
)
