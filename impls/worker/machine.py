"""What a device is called, and by which driver it is reached."""

from __future__ import annotations

import platform
import re
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

DRIVER = Path("/proc/driver/nvidia/version")


def machine(header: dict[str, Any], _buffers: list[memoryview]) -> tuple[dict[str, Any], list[bytes]]:
    """The name of the device and the version of its driver, empty where it has none."""
    if header["device"] != "cuda" or find_spec("torch") is None:
        return {"name": platform.processor() or platform.machine() or header["device"], "driver": ""}, []
    import torch

    return {"name": str(torch.cuda.get_device_name(0)), "driver": f"{driver()}CUDA {torch.version.cuda}"}, []


def driver() -> str:
    """The version of NVIDIA's kernel module, as the system tells it, with a comma behind it."""
    with suppress(OSError):
        found = re.search(r"Kernel Module.*?\s(\d+(?:\.\d+)+)", DRIVER.read_text())
        if found:
            return f"{found[1]}, "
    return ""
