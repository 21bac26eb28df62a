"""A step under torch.compile is the step: traced anew where a setting changes, and counted."""

from __future__ import annotations

from typing import Any

import pytest
import stepproof_optim
import torch
from torch._dynamo.testing import CompileCounter

PATHS: dict[str, dict[str, Any]] = {
    "single-tensor": {"foreach": False, "fused": False},
    "foreach": {"foreach": True},
    "one pass": {"fused": True},
}
CHANGES: tuple[dict[str, Any], ...] = ({}, {}, {"lr": 0.125}, {"weight_decay": 0.5}, {"momentum": 0.25}, {"lr": 0.0})
"""What changes before each step; all numbers are few bits, so that every path rounds alike."""


def stepped(name: str, backend: Any, **given: Any) -> tuple[list[torch.Tensor], Any]:
    """Return parameters after each step, made as it is or by what torch.compile hands to a backend."""
    params = [torch.nn.Parameter(torch.linspace(-1, 1, size)) for size in (5, 17)]
    optimizer = getattr(stepproof_optim, name)(params, lr=0.25, **given)
    step = optimizer.step if backend is None else torch.compile(optimizer.step, backend=backend)
    seen = []
    for number, change in enumerate(CHANGES):
        optimizer.param_groups[0].update({key: value for key, value in change.items() if key in optimizer.defaults})
        for p in params:
            p.grad = torch.full_like(p, 0.5 - number)
        step()
        seen += [p.detach().clone() for p in params]
    return seen, optimizer


@pytest.mark.thorough
@pytest.mark.parametrize("path", PATHS)
def test_a_compiled_step_reads_settings_anew(path: str) -> None:
    """Learning rate, decay and momentum that change after compilation are those of the next step, to the bit.

    What torch.compile traces is run by torch's operations: the kernels that it may write of them are not looked at.
    """
    torch.compiler.reset()
    traced = CompileCounter()
    expected, _ = stepped("SGD", None, momentum=0.5, **PATHS[path])
    found, _ = stepped("SGD", traced, momentum=0.5, **PATHS[path])
    assert traced.frame_count > 1, "it is traced again for a setting that has changed"
    assert all(map(torch.equal, found, expected))
    assert torch.equal(found[-1], found[-3]), "a learning rate of 0 leaves the parameter where it is"


@pytest.mark.thorough
def test_a_compiled_step_is_counted() -> None:
    """After six steps each parameter has made six."""
    torch.compiler.reset()
    _, optimizer = stepped("AdamW", CompileCounter(), foreach=False, fused=False)
    assert [state["step"].item() for state in optimizer.state.values()] == [6, 6]
