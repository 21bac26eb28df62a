"""A trial step on a throwaway parameter shows which state an optimizer keeps, and in what form."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import torch

from .calling import called, from_json, step_of
from .failures import phase
from .serialisation import from_json as decoded
from .serialisation import to_json
from .state_path import state_of
from .torch_platform import dtype_named, with_rows

ELEMENTS = 4


@dataclass(frozen=True)
class Build:
    """Everything but the parameters that decides what an optimizer does."""

    target: str
    constructor: dict[str, Any]
    device: str
    dtype: str
    calling: dict[str, Any] = field(default_factory=dict)

    def optimizer(self, groups: list[Any]) -> Any:
        """The target is called as any program would call it: parameters first, then keywords."""
        build = called(self.target, self.calling)
        with phase("construct"):
            return build(groups, **from_json(self.constructor))

    def parameter(self, values: torch.Tensor) -> torch.Tensor:
        """A parameter is a leaf, except where the steps themselves are to be differentiated."""
        parameter = torch.nn.Parameter(values)
        return parameter.clone() if self.constructor.get("differentiable") else parameter


@dataclass(frozen=True)
class Template:
    """The state that one step leaves for a parameter of this shape."""

    shape: tuple[int, ...]
    state: dict[str, Any]


def trial_values(step: int, shape: tuple[int, ...], build: Build) -> torch.Tensor:
    """The parameter is step 0; values are distinct, exact, and their signs differ between steps."""
    count = torch.Size(shape).numel()
    signs = [(-1) ** ((place + 1) * (step + 1) // 2) for place in range(count)]
    values = [sign * (place + 1 + count * step) / 8 for place, sign in enumerate(signs)]
    dtype = dtype_named(build.dtype)
    return torch.tensor(values, dtype=dtype, device=build.device).reshape(shape)


def learn_template(build: Build, options: dict[str, Any], rank: int, *, sparse: bool = False) -> Template:
    """A template is learned once for each build, options of a group and number of dimensions."""
    fields = [build.target, build.constructor, build.device, build.dtype, build.calling]
    return _learn(to_json([fields, options, rank, sparse]))


@lru_cache(maxsize=256)
def _learn(question: str) -> Template:
    fields, options, rank, sparse = decoded(question)
    build = Build(*fields)
    # Some optimizers take matrices only, so the throwaway parameter has the rank of the real one.
    shape = (1,) * (rank - 2) + ((2, 2) if rank > 1 else (ELEMENTS,) * rank)
    parameter = build.parameter(trial_values(0, shape, build))
    optimizer = build.optimizer([{"params": [parameter], **from_json(options)}])
    parameter.grad = trial_values(1, shape, build)
    if sparse:
        parameter.grad = with_rows(parameter.grad)
    with phase("load"):
        step_of(optimizer, [parameter])()
    return Template(shape, dict(state_of(optimizer, parameter)))


def copied(value: Any) -> Any:
    """A value of a template is never shared between two parameters."""
    return value.detach().clone() if isinstance(value, torch.Tensor) else copy.deepcopy(value)
