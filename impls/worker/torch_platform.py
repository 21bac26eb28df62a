"""What torch on this interpreter can do, and how its tensors travel as bytes."""

from __future__ import annotations

import ctypes
import math
import os
import platform
from typing import TYPE_CHECKING, Any

import torch

from . import devices
from .failures import RequestError
from .surroundings import remember

if TYPE_CHECKING:
    from collections.abc import Sequence

DTYPES = {"float64": torch.float64, "float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}


def hello(_header: dict[str, Any], _buffers: list[memoryview]) -> tuple[dict[str, Any], list[bytes]]:
    """One thread computes, since results must not depend on how many cores a machine has."""
    torch.set_num_threads(1)
    remember()
    versions = {"python": platform.python_version(), "torch": str(torch.__version__)}
    return {**versions, "devices": devices.found(), "pid": os.getpid()}, []


def prepare() -> None:
    """A first optimizer is built, which makes torch import its compiler."""
    torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)


def dtype_named(name: str) -> torch.dtype:
    """The dtype is one of the four formats that the judge knows."""
    if name not in DTYPES:
        raise RequestError(f"there is no dtype {name!r} here; ask for one of {sorted(DTYPES)}")
    return DTYPES[name]


def name_of(dtype: torch.dtype) -> str:
    """A dtype is named without the framework's prefix."""
    return str(dtype).rpartition(".")[2]


def from_bytes(buffer: memoryview, dtype: torch.dtype, shape: Sequence[int], device: str) -> torch.Tensor:
    """The tensor is contiguous and owns its memory."""
    expected = math.prod(shape) * dtype.itemsize
    if buffer.nbytes != expected:
        raise RequestError(
            f"a buffer of {buffer.nbytes} bytes was given for the shape {list(shape)} in "
            f"{name_of(dtype)}; send {expected} bytes"
        )
    if not expected:
        return torch.empty(tuple(shape), dtype=dtype, device=device)
    # The buffers of a frame lie end to end, so a copy is also what aligns them.
    view = torch.frombuffer(buffer, dtype=dtype).reshape(tuple(shape))
    return view.to(device, copy=True)


def to_bytes(tensor: torch.Tensor) -> bytes:
    """The bytes are those of the elements in row-major order, in the tensor's own dtype."""
    flat = tensor.detach().to("cpu").contiguous()
    size = flat.numel() * flat.element_size()
    return ctypes.string_at(flat.data_ptr(), size) if size else b""


def with_rows(gradient: torch.Tensor, every: int = 1) -> torch.Tensor:
    """A sparse tensor that names rows, those of zeros too, which `to_sparse` would leave out."""
    rows = torch.arange(0, gradient.shape[0], every, device=gradient.device)
    return torch.sparse_coo_tensor(rows.unsqueeze(0), gradient[rows], gradient.shape, check_invariants=True)
