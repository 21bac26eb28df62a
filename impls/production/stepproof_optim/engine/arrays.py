"""The arithmetic in which a rule is written, the same for a number, a tensor, a list of tensors and a formula.

`+`, `-`, `*` and `/` are Python's.  What Python has no operator for is a function here: it takes a number by `math`
and asks anything else for its method.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

import torch

Scalar: TypeAlias = Any
"""A float, or where the device keeps the count a float64 Tensor without dimensions."""
Array: TypeAlias = Any
"""A Tensor, a `TensorList` or a `Formula`, whose elements are stepped."""
NUMBERS = (int, float)


def sqrt(x: Array) -> Array:
    """Return the root of each element."""
    return math.sqrt(x) if isinstance(x, NUMBERS) else x.sqrt()


def absolute(x: Array) -> Array:
    """Return the size of each element."""
    return x.abs()


def maximum(x: Array, y: Array) -> Array:
    """Return the larger of two elements, or of an element and a number; a NaN stays one."""
    return x.clamp(min=y) if isinstance(y, NUMBERS) else x.maximum(y)


def minimum(x: Array, y: Array) -> Array:
    """Return the smaller of two elements, or of an element and a number; a NaN stays one."""
    return x.clamp(max=y) if isinstance(y, NUMBERS) else x.minimum(y)


def sign(x: Array) -> Array:
    """Return -1, 0 or 1 for each element, and NaN for a NaN, which `torch.sign` makes 0."""
    return torch.where(x.isnan(), x, x.sign()) if isinstance(x, torch.Tensor) else x.sign()


def present(setting: Scalar) -> bool:
    """Tell whether a setting is there: one that is 0 is not, and a Tensor is not asked."""
    return isinstance(setting, torch.Tensor) or setting != 0


def quotient(number: Scalar, x: Array) -> Array:
    """Return a number over each element, rounded once: torch's `number / tensor` multiplies by a rounded reciprocal."""
    if isinstance(x, torch.Tensor) and isinstance(number, NUMBERS):
        return torch.tensor(number, dtype=x.dtype, device="cpu") / x
    return number / x


def average(before: Array, value: Array, beta: Scalar) -> Array:
    """Return `beta*before + (1 - beta)*value`."""
    return before * beta + value * (1 - beta)


def choose(condition: Any, then: Callable[[], Scalar], otherwise: Callable[[], Scalar]) -> Scalar:
    """Return one of two numbers by a condition, without reading it where the device has it."""
    if isinstance(condition, torch.Tensor):
        return torch.where(condition, then(), otherwise())
    return then() if condition else otherwise()


def norm(x: torch.Tensor) -> torch.Tensor:
    """Return the root of the sum of squares over a whole tensor, of which other processes may have parts."""
    return whole(torch.linalg.vector_norm(x))


def whole(x: torch.Tensor) -> torch.Tensor:
    """Return a tensor that every process has, of one that is summed over processes or shared out among them."""
    gather: Any = getattr(x, "full_tensor", None)
    return x if gather is None else gather()


def shared_out(x: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """Return a tensor that every process has as the shards that a DTensor has, and beside any other as it is."""
    mesh: Any = getattr(like, "device_mesh", None)
    if mesh is None:
        return x
    everywhere = [torch.distributed.tensor.Replicate()] * mesh.ndim
    kind: Any = type(like)
    return placed_as(kind.from_local(x, mesh, everywhere, run_check=False), like)


def shards_as(part: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """Return this process's part as the part of what is shared out like a DTensor, and beside any other as it is."""
    mesh: Any = getattr(like, "device_mesh", None)
    if mesh is None:
        return part
    kind: Any = type(like)
    placements: Any = like.placements  # type: ignore[attr-defined]
    shards: torch.Tensor = kind.from_local(
        part, mesh, placements, run_check=False, shape=like.shape, stride=like.stride()
    )
    return shards


def placed_as(x: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """Return a DTensor with its shards where another has them, and any other tensor as it is."""
    placements = getattr(like, "placements", None)
    if placements is None or getattr(x, "placements", placements) == placements:
        return x
    moved: torch.Tensor = x.redistribute(placements=placements)  # type: ignore[attr-defined]
    return moved
