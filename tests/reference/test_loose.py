"""A setting that is known within a unit may be what operations that cancel leave of it, and nothing further away."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from reference.balls.confirmation import enclose
from reference.formats import FLOAT32, FLOAT64, Format
from reference.intervals.enclosure import StepEnclosure, as_intervals
from reference.profile import Profile
from spec import rules as book
from spec.symbols import lr

SGD = book.build("sgd")
RATES = np.random.default_rng(5).uniform(1e-3, 1.0, 300)
PLAIN = Profile(contraction=False, rule="sgd")
LOOSE = dataclasses.replace(PLAIN, loose=frozenset({lr.name}))
SINGLE = frozenset({lr.name})


def inside(rate: float, stepped: np.ndarray, profile: Profile, storage: Format) -> tuple[bool, bool]:
    """Tell whether a step from 0 by a gradient of 1 is inside the intervals, and inside the exact ranges."""
    scalars = {lr.name: rate, "mu": 0.0, "tau": 0.0, "t": 1.0}
    before = {"theta": np.zeros(1, storage.dtype), "b": np.zeros(1, storage.dtype), "g": np.ones(1, storage.dtype)}
    legal = StepEnclosure(SGD, profile, storage, scalars)(as_intervals(before, storage))["theta"]
    exact = enclose(SGD, profile, storage, scalars, {name: float(array[0]) for name, array in before.items()})["theta"]
    value = float(stepped[0])
    return bool(legal.contains(stepped.astype(storage.work)).all()), bool(exact.lo <= value <= exact.hi)


@pytest.mark.parametrize("storage", [FLOAT64, FLOAT32], ids=lambda storage: storage.name)
def test_what_cancels_is_inside(storage: Format) -> None:
    """The rate times a count by the count is inside in both engines, in the arithmetic of the host and of tensors."""
    single = SINGLE if storage is FLOAT32 else frozenset()
    plain, loose = (dataclasses.replace(profile, single=single) for profile in (PLAIN, LOOSE))
    kind, alone = storage.dtype.type, 0
    for place, rate in enumerate(RATES, start=2):
        stepped = np.array([-(kind(rate) * kind(place) / kind(place))], storage.dtype)
        assert inside(float(rate), stepped, loose, storage) == (True, True)
        alone += inside(float(rate), stepped, plain, storage)[0]
    assert 0 < alone < len(RATES)


def test_what_is_further_away_is_outside() -> None:
    """Four units away is no rounding of two operations."""
    off = {float(rate): np.array([-float(rate) * (1 + 2.0**-50)]) for rate in RATES}
    assert {inside(rate, stepped, LOOSE, FLOAT64) for rate, stepped in off.items()} == {(False, False)}


def test_nothing_comes_of_a_rate_of_zero() -> None:
    """A rate of 0 is 0 times anything by anything."""
    assert inside(0.0, np.zeros(1), LOOSE, FLOAT64) == (True, True)
    assert inside(0.0, np.full(1, -5e-324), LOOSE, FLOAT64) == (False, False)
