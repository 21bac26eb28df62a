"""Muon's reference rounds where its formula does, and nowhere else."""

from __future__ import annotations

import numpy as np

from reference.formats import BFLOAT16
from reference.rules import muon

OPTIONS = {"iterations": "1", "precision": "storage", "epsilon": "floor", "nesterov": "no", "scale": "rows"}
SCALARS = {"eta": 1.0, "mu": 0.0, "a": 0.0, "b": 1.0, "c": 0.0, "epsilon": 1.0, "lambda": 0.0}


def direction(gradient: float, options: dict[str, str], **scalars: float) -> float:
    """Return what one step of a matrix of one zero subtracts from it, in bfloat16 parameters."""
    zero = np.zeros((1, 1), BFLOAT16.dtype)
    before = {"theta": zero, "B": zero, "g": np.full((1, 1), gradient, BFLOAT16.dtype)}
    return -float(muon.step(OPTIONS | options, BFLOAT16, SCALARS | scalars, before)["theta"][0, 0])


def test_iterations_in_the_arithmetic_of_the_other_lines_are_not_rounded() -> None:
    """1 + 2^-10 has too many bits for bfloat16, in which its parameters are stored."""
    assert direction(1.0, {}, c=2.0**-10) == 1 + 2.0**-10
    assert direction(1.0, {"precision": "bfloat16"}, c=2.0**-10) == 1.0


def test_the_least_norm_is_kept_like_the_norm() -> None:
    """A least norm of 1 + 2^-10 is 1 in bfloat16, so that a gradient of 0.75 stays itself."""
    least = {"epsilon": 1 + 2.0**-10, "a": 1.0, "b": 0.0}
    assert direction(0.75, {"precision": "bfloat16"}, **least) == 0.75
    assert direction(0.75, {}, **least) < 0.75
