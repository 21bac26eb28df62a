"""Options: what 16 bits cannot hold is kept or drawn, and gradients are unscaled or given up, on every path alike."""

from __future__ import annotations

import copy
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import stepproof_optim
import torch
from stepproof_optim.engine import device_step, group_step, kernel, one_pass
from stepproof_optim.engine.gradient_release import GradientRelease
from stepproof_optim.engine.rounding import rounding_of

HALVES = (torch.bfloat16, torch.float16)
SHAPES = ((3, 5), (), (0,), (1025,))
SINGLE = {"foreach": False, "fused": False}
EXACT: dict[str, dict[str, Any]] = {"SGD": {"momentum": 0.5}, "Lion": {}}
"""Rules of operations that every library rounds alike, with their settings: they take no roots."""
KEPT = ("nearest", "kahan", "master")


def trained(name: str, dtype: torch.dtype, steps: int = 4, **given: Any) -> tuple[list[torch.Tensor], Any]:
    """Return parameters after some steps with gradients that are always the same, and their optimizer."""
    generator = torch.Generator().manual_seed(7)
    params = [torch.nn.Parameter(torch.randn(shape, generator=generator).to(dtype)) for shape in SHAPES]
    optimizer = getattr(stepproof_optim, name)(params, **given)
    for _ in range(steps):
        for p in params:
            p.grad = torch.randn(p.shape, generator=generator).to(dtype)
        optimizer.step()
    return [p.detach() for p in params], optimizer


def of_states(optimizer: Any) -> list[torch.Tensor]:
    return [value for group in optimizer.param_groups for p in group["params"] for value in optimizer.state[p].values()]


@pytest.mark.parametrize("name", EXACT)
@pytest.mark.parametrize("dtype", HALVES)
@pytest.mark.parametrize("rounding", KEPT)
@pytest.mark.parametrize("wide", [False, True])
def test_every_path_keeps_what_is_rounded_away_alike(name: str, dtype: torch.dtype, rounding: str, wide: bool) -> None:
    """Parameters, states and remainders of the paths are the same bits, with wide states and without."""
    given = {"rounding": rounding, "wide_states": wide, **EXACT[name]}
    ends = [trained(name, dtype, **given, **path) for path in (SINGLE, {"fused": True}, {"foreach": True})]
    expected, *others = ([*params, *of_states(optimizer)] for params, optimizer in ends)
    assert len(expected) > len(SHAPES)
    assert all(torch.equal(one, other) for found in others for one, other in zip(found, expected, strict=True))


@pytest.mark.skipif(kernel.compiler() is None, reason="no C compiler is here")
@pytest.mark.parametrize("rounding", [*KEPT, "stochastic"])
@pytest.mark.parametrize("dtype", HALVES)
def test_the_compiler_takes_every_option(dtype: torch.dtype, rounding: str) -> None:
    """One pass is there for parameters of 16 bits, however they are rounded, beside states of any format."""
    how = rounding_of({"rounding": rounding}, dtype)
    for state in (dtype, torch.float32):
        layout = kernel.Layout((dtype, dtype, state), how)
        assert kernel.kernel(("k0 * s0", "v0 + g", "p - v1", "p = v2", "k0 = v1"), 1, layout) is not None


