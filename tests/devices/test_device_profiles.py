"""The profiles of a device let no formula mutant live that those of the host kill."""

from __future__ import annotations

import dataclasses

import pytest

from conformance.commands import device_profiles
from conformance.commands.device_profiles import compared
from conformance.distance import recorded
from tests.builders import entry

CUDA = "cuda"


def test_the_profiles_of_a_device_kill_what_the_host_kills() -> None:
    """On few cases of SGD the profiles are as narrow, and as deadly."""
    paths = {item.cell.path: item for item in compared(CUDA, "float32", ["torch.SGD"], 3)}
    assert set(paths) == {"single-tensor", "foreach", "fused"}
    assert {name: item.spared for name, item in paths.items()} == dict.fromkeys(paths, ())
    assert all(item.killed for item in paths.values())
    assert paths["single-tensor"].median == 1.0


def test_a_profile_that_lets_mutants_live_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where additions may be wrong by a million units some formulas are told from none."""
    item = entry("torch.SGD")
    path = dataclasses.replace(item.paths[0], on_devices={CUDA: {"units": {"add": 1e6}}})
    wide = dataclasses.replace(item, paths=(path,))
    for module in (device_profiles, recorded):
        monkeypatch.setattr(module, "CATALOGUE", (wide,))
    (found,) = compared(CUDA, "float32", (), 3)
    assert found.spared
    assert found.decile > 100.0


@pytest.mark.thorough
@pytest.mark.parametrize(
    "name", ["torch.Adam", "torch.AdamW", "torch.NAdam", "torch.RAdam", "torch.Adamax", "torch.ASGD"]
)
def test_captured_and_fused_steps_kill_what_the_host_kills(name: str) -> None:
    """With many cases no mutant lives by a profile of the device."""
    assert [item.spared for item in compared(CUDA, "float32", [name], 250) if item.spared] == []
