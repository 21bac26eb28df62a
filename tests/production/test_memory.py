"""A step holds no more than parameters, gradients, states and what one chunk takes, as torch's allocator counts it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import stepproof_optim
import torch
from benchmark import temporary
from stepproof_optim.engine import kernel, pieces

SINGLE = {"foreach": False, "fused": False}
LARGE = 3 * pieces.CHUNK_ON_HOST + 1
RULES = [
    name
    for name in stepproof_optim.__all__
    if hasattr(getattr(stepproof_optim, name), "rule") and getattr(stepproof_optim, name).rule.elementwise
]
ARRAYS = 10
"""So many arrays of a chunk the longest rule holds at once: its operands and what they were made into."""


def stepped(name: str, sizes: list[int], **given: Any) -> tuple[Callable[[], Any], list[torch.Tensor]]:
    """Return the third step of a rule on tensors of some sizes, and its parameters."""
    generator = torch.Generator().manual_seed(5)
    params = [torch.nn.Parameter(torch.randn(size, generator=generator)) for size in sizes]
    for p in params:
        p.grad = torch.randn(p.shape, generator=generator)
    optimizer = getattr(stepproof_optim, name)(params, **given)
    optimizer.step()
    optimizer.step()
    return optimizer.step, [p.detach() for p in params]


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("path", [{"foreach": True}, SINGLE])
def test_torchs_operations_take_a_chunk(name: str, path: dict[str, Any]) -> None:
    """Beside a tensor of more than three chunks and one of a whole chunk a step takes the arrays of one."""
    step, _ = stepped(name, [LARGE, pieces.CHUNK_ON_HOST], **path)
    assert 0 < temporary(step) <= ARRAYS * 4 * pieces.CHUNK_ON_HOST


@pytest.mark.skipif(kernel.compiler() is None, reason="no C compiler is here")
@pytest.mark.parametrize("name", RULES)
def test_one_pass_takes_nothing(name: str) -> None:
    """A step in C takes a few numbers, whatever the size of the tensors."""
    step, _ = stepped(name, [LARGE, pieces.CHUNK_ON_HOST])
    assert temporary(step) < 1024


@pytest.mark.parametrize("name", ["LAMB", "Adafactor", "Muon"])
def test_a_rule_that_steps_tensors_whole_takes_one_tensor(name: str) -> None:
    """Eight matrices take no more beside what is kept than one of them does."""

    def taken(count: int) -> int:
        params = [torch.nn.Parameter(torch.ones(64, 64)) for _ in range(count)]
        for p in params:
            p.grad = torch.ones_like(p)
        optimizer = getattr(stepproof_optim, name)(params)
        optimizer.step()
        return temporary(optimizer.step)

    assert 0 < taken(8) <= taken(1) + 1024


@pytest.mark.parametrize("given", [{}, {"momentum": 0.5, "weight_decay": 0.5}])
@pytest.mark.parametrize("path", [{"foreach": True}, SINGLE])
def test_chunks_make_the_step_of_the_whole(
    given: dict[str, Any], path: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tensor in pieces, small ones together and one with gaps end at the bits of tensors that are stepped whole."""

    def after() -> list[torch.Tensor]:
        params = [torch.nn.Parameter(torch.linspace(-1, 1, size)) for size in (5, 1, 37, 16, 3)]
        params += [torch.nn.Parameter(torch.linspace(-1, 1, 40).reshape(5, 8).t())]
        params += [torch.nn.Parameter(torch.linspace(-1, 1, 80)[::2])]
        optimizer = stepproof_optim.SGD(params, lr=0.5, **given, **path)
        for step in range(3):
            for p in params:
                p.grad = torch.full_like(p, 0.25 * step)
            optimizer.step()
        return [*(p.detach() for p in params), *(x for state in optimizer.state.values() for x in state.values())]

    whole = after()
    monkeypatch.setattr(pieces, "CHUNK_ON_HOST", 16)
    assert all(map(torch.equal, after(), whole))


@pytest.mark.parametrize("path", [{"foreach": True}, SINGLE])
def test_complex_and_half_tensors_are_stepped_in_pieces(path: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """A complex tensor, and one of 16 bits with its lower half beside it, end at the bits of the whole step too."""

    def after() -> list[torch.Tensor]:
        params = [torch.nn.Parameter(torch.linspace(-1, 1, 40, dtype=torch.complex64))]
        params += [torch.nn.Parameter(torch.linspace(-1, 1, 40).bfloat16())]
        optimizer = stepproof_optim.SGD(params, lr=2.0**-9, momentum=0.5, rounding="master", **path)
        for _ in range(3):
            for p in params:
                p.grad = torch.ones_like(p)
            optimizer.step()
        return [*(p.detach() for p in params), *(x for state in optimizer.state.values() for x in state.values())]

    whole = after()
    monkeypatch.setattr(pieces, "CHUNK_ON_HOST", 16)
    assert all(map(torch.equal, after(), whole))
