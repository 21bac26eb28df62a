"""The devices on which optimizers are judged, with one description of each: formats, flushing and units.

`impls/worker/devices.py` finds them in an interpreter and waits for them, and `impls/worker/machine.py`
says which card it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

HOST = "cpu"
FLOATS = ("float32", "float64", "bfloat16", "float16")
"""The formats that are judged."""


@dataclass(frozen=True)
class Device:
    """Where tensors lie and are computed on, and what that does to the arithmetic of every path there.

    ``name`` is the framework's, ``title`` what people call it.  ``dtypes`` are the formats that it holds.
    On a device that ``flushes``, numbers that are subnormal in the format of computation are zero.
    ``units`` are errors of operations in units in the last place, where they are wider than the host's.
    ``scalar`` is the format of the scalars that it computes itself, for paths that leave them to it.
    Where it ``captures``, a step can be recorded as a graph and replayed.
    """

    name: str
    title: str
    dtypes: tuple[str, ...] = FLOATS
    flushes: bool = False
    units: Mapping[str, float] = field(default_factory=dict)
    scalar: str = ""
    captures: bool = False

    @property
    def absent(self) -> str:
        """The sentence that says that a machine has no such device."""
        return f"not run: no {self.title} device"


APPLE = Device("mps", "MPS", ("float32", "bfloat16", "float16"), flushes=True, scalar="float32")
"""Metal has no double precision, and lets a device flush subnormals; that this suffices is not measured yet."""
DEVICES: dict[str, Device] = {
    device.name: device
    for device in (Device(HOST, "CPU"), Device("cuda", "CUDA", scalar="float32", captures=True), APPLE)
}
