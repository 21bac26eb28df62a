"""What a worker and all that it started hold: so much memory, so many processes, as the system tells it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

PROC = Path("/proc")
PROCESSES = 256
"""More that live at once are started without end."""
LOOK_SECONDS = 0.5
GIB = 1 << 30
PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


@dataclass(frozen=True)
class Excess:
    """What is more than it may be: which, how it is told, and what to do."""

    cause: Literal["memory", "processes"]
    how: str
    action: str


class Usage:
    """Is asked again and again while an answer is awaited, and looks no more often than is cheap.

    ``memory`` is what one process may allocate, in bytes; all together may hold twice that, with the pages of files
    and what is shared.  Where there is no ``/proc`` nothing is seen.
    """

    def __init__(self, group: int, memory: int) -> None:
        self._group = group
        self._memory = 2 * memory
        self._next = time.monotonic() + LOOK_SECONDS

    def excess(self) -> Excess | None:
        """Return what is too much, if anything is."""
        if time.monotonic() < self._next:
            return None
        held = dict(_resident(self._group))
        self._next = time.monotonic() + LOOK_SECONDS
        if len(held) > PROCESSES:
            return Excess(
                "processes",
                f"and what it started were {len(held)} processes, of which {PROCESSES} may live",
                "look for what starts processes and waits for none",
            )
        # Copies of the worker share its pages: of each counts what it has more.
        own = held.get(self._group, 0)
        if own + sum(max(0, size - own) for size in held.values()) > self._memory:
            return Excess(
                "memory",
                f"held more than {self._memory / GIB:g} GiB of memory",
                "allow it more, or look for what it keeps",
            )
        return None


def _resident(group: int) -> Iterator[tuple[int, int]]:
    """Yield the number of each process of a group that has not ended, and the bytes that it has in memory."""
    for name in _processes():
        with suppress(OSError, ValueError, IndexError):  # it ended while it was read
            with open(f"{PROC}/{name}/stat", "rb") as file:  # noqa: PTH123 - hundreds are read in a look
                fields = file.read().rpartition(b")")[2].split()
            if int(fields[2]) == group and fields[0] != b"Z":
                yield int(name), int(fields[21]) * PAGE


def _processes() -> list[str]:
    try:
        return [name for name in os.listdir(PROC) if name.isdigit()]  # noqa: PTH208 - as above
    except OSError:
        return []
