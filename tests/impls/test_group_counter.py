"""An optimizer that counts in its param group is started from any count, each parameter from its own."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import pytest

from impls.session import Session

OPTIMIZER = """
import torch


class Counting(torch.optim.Optimizer):
    def __init__(self, params, lr=1.0):
        super().__init__(params, {"lr": lr, "step": 0})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            group["step"] += 1
            for p in group["params"]:
                self.state[p].setdefault("seen", torch.zeros_like(p))
                p.fill_(float(group["step"]) * group["lr"])
"""


@pytest.fixture
def target(tmp_path: Path) -> str:
    """Return an optimizer whose parameters become the count of their group times the learning rate."""
    path = tmp_path / "counting.py"
    path.write_text(OPTIMIZER)
    return f"{path}:Counting"


def _run(target: str, counts: list[int], steps: list[dict[str, Any]]) -> tuple[list[float], list[Any]]:
    zero = struct.pack("<d", 0.0)
    buffers = []
    for count in counts:
        buffers += [zero, zero] if count else [zero]
    buffers += [zero] * len(counts) * len(steps)
    header = {
        "op": "run",
        "target": target,
        "device": "cpu",
        "dtype": "float64",
        "constructor": {},
        "groups": [{"options": {"lr": 1.0}, "tensors": [{"shape": [1], "count": c} for c in counts]}],
        "states": ["seen"],
        "counter": "group:step",
        "steps": steps,
        "read": "last",
    }
    with Session() as session:
        answer = session.request(header, buffers)
    values = [struct.unpack("<d", bytes(answer.buffers[2 * i]))[0] for i in range(len(counts))]
    return values, answer.header["counts"][-1]


def test_parameters_of_one_group_start_from_counts_of_their_own(target: str) -> None:
    """Where counts differ, each is counted on by itself, in the order that was asked for."""
    values, counts = _run(target, [7, 3, 7], [{}])
    assert values == counts == [8.0, 4.0, 8.0]


def test_a_fresh_parameter_shares_the_count_of_its_group(target: str) -> None:
    """A first gradient that comes late meets the count of the parameters under way."""
    values, counts = _run(target, [0, 7], [{}])
    assert values == counts == [8.0, 8.0]


def test_changed_options_reach_every_part_of_a_group(target: str) -> None:
    """A learning rate that changes is set in all param groups made of the one asked for."""
    values, _ = _run(target, [7, 3], [{}, {"options": [{"lr": 10.0}]}])
    assert values == [90.0, 50.0]
