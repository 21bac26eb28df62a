"""A state that no step reads is no hidden one: plain gradient descent keeps no momentum buffer."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.recognition.idle_states import idle_states
from conformance.recognition.optimizer import recognise
from impls.session import Session
from spec import rules as book

PLAIN = """
import torch

class Plain(torch.optim.Optimizer):
    def __init__(self, params, lr=0.1):
        super().__init__(params, {"lr": lr})

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    p.add_(p.grad, alpha=-group["lr"])
"""


@pytest.mark.parametrize(
    ("rule", "options", "fixed", "idle"),
    [
        ("sgd", {}, {"momentum": 0.0, "dampening": 0.0}, {"momentum_buffer"}),
        ("sgd", {}, {"momentum": 0.5}, set()),
        ("sgd", {}, {}, set()),
        ("sgd", {"nesterov": "yes"}, {"momentum": 0.0}, {"momentum_buffer"}),
        ("adam", {}, {"weight_decay": 0.0}, set()),
        ("adam", {}, {"betas[0]": 0.0}, {"exp_avg"}),
        ("rmsprop", {}, {"momentum": 0.0}, {"momentum_buffer"}),
    ],
)
def test_a_state_is_idle_where_fixed_settings_leave_it_no_part(
    rule: str, options: dict[str, str], fixed: dict[str, float], idle: set[str]
) -> None:
    """What a settable momentum reads is not idle, and every variant must leave it out."""
    assert idle_states([book.build(rule, options)], fixed) == idle
    both = [book.build(rule, options), book.build("sgd", {"decay": "coupled"})]
    assert idle_states(both, fixed) >= idle


def test_plain_descent_hides_nothing(tmp_path: Path, session: Session) -> None:
    """Its buffer has no part in a step, so that every state that has one is shown."""
    file = tmp_path / "plain.py"
    file.write_text(PLAIN)
    entry = recognise(f"{file}:Plain", "sgd", {}, session)
    assert entry.idle_states == ("momentum_buffer",)
    assert entry.states == {"momentum_buffer": ""}
