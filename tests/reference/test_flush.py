"""A device that flushes treats subnormals as zero where it computes, as results and as operands."""

from __future__ import annotations

import numpy as np
import pytest

from reference.balls.confirmation import enclose
from reference.formats import BFLOAT16, FLOAT16, FLOAT32, Format
from reference.intervals.enclosure import StepEnclosure, as_intervals
from reference.profile import Profile, flushes
from spec import rules as book

RULE = book.build("sgd", {})
SCALARS = {"eta": 1e10, "mu": 0.0, "tau": 0.0, "lambda": 0.0, "t": 1.0}


def _legal(storage: Format, gradient: float, *, flush: bool) -> tuple[bool, bool]:
    """Tell whether a step from 0 may return its exact value, and whether 0."""
    before = {name: np.zeros(1, storage.dtype) for name in ("theta", "b")}
    before["g"] = np.full(1, gradient, storage.dtype)
    exact = -1e10 * before["g"].astype(storage.work)
    legal = StepEnclosure(RULE, Profile(flush=flush), storage, SCALARS)(as_intervals(before, storage))["theta"]
    return bool((legal.lo <= exact).all() and (exact <= legal.hi).all()), bool(legal.contains(np.zeros(1))[0])


@pytest.mark.parametrize("storage", [FLOAT32, BFLOAT16], ids=lambda storage: storage.name)
def test_a_subnormal_operand_may_count_as_zero(storage: Format) -> None:
    """1e-39 times 1e10 is a normal number, or zero where operands are flushed."""
    assert _legal(storage, 1e-39, flush=True) == (True, True)
    assert _legal(storage, 1e-39, flush=False) == (True, False)


@pytest.mark.parametrize("flush", [True, False])
def test_what_bfloat16_rounds_to_a_normal_number_may_be_flushed_before(flush: bool) -> None:
    """(1 - 2^-14)*2^-126 is subnormal in float32, which is flushed, and 2^-126 once rounded to bfloat16."""
    gradient = (1 + 2.0**-7) * 2.0**-126
    scalars = {**SCALARS, "eta": 1 - 2.0**-7}
    before = {name: np.zeros(1, BFLOAT16.dtype) for name in ("theta", "b")}
    before["g"] = np.full(1, gradient, BFLOAT16.dtype)
    legal = StepEnclosure(RULE, Profile(flush=flush), BFLOAT16, scalars)(as_intervals(before, BFLOAT16))
    assert bool(legal["theta"].contains(np.zeros(1))[0]) is flush
    assert legal["theta"].contains(np.full(1, -(2.0**-126)))[0]
    plain = {"theta": 0.0, "b": 0.0, "g": gradient}
    ball = enclose(RULE, Profile(flush=flush), BFLOAT16, scalars, plain)["theta"]
    assert ball.contains(0.0) is flush
    assert ball.contains(-(2.0**-126))


def test_a_subnormal_of_float16_is_none_of_float32() -> None:
    """Float16 is computed in float32, where its subnormals are normal: they are not flushed."""
    assert not flushes(Profile(flush=True), FLOAT16)
    assert _legal(FLOAT16, 2e-7, flush=True)[1] is False


def test_balls_flush_the_same_operands() -> None:
    """The confirmation agrees that zero is legal, and that it is not where nothing is flushed."""
    before = {"theta": 0.0, "b": 0.0, "g": float(np.float32(1e-39))}
    for flush in (True, False):
        ball = enclose(RULE, Profile(flush=flush), FLOAT32, SCALARS, before)["theta"]
        assert ball.contains(0.0) is flush
        assert ball.contains(float(np.float32(-1e10) * np.float32(1e-39)))
