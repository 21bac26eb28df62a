"""The step that a device makes: written for every rule and format, and run in Triton's interpreter where Triton is."""

from __future__ import annotations

import ast
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import stepproof_optim
import torch
from stepproof_optim.engine import device_step, group_step, kernel, one_pass
from stepproof_optim.engine.traced_step import traced_step

RULES = [
    name
    for name in stepproof_optim.__all__
    if hasattr(getattr(stepproof_optim, name), "rule") and getattr(stepproof_optim, name).rule.elementwise
]
FORMATS = (torch.float32, torch.float64, torch.bfloat16, torch.float16)


@pytest.mark.parametrize("name", RULES)
def test_every_rule_is_written_in_triton_and_in_c(name: str) -> None:
    """Triton's text is Python that reads and writes each array, and C's has as many numbers."""
    optimizer = getattr(stepproof_optim, name)([torch.nn.Parameter(torch.ones(2))])
    (group,) = optimizer.param_groups
    states = optimizer.rule.states(group, group["params"][0])
    keys = [item.key for item in states if not item.single]
    numbers = {item.key: 0.5 for item in states if item.single}
    step = traced_step(optimizer.rule, group, keys, numbers, 3.0)
    every = [kernel.Layout((dtype,) * (2 + len(keys))) for dtype in FORMATS]
    in_triton = [device_step.source_of(step.program, len(step.numbers), layout) for layout in every]
    in_c = [kernel.source_of(step.program, len(step.numbers), layout) for layout in every]
    assert all(map(ast.parse, in_triton))
    assert {text.count("tl.store(") for text in in_triton} == {1 + len(keys)}
    assert all(f"#define NUMBERS {len(step.numbers)}\n" in text for text in in_c)


@pytest.mark.skipif(find_spec("triton") is None, reason="Triton is not here: `tox run -e production` installs it")
@pytest.mark.parametrize("dtype", FORMATS)
def test_one_launch_makes_the_same_step(dtype: torch.dtype, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tensors of several shapes end at the bits of torch's operations, with numbers of which none is fused."""
    monkeypatch.setenv("TRITON_INTERPRET", "1")
    monkeypatch.setattr(device_step, "folder", lambda: tmp_path)
    monkeypatch.setattr(one_pass, "HOST", "nothing")
    monkeypatch.setattr(group_step, "_loaded", lambda: None)

    def after(**switches: Any) -> list[torch.Tensor]:
        shapes = ((3, 5), (), (device_step.BLOCK + 1,))
        params = [torch.nn.Parameter(torch.linspace(-2, 2, torch.Size(s).numel()).reshape(s).to(dtype)) for s in shapes]
        optimizer = stepproof_optim.SGD(params, lr=0.5, momentum=0.5, weight_decay=0.25, **switches)
        for step in range(3):
            for p in params:
                p.grad = torch.linspace(-1, 2, p.numel()).reshape(p.shape).to(dtype) * (step + 1)
            optimizer.step()
        return [p.detach() for p in params]

    assert all(map(torch.equal, after(fused=True), after(foreach=False, fused=False)))
    assert list(tmp_path.glob("step_*.py"))
