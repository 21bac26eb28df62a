"""Memory that large arrays leave stays with the process: to fetch it from the kernel costs more than computing."""

from __future__ import annotations

import ctypes
from contextlib import suppress

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3
"""The names of glibc's settings, of malloc.h."""
KEPT = 1 << 28
"""Bytes that one array may have, and that may be free, before memory goes back to the kernel."""


def keep() -> None:
    """Let the C library of this process keep what is freed, where it is one that can be told."""
    with suppress(AttributeError, OSError):
        library = ctypes.CDLL(None)
        for setting in (TRIM_THRESHOLD, MMAP_THRESHOLD):
            library.mallopt(setting, KEPT)
