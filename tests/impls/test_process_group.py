"""A process group that a target made is its own; one that was made for it is gone after each answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from impls.session import Session

STEPS = """
import torch
import torch.distributed as group

{made}


class Asks(torch.optim.SGD):
    def step(self, closure=None):
        if not group.is_initialized():
            raise ValueError("Default process group has not been initialized")
        return super().step(closure)
"""
MADE = 'group.init_process_group("gloo", store=group.HashStore(), rank=0, world_size=1)'


@pytest.mark.parametrize(("made", "calling", "whole"), [(MADE, {}, [True, True]), ("", {"alone": True}, [True, False])])
def test_a_group_of_the_targets_own_stays(
    made: str, calling: dict[str, bool], whole: list[bool], tmp_path: Path
) -> None:
    """What was made at import is there in the next request; what we made is asked for anew."""
    file = tmp_path / "asks.py"
    file.write_text(STEPS.format(made=made))
    asked = {"op": "describe", "target": f"{file}:Asks", "constructor": {"lr": 0.5}}
    with Session(environment={"GLOO_SOCKET_IFNAME": "lo"}) as session:
        seen = [session.request({**asked, "calling": way}).header["trial"]["ok"] for way in (calling, {})]
    assert seen == whole
