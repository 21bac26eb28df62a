"""The paths of one rule make one step, whatever the machine has to make it with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import stepproof_optim
import torch
from stepproof_optim.engine import group_step, kernel, prepared
from stepproof_optim.engine.arrays import maximum, quotient, sign
from stepproof_optim.engine.formula import written

SHAPES = ((3, 5), (7,), (), (0,), (2, 3))


@pytest.fixture
def no_compiler(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No C compiler is there, and nothing that one has built."""
    monkeypatch.setattr(kernel, "compiler", lambda: None)
    monkeypatch.setattr(group_step, "_loaded", lambda: None)
    kernel.kernel.cache_clear()
    yield
    kernel.kernel.cache_clear()


def after(make: Any, **switches: Any) -> list[torch.Tensor]:
    """Parameters after three steps with numbers that float32 holds exactly; the last of them is transposed."""
    params = [torch.nn.Parameter(torch.arange(torch.Size(s).numel(), dtype=torch.float32).reshape(s)) for s in SHAPES]
    params[-1] = torch.nn.Parameter(params[-1].detach().t())
    optimizer = make(params, lr=0.5, **switches)
    for step in range(3):
        for n, p in enumerate(params):
            p.grad = torch.full(p.shape, 0.25 * (step + n))
        optimizer.step()
    return [p.detach() for p in params]


@pytest.mark.parametrize("switches", [{"fused": True}, {"foreach": True}, {}, {"differentiable": False}])
def test_paths_without_a_compiler_make_the_same_step(no_compiler: None, switches: dict[str, Any]) -> None:
    """SGD with exact numbers ends at the same bits on every path where nothing is compiled."""
    make = stepproof_optim.SGD
    expected = after(make, momentum=0.5, foreach=False, fused=False)
    assert all(map(torch.equal, after(make, momentum=0.5, **switches), expected))


@pytest.mark.skipif(kernel.compiler() is None, reason="no C compiler is here")
def test_a_compiled_step_makes_the_same_step(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """One pass in C ends at the bits of torch's operations, and leaves its library in the folder that is named."""
    monkeypatch.setattr(kernel, "folder", lambda: tmp_path)
    kernel.kernel.cache_clear()
    make = stepproof_optim.SGD
    expected = after(make, momentum=0.5, foreach=False, fused=False)
    assert all(map(torch.equal, after(make, momentum=0.5, fused=True), expected))
    assert list(tmp_path.glob("*.so"))
    kernel.kernel.cache_clear()


def test_a_compiler_that_fails_costs_nothing(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the compiler ends with an error the step is made by torch's operations."""
    monkeypatch.setattr(kernel, "folder", lambda: tmp_path)
    monkeypatch.setattr(kernel, "compiler", lambda: "/bin/false")
    monkeypatch.setattr(group_step, "_loaded", lambda: None)
    kernel.kernel.cache_clear()
    make = stepproof_optim.SGD
    expected = after(make, momentum=0.5, foreach=False, fused=False)
    assert all(map(torch.equal, after(make, momentum=0.5, fused=True), expected))
    assert kernel.kernel.cache_info().currsize
    assert not list(tmp_path.iterdir())
    kernel.kernel.cache_clear()


def test_a_step_is_written_in_the_same_lines_whatever_its_numbers() -> None:
    """Two steps of other numbers have one program, and a setting that is there has another."""
    rule = stepproof_optim.AdamW.rule

    def lines(**settings: Any) -> tuple[str, ...]:
        group = {"lr": 0.1, "betas": (0.5, 0.5), "eps": 0.1, "weight_decay": 0.0, "amsgrad": False} | settings
        group["decoupled_weight_decay"] = True
        step = written(lambda p, g, state: rule.update(p, g, state, group, 1.0), ("exp_avg", "exp_avg_sq"), ())
        return step.program

    assert lines() == lines(lr=0.7, betas=(0.25, 0.125))
    assert lines() != lines(weight_decay=0.5)


def test_a_nan_stays_a_nan() -> None:
    """A maximum and a sign keep it, where torch's sign makes it 0."""
    x = torch.tensor([float("nan"), -2.0])
    assert sign(x)[0].isnan()
    assert sign(x)[1] == -1
    assert maximum(x, 0.0)[0].isnan()


def test_a_number_over_a_tensor_is_rounded_once() -> None:
    """Torch's own quotient of a number and a tensor is its product with a rounded reciprocal."""
    x = torch.arange(1.0, 1000.0)
    assert torch.equal(quotient(7.0, x), torch.full_like(x, 7.0) / x)
    assert not torch.equal(7.0 / x, torch.full_like(x, 7.0) / x)


def test_what_a_graph_needs_is_known_to_have_changed() -> None:
    """A backward pass through a parameter that a compiled step has overwritten is an error."""
    p = torch.nn.Parameter(torch.ones(4))
    loss = (p * p).sum()
    p.grad = torch.ones(4)
    stepproof_optim.SGD([p], fused=True).step()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


@pytest.mark.thorough
@pytest.mark.skipif(kernel.compiler() is None, reason="no C compiler is here")
def test_one_call_for_a_group_makes_the_same_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """What `prepare` builds steps late gradients, replaced states and several shapes as the paths without it do."""
    prepared.build()
    group_step._loaded.cache_clear()
    assert group_step._loaded() is not None
    make = stepproof_optim.NAdam

    def lived(**switches: Any) -> list[torch.Tensor]:
        params = [torch.nn.Parameter(torch.linspace(-1, 1, torch.Size(s).numel()).reshape(s)) for s in SHAPES[:3]]
        optimizer = make(params, **switches)
        for step in range(6):
            for n, p in enumerate(params):
                p.grad = torch.full(p.shape, 0.25 * (step + n)) if n or step > 2 else None
            if step == 4:
                optimizer.state[params[1]] = dict(optimizer.state[params[1]])
                optimizer.state[params[2]]["exp_avg"] = optimizer.state[params[2]]["exp_avg"].clone()
            optimizer.step()
        counts = [optimizer.state[p]["step"].item() for p in params]
        assert counts == [3, 6, 6]
        return [p.detach() for p in params]

    together = lived()
    group_step._loaded.cache_clear()
    monkeypatch.setattr(group_step, "_loaded", lambda: None)
    assert all(map(torch.equal, together, lived()))
