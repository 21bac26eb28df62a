"""The worker says what its interpreter offers: a framework to compute with, libraries to judge."""

from __future__ import annotations

import os
import platform
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Any


def hello(header: dict[str, Any], buffers: list[memoryview]) -> tuple[dict[str, Any], list[bytes]]:
    """An interpreter has torch, or else JAX; without either it is torch that is said to be missing."""
    if find_spec("torch") is None and find_spec("jax") is not None:
        return {"python": platform.python_version(), "torch": "", "devices": ["cpu"], "pid": os.getpid()}, []
    from .torch_platform import hello as hello_of_torch

    return hello_of_torch(header, buffers)


def probe(header: dict[str, Any], _buffers: list[memoryview]) -> tuple[dict[str, Any], list[bytes]]:
    """A library is installed if its module can be imported; if not, the reason is one line."""
    module, package = header["module"], header["package"]
    try:
        import_module(module)
    except Exception as error:  # noqa: BLE001 - a library may fail to load in any way
        lines = str(error).strip().splitlines() or [""]
        return {"installed": False, "version": "", "reason": f"{type(error).__name__}: {lines[0]}"}, []
    try:
        found = version(package)
    except PackageNotFoundError:
        found = "unknown"
    return {"installed": True, "version": found, "reason": ""}, []
