"""Averages that are kept corrected hold what optimizers compute by a rate of their own."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from reference.formats import FLOAT32, FLOAT64, Format
from reference.intervals.enclosure import StepEnclosure, as_intervals
from reference.profile import Profile
from spec import rules as book

TIMES = (1, 2, 3, 7, 30, 400)
RATES = (0.5, 0.9, 0.95, 0.999)
RULE = book.build("adam", {"averages": "corrected"})
BY_EXPM1, BY_QUOTIENT = "share left over, by expm1", "share left over, by its own quotient"


def in_tensors(beta: float, t: int, m: torch.Tensor, g: torch.Tensor) -> torch.Tensor:
    """Return the average with its share from float32 tensors."""
    rate, count = torch.tensor(beta), torch.tensor(t)
    share = 1 - (1 - (1 - rate) / -torch.expm1(count * torch.log1p(rate - 1)))
    return m * (1 - share) + g * share


def in_numbers(beta: float, t: int, m: torch.Tensor, g: torch.Tensor) -> torch.Tensor:
    """Return the average with a rate that is a quotient of its own."""
    return m.lerp(g, 1 - (beta**t - beta) / (beta**t - 1))


WAYS = {
    "tensors": (in_tensors, FLOAT32, {"forms": [BY_EXPM1], "single": ["beta1", "beta2", "t"]}),
    "numbers": (in_numbers, FLOAT64, {"forms": [BY_QUOTIENT]}),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_share_by_a_rate_is_held_by_its_form_alone(way: str) -> None:
    """Every value of torch is inside with the form, and some are outside without it."""
    compute, storage, declared = WAYS[way]
    without = {**declared, "forms": ["lerp"]}
    outside = dict.fromkeys(("with", "without"), 0)
    for beta in RATES:
        for t in TIMES:
            for name, profile in (("with", declared), ("without", without)):
                outside[name] += _outside(compute, storage, Profile.from_mapping(profile, "adam"), beta, t)
    assert outside["with"] == 0
    assert outside["without"] > 0


def _outside(compute: Callable[..., torch.Tensor], storage: Format, profile: Profile, beta: float, t: int) -> int:
    generator = np.random.default_rng(t)
    tensors = {name: generator.normal(size=64).astype(storage.dtype) for name in ("theta", "m", "g")}
    tensors["v"] = np.abs(tensors["m"])
    scalars = {"eta": 0.5, "beta1": beta, "beta2": beta, "epsilon": 0.0, "t": float(t)}
    with np.errstate(all="ignore"):
        legal = StepEnclosure(RULE, profile.on(storage), storage, scalars)(as_intervals(tensors, storage))["m"]
    assert not legal.undecided().any()
    came = compute(beta, t, torch.from_numpy(tensors["m"]), torch.from_numpy(tensors["g"]))
    return int(np.sum(~legal.contains(came.numpy().astype(storage.work))))
