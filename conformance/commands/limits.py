"""What the numbers of a command line may be."""

from __future__ import annotations

import argparse

from conformance.commands.usage_errors import UsageError
from conformance.configuration.settings import LEAST_GIB, MOST_GIB
from impls.session import GIB


def limit(given: argparse.Namespace) -> None:
    """Raise ``UsageError`` for a budget, a timeout, a memory or a number of processes that cannot be."""
    if given.budget is not None and not 0 < given.budget < 1e6:
        raise UsageError(f"--budget {given.budget:g} is not in (0, 1e6) seconds; give more than 0")
    if given.timeout is not None and not 0 < given.timeout < 1e6:
        raise UsageError(f"--timeout {given.timeout:g} is not in (0, 1e6) seconds; give more than 0")
    if given.memory is not None and not LEAST_GIB <= given.memory < MOST_GIB:
        raise UsageError(f"--memory {given.memory:g} is not in [{LEAST_GIB:g}, {MOST_GIB:g}) GiB; give more")
    if given.jobs is not None and not 0 < given.jobs <= 256:
        raise UsageError(f"--jobs {given.jobs} is not in 1 to 256; give the number of processes")


def bytes_of(gibibytes: float) -> int:
    """Return a memory in bytes."""
    return int(gibibytes * GIB)
