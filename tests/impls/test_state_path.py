"""A path finds and replaces what an optimizer keeps for a parameter, wherever it keeps it."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
import torch

from impls.worker.state_path import held, listed, put


class Pair(NamedTuple):
    m: Any
    v: Any


class Moments:
    def __init__(self, m: Any) -> None:
        self.m = m


def _made() -> tuple[Any, list[Any]]:
    """Return an optimizer of two parameters that keeps one number for each, in every way."""
    params = [torch.nn.Parameter(torch.zeros(3)), torch.nn.Parameter(torch.zeros(2))]
    optimizer: Any = torch.optim.SGD(params, lr=1.0)
    optimizer.steps = 5
    optimizer.by_parameter = {p: {"m": torch.full_like(p, n)} for n, p in enumerate(params)}
    optimizer.by_id = {id(p): torch.full_like(p, n) for n, p in enumerate(params)}
    optimizer.by_name = {f"p{n}.weight": torch.full_like(p, n) for n, p in enumerate(params)}
    optimizer.by_place = [torch.full_like(p, n) for n, p in enumerate(params)]
    for n, p in enumerate(params):
        optimizer.state[p] = {
            "m": torch.full_like(p, n),
            "a/b": n,
            "nested": {"m": torch.full_like(p, n), 0: float(n)},
            "list": [torch.full_like(p, 7), torch.full_like(p, n)],
            "pair": Pair(n, n),
            "held": Moments(n),
            "packed": torch.stack([torch.full_like(p, 7), torch.full_like(p, n)]),
            "beside": torch.stack([torch.full_like(p, n), torch.full_like(p, 7)], dim=-1),
        }
    optimizer.param_groups[0]["k"] = 4
    return optimizer, params


OWN = [
    *("m", "a~1b", "nested/m", "nested/0", "list/1", "pair/1", "held/m", "packed/1", "beside/:0"),
    *("optimizer:by_parameter/*/m", "optimizer:by_id/*", "optimizer:by_name/*", "optimizer:by_place/*"),
]


@pytest.mark.parametrize("path", OWN)
def test_what_is_kept_for_a_parameter_is_found_and_replaced(path: str) -> None:
    """Each parameter has its own value there, and replacing one leaves the other's."""
    optimizer, params = _made()
    assert [float(torch.as_tensor(held(optimizer, p, path)).flatten()[0]) for p in params] == [0.0, 1.0]
    value = held(optimizer, params[1], path)
    put(optimizer, params[1], path, torch.full_like(value, 9.0) if isinstance(value, torch.Tensor) else 9)
    assert [float(torch.as_tensor(held(optimizer, p, path)).flatten()[0]) for p in params] == [0.0, 9.0]


@pytest.mark.parametrize(("path", "value"), [("group:k", 4), ("optimizer:steps", 5)])
def test_what_is_shared_is_found_and_replaced(path: str, value: int) -> None:
    """A number of the group, or of the optimizer, is that of every parameter."""
    optimizer, params = _made()
    assert [held(optimizer, p, path) for p in params] == [value, value]
    put(optimizer, params[0], path, 6)
    assert held(optimizer, params[1], path) == 6


@pytest.mark.parametrize("path", ["x", "nested/x", "list/9", "m/x", "optimizer:x", "group:x", "optimizer:by_id/x"])
def test_a_place_that_is_absent_is_none(path: str) -> None:
    """Nothing is invented where nothing is kept."""
    optimizer, params = _made()
    assert held(optimizer, params[0], path) is None


def test_every_place_is_listed() -> None:
    """Each way in which something is kept has a path in the list, and the state comes first."""
    optimizer, params = _made()
    found = listed(optimizer, params[1])
    assert next(iter(found)) == "m"
    assert set(OWN) | {"group:k", "optimizer:steps"} <= set(found)
