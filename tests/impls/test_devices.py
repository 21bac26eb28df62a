"""The worker finds the devices that are described, and waits for them where that means something."""

from __future__ import annotations

import pytest
import torch

from impls.devices import DEVICES
from impls.session import Session
from impls.worker import devices


class Accelerator:
    """What torch has for a device, which writes down what it is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def is_available(self) -> bool:
        """Return that it is there."""
        return True

    def synchronize(self) -> None:
        """Be done."""
        self.asked.append("synchronize")

    def memory_allocated(self) -> int:
        """Hold a page."""
        return 4096

    def set_sync_debug_mode(self, mode: str) -> None:
        """Change what waiting does."""
        self.asked.append(mode)


@pytest.fixture
def accelerator(monkeypatch: pytest.MonkeyPatch) -> Accelerator:
    """Return a device that torch has here."""
    added = Accelerator()
    monkeypatch.setattr(torch, "fake", added, raising=False)
    monkeypatch.setattr(devices, "ACCELERATORS", ("fake",))
    return added


def test_the_worker_looks_for_every_device_that_is_described(session: Session) -> None:
    """A description alone finds nothing: the worker knows the same names."""
    assert (devices.HOST, *devices.ACCELERATORS) == tuple(DEVICES)
    assert set(session.request({"op": "hello"}).header["devices"]) <= DEVICES.keys()


def test_an_accelerator_is_found_and_waited_for(accelerator: Accelerator) -> None:
    """Its number plays no part, and nothing is asked of it for the host."""
    assert devices.found() == ["cpu", "fake"]
    devices.synchronise("cpu")
    assert accelerator.asked == []
    devices.synchronise("fake:0")
    assert accelerator.asked == ["synchronize"]


def test_waiting_is_an_error_only_inside(accelerator: Accelerator) -> None:
    """The mode is the usual one again after an error too."""
    seen: list[list[str]] = []

    def step() -> None:
        seen.append(list(accelerator.asked))
        raise KeyError

    with pytest.raises(KeyError), devices.without_waiting("fake"):
        step()
    assert seen == [["synchronize", "error"]]
    assert accelerator.asked == ["synchronize", "error", "default"]


def test_a_device_that_cannot_tell_is_not_asked(accelerator: Accelerator, monkeypatch: pytest.MonkeyPatch) -> None:
    """A step is made all the same on the host, and where torch has no such mode."""
    monkeypatch.delattr(Accelerator, "set_sync_debug_mode")
    for name in ("cpu", "fake"):
        with devices.without_waiting(name):
            pass
    assert accelerator.asked == []


def test_what_a_device_holds_is_read_once_all_is_done(
    accelerator: Accelerator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The host tells nothing, nor does a device whose allocator does not."""
    assert devices.held_bytes("cpu") is None
    assert devices.held_bytes("fake:0") == 4096
    assert accelerator.asked == ["synchronize"]
    monkeypatch.delattr(Accelerator, "memory_allocated")
    assert devices.held_bytes("fake") is None
