"""The devices of this interpreter: which there are, and how to wait for what they compute."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HOST = "cpu"
ACCELERATORS = ("cuda", "mps")
"""Devices by the names of torch's modules for them."""
BUSY_CYCLES = 50_000_000
"""So long a stream is busy that what does not wait for it comes before it: tens of milliseconds."""


def found() -> list[str]:
    """The host, and every accelerator that torch can use here."""
    return [HOST, *(name for name in ACCELERATORS if getattr(torch, name).is_available())]


def module_of(device: str) -> Any:
    """What torch offers for a device, with or without its number, and nothing for the host."""
    name = device.partition(":")[0]
    return getattr(torch, name) if name in ACCELERATORS else None


def synchronise(device: str) -> None:
    """All that the device was given to do is done."""
    module = module_of(device)
    if module is not None:
        module.synchronize()


def held_bytes(device: str) -> int | None:
    """The bytes that tensors take of the device's memory, where its allocator tells."""
    module = module_of(device)
    for name in ("memory_allocated", "current_allocated_memory"):
        if hasattr(module, name):
            synchronise(device)
            return int(getattr(module, name)())
    return None


def captured(device: str, call: Callable[[], Any]) -> Callable[[], Any]:
    """What replays a call that the device records as a graph: recording it computes nothing."""
    module = module_of(device)
    graph = module.CUDAGraph()
    module.synchronize()
    with module.graph(graph):
        call()
    replay: Callable[[], Any] = graph.replay
    return replay


@contextmanager
def another_stream(device: str) -> Iterator[None]:
    """What is done inside is given to a stream that is busy, and that the host's own waits for at the end."""
    module = module_of(device)
    before, stream = module.current_stream(), module.Stream()
    stream.wait_stream(before)
    with module.stream(stream):
        module._sleep(BUSY_CYCLES)  # noqa: SLF001 - torch's own tests of streams use it
        yield
    before.wait_stream(stream)


@contextmanager
def without_waiting(device: str) -> Iterator[None]:
    """An error is raised where the host would wait for the device, if it is one that can tell."""
    module = module_of(device)
    if not hasattr(module, "set_sync_debug_mode"):
        yield
        return
    module.synchronize()
    module.set_sync_debug_mode("error")
    try:
        yield
    finally:
        module.set_sync_debug_mode("default")
