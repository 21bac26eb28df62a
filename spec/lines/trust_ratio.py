"""The layer-wise trust ratio of LARS and LAMB: norms over a tensor, and their quotient."""

from __future__ import annotations

import sympy as sp

from spec.rule import Assignment
from spec.symbols import theta
from spec.tensor_functions import Norm

w_n, u_n, phi = sp.symbols("W U phi", nonnegative=True)
"""The norms of the parameter and of what it moves along, and the ratio."""


def parameter_norm() -> Assignment:
    """Return the norm of the parameter before the step."""
    return Assignment("parameter norm", w_n, Norm(theta))


def guarded(ratio: sp.Expr) -> sp.Expr:
    """Return ``ratio``, and one where a norm is zero."""
    inner = sp.Piecewise((ratio, u_n > 0), (sp.S.One, True))
    return sp.Piecewise((inner, w_n > 0), (sp.S.One, True))