@pytest.mark.skipif(find_spec("triton") is None, reason="Triton is not here: `tox run -e production` installs it")
@pytest.mark.parametrize("dtype", HALVES)
@pytest.mark.parametrize("rounding", [*KEPT[1:], "stochastic"])
def test_one_launch_rounds_as_c_does(
    rounding: str, dtype: torch.dtype, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In Triton's interpreter the same bits are kept as in C, and drawn of the same seed."""
    monkeypatch.setattr(group_step, "_loaded", lambda: None)
    torch.manual_seed(3)
    expected, _ = trained("SGD", dtype, rounding=rounding, momentum=0.5, lr=0.5, fused=True)
    monkeypatch.setenv("TRITON_INTERPRET", "1")
    monkeypatch.setattr(device_step, "folder", lambda: tmp_path)
    monkeypatch.setattr(one_pass, "HOST", "nothing")
    torch.manual_seed(3)
    found, _ = trained("SGD", dtype, rounding=rounding, momentum=0.5, lr=0.5, fused=True)
    assert all(map(torch.equal, found, expected))


@pytest.mark.parametrize("path", [{"fused": True}, {"foreach": True}, SINGLE])
def test_a_master_weight_is_the_float32_parameter(path: dict[str, Any]) -> None:
    """A bfloat16 parameter and its lower half are, put together, the bits of a float32 parameter that steps with it."""
    gradients = torch.randn(40, 300, generator=torch.Generator().manual_seed(2)).bfloat16()
    start = torch.linspace(-2, 2, 300).bfloat16()
    narrow, wide = (torch.nn.Parameter(start.to(dtype)) for dtype in (torch.bfloat16, torch.float32))
    given = {"lr": 2e-4, "momentum": 0.9, **path}
    ours = stepproof_optim.SGD([narrow], rounding="master", wide_states=True, **given)
    full = stepproof_optim.SGD([wide], **given)
    for gradient in gradients:
        narrow.grad, wide.grad = gradient.clone(), gradient.float()
        ours.step()
        full.step()
    high, low = narrow.detach().view(torch.int16).int() << 16, ours.state[narrow]["remainder"].int()
    assert torch.equal((high + low).view(torch.float32), wide.detach())
    assert not torch.equal(wide.detach(), narrow.detach().float())


@pytest.mark.parametrize("path", [{"fused": True}, {"foreach": True}, SINGLE])
def test_a_parameter_that_was_overwritten_leaves_no_remainder_that_matters(path: dict[str, Any]) -> None:
    """Zeros and infinities that somebody writes into a parameter stay what they are beside any remainder."""
    p = torch.nn.Parameter(torch.linspace(-1, 1, 64).bfloat16())
    optimizer = stepproof_optim.SGD([p], lr=1e-3, rounding="master", **path)
    p.grad = torch.ones_like(p)
    optimizer.step()
    for value in (0.0, float("inf"), -float("inf")):
        with torch.no_grad():
            p.fill_(value)
        p.grad = torch.zeros_like(p)
        optimizer.step()
        assert torch.equal(p.detach(), torch.full_like(p, value).detach())


def after_steps_of(rate: float, rounding: str) -> float:
    """Return what 1024 steps of one size lead to from 1."""
    p = torch.nn.Parameter(torch.ones(8, dtype=torch.bfloat16))
    optimizer = stepproof_optim.SGD([p], lr=rate, rounding=rounding)
    for _ in range(1024):
        p.grad = torch.full_like(p, -1.0)
        optimizer.step()
    return p.detach()[0].item()


def test_small_steps_are_lost_or_kept() -> None:
    """Steps of a 256th of the last place move a bfloat16 parameter where something is kept of them, and else not."""
    ends = {rounding: after_steps_of(2.0**-15, rounding) for rounding in KEPT}
    assert ends == {"nearest": 1.0, "kahan": 1.0 + 2.0**-5, "master": 1.0 + 2.0**-5}


def test_kahan_keeps_less_than_a_master() -> None:
    """Steps below the last place of Kahan's 16 bits are lost there, and a master keeps them."""
    assert after_steps_of(2.0**-17, "kahan") == 1.0
    assert after_steps_of(2.0**-17, "master") == 1.0 + 2.0**-7


@pytest.mark.parametrize("dtype", HALVES)
@pytest.mark.parametrize("path", [{"fused": True}, SINGLE])
def test_what_is_drawn_has_the_exact_value_as_its_mean(dtype: torch.dtype, path: dict[str, Any]) -> None:
    """Of a million equal elements three eighths go up where the value lies so far above the lower neighbour."""
    torch.manual_seed(1)
    size, last = 1 << 20, torch.finfo(dtype).eps
    p = torch.nn.Parameter(torch.ones(size, dtype=dtype))
    p.grad = torch.full_like(p, -1.0)
    stepproof_optim.SGD([p], lr=last * 0.375, rounding="stochastic", **path).step()
    up = int((p.detach() > 1).sum())
    assert set(p.detach().unique().tolist()) == {1.0, 1.0 + last}
    assert abs(up - 0.375 * size) < 7 * (size * 0.375 * 0.625) ** 0.5


def test_the_seed_decides_what_is_drawn() -> None:
    """The same seed gives the same bits, another one others, and a float32 parameter draws nothing."""

    def drawn(seed: int, dtype: torch.dtype) -> torch.Tensor:
        torch.manual_seed(seed)
        params, _ = trained("SGD", dtype, lr=1e-3, rounding="stochastic")
        return params[-1]

    assert torch.equal(drawn(1, torch.bfloat16), drawn(1, torch.bfloat16))
    assert not torch.equal(drawn(1, torch.bfloat16), drawn(2, torch.bfloat16))
    state = torch.get_rng_state()
    trained("SGD", torch.float32, lr=1e-3, rounding="stochastic")
    assert torch.equal(state, torch.get_rng_state())


@pytest.mark.parametrize("rounding", ["kahan", "master"])
@pytest.mark.parametrize("dtype", HALVES)
def test_what_is_kept_goes_through_a_checkpoint(rounding: str, dtype: torch.dtype) -> None:
    """A run that goes on from a checkpoint ends at the bits of one that did not stop, states in float32 included."""
    given = {"rounding": rounding, "wide_states": True}
    params, optimizer = trained("AdamW", dtype, **given)
    twins = [torch.nn.Parameter(p.clone()) for p in params]
    other = stepproof_optim.AdamW(twins)
    other.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    for each, members in ((optimizer, optimizer.param_groups[0]["params"]), (other, twins)):
        for p in members:
            p.grad = torch.full_like(p, 0.25)
        each.step()
    assert all(map(torch.equal, twins, params))
    assert all(map(torch.equal, of_states(other), of_states(optimizer)))


@pytest.mark.parametrize("name", ["LAMB", "Muon", "Adafactor"])
def test_a_rule_that_steps_tensors_whole_keeps_a_master_too(name: str) -> None:
    """The lower half beside a matrix of LAMB, Muon or Adafactor is not empty, and its states are in float32."""
    p = torch.nn.Parameter(torch.randn(8, 4, generator=torch.Generator().manual_seed(1)).bfloat16())
    optimizer = getattr(stepproof_optim, name)([p], rounding="master", wide_states=True)
    p.grad = torch.randn(8, 4, generator=torch.Generator().manual_seed(2)).bfloat16()
    optimizer.step()
    kept = dict(optimizer.state[p])
    assert kept.pop("remainder").abs().max() > 0
    kept.pop("step", None)
    assert {value.dtype for value in kept.values()} == {torch.float32}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"rounding": "up"}, "rounding is 'up'; give one of 'nearest', 'stochastic', 'kahan', 'master'"),
        (
            {"rounding": "kahan", "differentiable": True},
            "differentiable is True beside rounding 'kahan'; give 'nearest'",
        ),
        ({"wide_states": 1}, "wide_states is 1; give True or False"),
    ],
)
def test_an_option_that_is_not_legal_is_refused(given: dict[str, Any], said: str) -> None:
    """The error names the option, its value and what to give."""
    with pytest.raises(ValueError, match=said):
        stepproof_optim.AdamW([torch.nn.Parameter(torch.ones(1))], **given)


