"""The worker's operation `minimise`: an optimizer calls the function itself, and every call is read."""

from __future__ import annotations

from typing import Any

from ..failures import RequestError, phase
from ..target import resolve
from ..torch_platform import dtype_named
from .harness import Trial
from .searches import PROBLEMS, recorded


def minimise(header: dict[str, Any], _buffers: list[memoryview]) -> tuple[dict[str, Any], list[bytes]]:
    """The answer holds what `recorded` reads of the steps asked for."""
    arguments = header["arguments"]
    if arguments["problem"] not in PROBLEMS:
        raise RequestError(f"there is no problem {arguments['problem']!r}; ask for one of {sorted(PROBLEMS)}")
    trial = Trial(resolve(header["target"]), {}, header["settings"], dtype_named(header["dtype"]), "cpu", arguments)
    with phase("step"):
        return recorded(trial, header["steps"]), []
