"""The worker says what its interpreter offers: a framework to compute with, libraries to judge."""

from __future__ import annotations

import os
import platform
import sys
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Any

from . import limits
from .failures import headline


def hello(header: dict[str, Any], buffers: list[memoryview]) -> tuple[dict[str, Any], list[bytes]]:
    """An interpreter has torch, or else JAX; without either it is torch that is said to be missing."""
    if find_spec("torch") is None and find_spec("jax") is not None:
        return {"python": platform.python_version(), "torch": "", "devices": ["cpu"], "pid": os.getpid()}, []
    from .torch_platform import hello as hello_of_torch

    return hello_of_torch(header, buffers)


def start(header: dict[str, Any], buffers: list[memoryview]) -> tuple[dict[str, Any], list[bytes]]:
    """The first request greets, and then limits memory and files.

    Where there is a GPU no allocation is: its driver's own mappings would count, and differ.
    """
    answer = hello(header, buffers)
    limits.limit(header["memory"], allocated=answer[0]["devices"] == ["cpu"])
    return answer


def prepare(_header: dict[str, Any], _buffers: list[memoryview]) -> tuple[dict[str, Any], list[bytes]]:
    """What torch imports for the first optimizer takes seconds, and they are not those of the target."""
    if "torch" in sys.modules:
        from .torch_platform import prepare as prepare_torch

        prepare_torch()
    return {}, []


def probe(header: dict[str, Any], _buffers: list[memoryview]) -> tuple[dict[str, Any], list[bytes]]:
    """A library is installed if its module can be imported; if not, the reason is one line."""
    module, package = header["module"], header["package"]
    try:
        import_module(module)
    except BaseException as error:  # noqa: BLE001 - a library may fail to load in any way
        return {"installed": False, "version": "", "reason": headline(error)}, []
    try:
        found = version(package)
    except PackageNotFoundError:
        found = "unknown"
    return {"installed": True, "version": found, "reason": ""}, []