def model_of(dtype: torch.dtype) -> torch.nn.Sequential:
    torch.manual_seed(0)
    shared = torch.nn.Linear(6, 6)
    return torch.nn.Sequential(torch.nn.Linear(4, 6), shared, torch.nn.Tanh(), shared, torch.nn.Linear(6, 2)).to(dtype)


@pytest.mark.parametrize("given", [{"fused": True}, {"foreach": True}, {"rounding": "master"}])
@pytest.mark.parametrize("name", ["SGD", "NAdam"])
def test_steps_in_the_backward_pass_are_the_steps_after_it(name: str, given: dict[str, Any]) -> None:
    """Parameters and states are the same bits, of a layer that is used twice too, and no gradient is left."""
    dtype = torch.bfloat16 if "rounding" in given else torch.float32
    left, found = [], []
    for released in (False, True):
        model = model_of(dtype)
        optimizer = getattr(stepproof_optim, name)(model.parameters(), lr=0.05, **given)
        release = GradientRelease(optimizer) if released else None
        for step in range(4):
            optimizer.zero_grad()
            model(torch.full((3, 4), 0.5 + step, dtype=dtype)).square().sum().backward()
            left.append(any(p.grad is not None for p in model.parameters()))
            optimizer.step()
        if release:
            release.remove()
            model(torch.ones(1, 4, dtype=dtype)).sum().backward()
            assert all(p.grad is not None for p in model.parameters())
        found.append([*model.parameters(), *of_states(optimizer)])
    assert left == [True] * 4 + [False] * 4
    assert all(map(torch.equal, *found))


def test_a_release_finds_the_settings_of_the_moment() -> None:
    """A learning rate that changes, and a checkpoint that is loaded, are those of the next step in the pass."""
    p = torch.nn.Parameter(torch.ones(1))
    optimizer = stepproof_optim.SGD([p], lr=1.0)
    GradientRelease(optimizer)
    saved = optimizer.state_dict()
    optimizer.param_groups[0]["lr"] = 0.5
    p.sum().backward()
    assert p.item() == 0.5
    optimizer.load_state_dict(saved)
    p.sum().backward()
    assert p.item() == -0.5


def test_a_scaled_float16_gradient_is_unscaled_as_it_is_read() -> None:
    """A gradient that float16 could not hold without the scale moves the parameter, and is not written."""
    p = torch.nn.Parameter(torch.ones(4))
    q = torch.nn.Parameter(torch.zeros(4, dtype=torch.float16))
    optimizer = stepproof_optim.SGD([p, q], lr=1.0)
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**20)
    scaler.scale(torch.ones(()))
    p.grad, q.grad = torch.full_like(p, 2.0**20), torch.full_like(q, 1.0)
    scaler.step(optimizer)
    assert p.detach().tolist() == [0.0] * 4
    assert q.detach().tolist() == [-(2.0**-20)] * 4
    assert q.grad.tolist() == [1.0] * 4


@pytest.mark.skipif(kernel.compiler() is None, reason="no C compiler is here")
def test_a_million_drawn_elements_are_stepped_by_two_threads_as_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is drawn depends on the place of an element and not on the thread that steps it."""
    found = []
    before = torch.get_num_threads()
    for threads in (1, 2):
        torch.set_num_threads(threads)
        torch.manual_seed(4)
        p = torch.nn.Parameter(torch.ones(1 << 20, dtype=torch.bfloat16))
        p.grad = torch.full_like(p, -1.0)
        stepproof_optim.SGD([p], lr=2e-3, rounding="stochastic", fused=True).step()
        found.append(p.detach())
    torch.set_num_threads(before)
    assert torch.equal(*found)
