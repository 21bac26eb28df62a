"""The step of an optimizer as torch.compile makes it, and whether this torch can make one."""

from __future__ import annotations

import gc
import os
from types import FunctionType
from typing import TYPE_CHECKING, Any

import torch

from .failures import headline

if TYPE_CHECKING:
    from collections.abc import Callable

GRAPHS = 64
"""So many variants of one step may be compiled; beyond them torch would run it as it stands."""
ORIGINAL = "_torchdynamo_orig_callable"
"""Where what torch.compile returns keeps what it was given."""
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


def compiled_parts() -> list[str]:
    """Functions of others than torch that were given to torch.compile."""
    # A proxy of what is gone raises when it is asked what it is an instance of.
    functions = [item for item in gc.get_objects() if type(item) is FunctionType]
    held = [vars(function) for function in functions]
    own = [kept.get(ORIGINAL) for kept in held if not kept.get("_torchdynamo_disable")]
    return sorted({shown_name(item) for item in own if item is not None} - {""})


def shown_name(function: Any) -> str:
    """A function by its module and name; nothing where it is torch's own or ours."""
    module = str(getattr(function, "__module__", None) or "")
    ours = module.partition(".")[0] in {"torch", __name__.partition(".")[0]}
    return "" if ours else f"{module}.{getattr(function, '__qualname__', type(function).__name__)}"


def compiles(_header: dict[str, Any], _buffers: list[memoryview]) -> tuple[dict[str, Any], list[bytes]]:
    """The reason why torch cannot compile here is one line, and empty where it can."""
    parameter = torch.nn.Parameter(torch.ones(8))
    parameter.grad = torch.ones(8)
    try:
        compiled(torch.optim.SGD([parameter], foreach=False))()
    except BaseException as error:  # noqa: BLE001 - a compiler may be missing in any way
        return {"reason": headline(error)}, []
    return {"reason": ""}, []
