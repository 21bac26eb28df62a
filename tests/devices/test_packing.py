"""Where there is no device, the environment that judges it makes kits for it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import conftest
from impls.catalogue.torch_optimizers import CATALOGUE


@pytest.mark.parametrize(("status", "made"), [(0, len(CATALOGUE)), (130, 1)])
def test_every_optimizer_is_packed_until_it_is_told_to_end(
    status: int, made: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each gets a kit of its own for the device, and an interrupt ends them all."""
    packed: list[list[str]] = []

    def pack(given: list[str]) -> int:
        packed.append(given)
        return status

    monkeypatch.setattr(conftest, "main", pack)
    monkeypatch.setattr(conftest, "KITS", tmp_path)
    options: dict[str, Any] = {"pack": True, "device": "cuda"}
    config: Any = SimpleNamespace(getoption=options.__getitem__)
    assert conftest.pytest_cmdline_main(config) == status
    assert len({given[-1] for given in packed}) == made
    assert all(given[:4] == ["pack", given[1], "--device", "cuda"] for given in packed)
