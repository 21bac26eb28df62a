"""Process groups: of two processes on one machine, which find each other by a file, and of this process alone."""

from __future__ import annotations

import os
import sys
import tempfile
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS = 20


@contextmanager
def joined(rank: int | None, store: str | None) -> Iterator[int]:
    """The rank of this process in a group of two; without one a script makes the second process itself."""
    import torch.distributed as group

    if rank is None:
        store = str(Path(tempfile.mkdtemp()) / "store")
        rank = int(os.fork() == 0)
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    where, wait = f"file://{store}", timedelta(seconds=SECONDS)
    leave()
    try:
        group.init_process_group("gloo", init_method=where, rank=rank, world_size=2, timeout=wait)
    except Exception as error:
        raise RuntimeError("two processes did not find each other") from error
    try:
        yield int(rank)
        group.barrier()
    finally:
        group.destroy_process_group()


def of_this_alone() -> None:
    """A process group of one process is there: some optimizers ask for one wherever they step."""
    import torch.distributed

    group: Any = torch.distributed
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    if group.is_available() and not group.is_initialized():
        group.init_process_group("gloo", store=group.HashStore(), rank=0, world_size=1)
        group.made_for_one = True


def leave() -> None:
    """What asks for a process group asks for it every time; one that the target made is its own."""
    group: Any = sys.modules.get("torch.distributed")
    if vars(group or sys).pop("made_for_one", False) and group.is_initialized():
        group.destroy_process_group()
