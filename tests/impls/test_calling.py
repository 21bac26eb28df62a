"""A target is called as it wants to be called: with lists, names, flags, settings of groups, or as a function."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from impls.worker.calling import called, from_json, step_of

TARGETS = """
import torch


class Flat(torch.optim.SGD):
    def __init__(self, params, lr=0.5):
        super().__init__([p.requires_grad_() for p in params], lr=lr)


class Named(torch.optim.SGD):
    def __init__(self, named, lr=0.5):
        self.names = [name for name, _ in named]
        super().__init__([p for _, p in named], lr=lr)


class Inside(torch.optim.SGD):
    def __init__(self, groups):
        self.flags = [group.pop("matrix") for group in groups]
        super().__init__(groups, lr=9.0)


class Split(torch.optim.SGD):
    def __init__(self, params, rate_first=1.0, rates=(1.0, 1.0)):
        self.given = (rate_first, rates)
        super().__init__(params, lr=rates[0])


class Closed(torch.optim.SGD):
    def step(self, closure):
        self.zero_grad()
        closure()
        self.zero_grad()
        closure()
        return super().step()


def function(params, grads, states, lr=0.5):
    for p, g, state in zip(params, grads, states):
        state["count"] = state.get("count", 0) + 1
        p.sub_(lr * g)


def pure(params, grads, states, lr=0.5):
    return [p - lr * g for p, g in zip(params, grads)], [{"count": 1} for _ in states]


LIMIT = 3
"""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return a file of targets."""
    path = tmp_path_factory.mktemp("calling") / "targets.py"
    path.write_text(TARGETS)
    return str(path)


def _step(optimizer: Any, p: torch.Tensor) -> float:
    p.grad = torch.ones_like(p)
    step_of(optimizer, [p])()
    return float(p.detach()[0])


@pytest.mark.parametrize(
    ("name", "calling", "settings"),
    [
        ("Flat", {"flat": True}, {"lr": 0.25}),
        ("Named", {"flat": True, "named": True}, {"lr": 0.25}),
        ("Inside", {"inside": True, "flags": {"matrix": True}}, {"lr": 0.25}),
        ("Split", {"renamed": {"rates[0]": "rates[0]", "first": "rate_first"}}, {"rates": (0.25, 2.0), "first": 3.0}),
        ("Closed", {}, {"lr": 0.25}),
        ("function", {"function": True}, {"lr": 0.25}),
        ("pure", {"function": True}, {"lr": 0.25}),
    ],
)
def test_each_way_makes_an_optimizer_that_steps(
    name: str, calling: dict[str, Any], settings: dict[str, Any], file: str
) -> None:
    """A parameter of ones with a gradient of ones goes down by the learning rate that was given."""
    p = torch.nn.Parameter(torch.ones(3))
    optimizer = called(f"{file}:{name}", calling)([{"params": [p]}], **settings)
    assert _step(optimizer, p) == 0.75


def test_names_and_flags_reach_the_constructor(file: str) -> None:
    """Every parameter has a name of its own, and every group says the flag of itself."""
    params = [torch.nn.Parameter(torch.ones(1)) for _ in range(2)]
    named = called(f"{file}:Named", {"flat": True, "named": True})([{"params": params}])
    assert named.names == ["p0.weight", "p1.weight"]
    flags = {"inside": True, "flags": {"matrix": False}}
    assert called(f"{file}:Inside", flags)([{"params": params}], lr=1.0).flags == [False]


def test_settings_are_renamed_place_by_place(file: str) -> None:
    """Numbers that a group keeps one by one are given as one setting of several, and the other way round."""
    p = torch.nn.Parameter(torch.ones(1))
    table = {"first": "rates[0]", "second": "rates[1]", "pair[0]": "rate_first"}
    optimizer = called(f"{file}:Split", {"renamed": table})([p], first=0.5, second=0.25, pair=(4.0,))
    assert optimizer.given == (4.0, (0.5, 0.25))


def test_an_object_of_a_module_can_be_given(file: str) -> None:
    """What a module calls by a name is imported where the optimizer is built."""
    assert from_json({"limit": {"object": f"{file}:LIMIT"}, "betas": [0.5]}) == {"limit": 3, "betas": (0.5,)}


def test_groups_are_added_to_what_takes_a_list(file: str) -> None:
    """The groups of an optimizer that takes a list alone keep their order and their settings, an empty one too."""
    first, second = (torch.nn.Parameter(torch.ones(1)) for _ in range(2))
    groups = [{"params": []}, {"params": [first], "lr": 0.25}, {"params": [second]}]
    optimizer = called(f"{file}:Flat", {"flat": True})(groups, lr=0.5)
    assert [len(group["params"]) for group in optimizer.param_groups] == [0, 1, 1]
    assert [group["lr"] for group in optimizer.param_groups] == [0.5, 0.25, 0.5]
    for p in (first, second):
        p.grad = torch.ones_like(p)
    optimizer.step()
    assert (first.item(), second.item()) == (0.75, 0.5)
