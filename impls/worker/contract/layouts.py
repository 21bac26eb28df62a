"""Layouts: strides say where elements lie, and not what they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from .harness import Observation, Trial, follow, stepper_on, values

if TYPE_CHECKING:
    from collections.abc import Iterator


def transposed(x: torch.Tensor) -> torch.Tensor:
    """The same values with the strides of a transposed matrix."""
    return x.t().contiguous().t()


def channels_last(x: torch.Tensor) -> torch.Tensor:
    """The same values with the strides of channels-last images."""
    return x.contiguous(memory_format=torch.channels_last)


def strided(x: torch.Tensor) -> torch.Tensor:
    """The same values as every second element of a longer row."""
    row = torch.full((2 * x.numel(),), 5.0, dtype=x.dtype, device=x.device)
    row[::2] = x.reshape(-1)
    return row[::2]


def offset(x: torch.Tensor) -> torch.Tensor:
    """The same values behind one element of a longer row."""
    row = torch.full((x.numel() + 1,), 5.0, dtype=x.dtype, device=x.device)
    row[1:] = x.reshape(-1)
    return row[1:]


def expanded(x: torch.Tensor) -> torch.Tensor:
    """One row, repeated without memory of its own."""
    return x[:1].clone().expand(x.shape)


def as_it_is(x: torch.Tensor) -> torch.Tensor:
    """A contiguous copy."""
    return x.clone()


LAYOUTS = {
    "contiguous": as_it_is,
    "transposed": transposed,
    "channels last": channels_last,
    "strided": strided,
    "offset": offset,
    "expanded": expanded,
}


def laid_out(trial: Trial) -> Iterator[Observation]:
    """The same elements contiguous and in another layout of the parameter or of the gradient."""
    layout, of_gradient = (LAYOUTS[trial.arguments[key]] for key in ("parameter", "gradient"))
    start = values(trial, trial.arguments["shape"], 0)
    one, other = (stepper_on(trial, [torch.nn.Parameter(p)]) for p in (start.clone(), layout(start)))
    what = f"parameter {trial.arguments['parameter']}, gradient {trial.arguments['gradient']}"
    layout_of = None if trial.sparse else of_gradient
    yield from follow(trial, what, one, other, trial.arguments["steps"], layout=layout_of)
