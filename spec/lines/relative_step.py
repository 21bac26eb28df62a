"""Adafactor's step size, relative to the parameter, and the clipping of what it multiplies."""

from __future__ import annotations

import sympy as sp

from spec.family import Option
from spec.lines.factored import u_t
from spec.rule import NONNEGATIVE, Assignment, Domain, Form, Hyperparameter
from spec.symbols import lr, t, theta
from spec.tensor_functions import Count, Norm

rho, alpha, clip, epsilon2, d = sp.symbols("rho_t alpha_t kappa_t epsilon2 d", nonnegative=True)
STEP = Option(
    "step",
    {
        "capped": "min(lr, 1/sqrt(t)): Shazeer and Stern 2018, torch",
        "warm-up": "min(1e-6*t, 1/sqrt(t)): transformers with warmup_init",
        "given": "lr: transformers without relative_step",
    },
)
SCALE = Option(
    "scale",
    {
        "parameter": "times the parameter's size: Shazeer and Stern 2018, torch",
        "none": "absolute: transformers without scale_parameter",
    },
)
LEAST_SCALE = Hyperparameter(epsilon2, "eps[1]", 1e-3, NONNEGATIVE, "the least scale of a parameter")
CLIPPED_TO = Hyperparameter(
    d, "d", 1.0, Domain(1.0, float("inf"), high_open=True), "root mean square to which an update is clipped"
)


def step_size(step: str, *, of_parameter: bool) -> list[Assignment]:
    """Return the relative step size, and its product with the parameter's root mean square if asked."""
    relative = {
        "capped": sp.Min(lr, 1 / sp.sqrt(t)),
        "given": lr,
        "warm-up": sp.Min(sp.Rational(1, 10**6) * t, 1 / sp.sqrt(t)),
    }[step]
    size = sp.Max(epsilon2, Norm(theta) / sp.sqrt(Count(theta))) * rho if of_parameter else rho
    return [Assignment("relative step size", rho, relative), Assignment("step size", alpha, size)]


def clipping() -> Assignment:
    """Return by what a direction is divided so that its root mean square is at most d."""
    clipped = sp.Max(1, Norm(u_t) / (sp.sqrt(Count(u_t)) * d))
    divided = Form("mean first", sp.Max(1, sp.UnevaluatedExpr(Norm(u_t) / sp.sqrt(Count(u_t))) / d))
    return Assignment("clipping", clip, clipped, (divided,))
