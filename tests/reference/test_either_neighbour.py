"""Where either neighbour may be taken, an enclosure holds both of them, and little more."""

from __future__ import annotations

import numpy as np
import pytest

from reference.balls.confirmation import enclose
from reference.compiled import toolchain
from reference.compiled.step_judgement import StepJudge
from reference.formats import BFLOAT16, FLOAT16, FLOAT32, Array, Format
from reference.intervals.enclosure import StepEnclosure, as_intervals
from reference.intervals.roundings import store_rounding
from reference.profile import COMPUTE, EITHER, Profile
from spec import rules as book

RULE = book.build("sgd", {})
SCALARS = {"eta": 1.0, "mu": 0.0, "tau": 0.0, "lambda": 0.0, "t": 1.0}
PROFILE = Profile(intermediate=COMPUTE, stored=EITHER)
HALVES = (BFLOAT16, FLOAT16)


def numbers(storage: Format) -> Array:
    """Return float32 numbers of every size that a half format has, subnormal ones and zero among them."""
    chosen = np.random.default_rng(0)
    least, most = np.log2(storage.smallest_subnormal) - 8, np.log2(storage.largest) - 1
    sizes = np.exp2(chosen.uniform(least, most, 4000)) * chosen.choice([-1.0, 1.0], 4000)
    return np.concatenate([sizes, [0.0], storage.nearest(sizes[:500])]).astype(np.float32).astype(np.float64)


def neighbours(values: Array, storage: Format) -> tuple[Array, Array]:
    """Return the numbers of a format below and above, or a number of it itself."""
    near = storage.nearest(values).astype(storage.dtype)
    down, up = (np.nextafter(near, near.dtype.type(end)).astype(np.float64) for end in (-np.inf, np.inf))
    rounded = near.astype(np.float64)
    return np.where(rounded <= values, rounded, down), np.where(rounded >= values, rounded, up)


@pytest.mark.parametrize("storage", HALVES, ids=lambda storage: storage.name)
def test_both_neighbours_are_legal(storage: Format) -> None:
    """Down to the smallest number, which anything above zero may become."""
    values = numbers(storage)
    legal = store_rounding(PROFILE, storage)(values, values)
    for end in neighbours(values, storage):
        assert legal.contains(end).all(), values[~legal.contains(end)][:5]
    assert not store_rounding(Profile(), storage)(values, values).contains(neighbours(values, storage)[0]).all()


@pytest.mark.parametrize("storage", HALVES, ids=lambda storage: storage.name)
def test_what_is_two_numbers_away_is_not(storage: Format) -> None:
    """Of normal numbers no enclosure reaches farther than the neighbours and half a unit."""
    values = numbers(storage)
    values = values[np.abs(values) >= 2.0 * storage.smallest_normal]
    legal = store_rounding(PROFILE, storage)(values, values)
    room = 4.0 * storage.unit_roundoff * np.abs(values)
    assert (legal.hi <= values + room).all()
    assert (legal.lo >= values - room).all()


@pytest.mark.parametrize("storage", HALVES, ids=lambda storage: storage.name)
def test_the_exact_computation_and_the_compiled_one_agree(storage: Format) -> None:
    """A step of SGD to any number may end at either neighbour, however it is enclosed."""
    gradients = numbers(storage).astype(np.float32)
    gradients = storage.nearest(gradients.astype(storage.work))
    theta = np.full_like(gradients, storage.nearest(np.asarray(1.0, storage.work)))
    before = {"theta": theta.astype(storage.dtype), "b": np.zeros_like(theta).astype(storage.dtype)}
    before["g"] = gradients.astype(storage.dtype)
    walked = StepEnclosure(RULE, PROFILE, storage, SCALARS)(as_intervals(before, storage))["theta"]
    exact = theta.astype(np.float64) - gradients.astype(np.float64)
    for end in neighbours(exact.astype(np.float32).astype(np.float64), storage):
        assert (walked.contains(end.astype(walked.lo.dtype)) | walked.undecided()).all()
    if toolchain.compiler() is not None:
        judge = StepJudge(RULE, PROFILE, storage, SCALARS)
        judged = judge(as_intervals(before, storage), {}, theta.size).legal["theta"]
        assert (judged.lo == walked.lo).all()
        assert (judged.hi == walked.hi).all()
    for place in range(0, theta.size, 97):
        plain = {name: float(values[place]) for name, values in before.items()}
        ball = enclose(RULE, PROFILE, storage, SCALARS, plain)["theta"]
        for end in neighbours(np.asarray([np.float32(exact[place])], np.float64), storage):
            assert ball.contains(float(end[0]))


def test_it_speaks_of_half_formats_alone() -> None:
    """What is computed in its own format is rounded once, and to the nearest."""
    assert store_rounding(PROFILE, FLOAT32) == store_rounding(Profile(intermediate=COMPUTE), FLOAT32)
