"""The step of an optimizer as torch.compile makes it, and whether this torch can make one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import torch

from .failures import headline

if TYPE_CHECKING:
    from collections.abc import Callable

GRAPHS = 64
"""So many variants of one step may be compiled; beyond them torch would run it as it stands."""
# A pool of compiling processes would outlive the worker's answers and hold its pipes.
os.environ.setdefault("TORCHINDUCTOR_COMPILE_THREADS", "1")


def compiled(optimizer: Any) -> Callable[[], None]:
    """A function that makes one step, compiled as torch's own recipe for optimizers does it.

    Raises what the compiler raises, and ``RuntimeError`` where nothing of the step was compiled.
    """
    from torch._dynamo import config
    from torch._dynamo.utils import counters

    as_compiled()
    torch.compiler.reset()
    counters.clear()
    config.recompile_limit = config.accumulated_recompile_limit = GRAPHS
    config.fail_on_recompile_limit_hit = True

    @torch.compile
    def step() -> None:
        optimizer.step()

    def checked() -> None:
        step()
        if not counters["stats"]["unique_graphs"]:
            raise RuntimeError("torch.compile left the step as it was: no graph of it was compiled")

    return checked


def as_compiled() -> None:
    """What is given to torch.compile is compiled, until the surroundings are restored."""
    if hasattr(torch.compiler, "set_stance"):
        torch.compiler.set_stance("default")


def compiles(_header: dict[str, Any], _buffers: list[memoryview]) -> tuple[dict[str, Any], list[bytes]]:
    """The reason why torch cannot compile here is one line, and empty where it can."""
    parameter = torch.nn.Parameter(torch.ones(8))
    parameter.grad = torch.ones(8)
    try:
        compiled(torch.optim.SGD([parameter], foreach=False))()
    except BaseException as error:  # noqa: BLE001 - a compiler may be missing in any way
        return {"reason": headline(error)}, []
    return {"reason": ""}, []
