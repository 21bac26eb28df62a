"""The worker's memory is limited, so that code which allocates without end is told so."""

from __future__ import annotations

import errno
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec
from typing import Any

# Only POSIX systems have it.
resource: Any = import_module("resource") if find_spec("resource") else None
REFUSED = ("DefaultCPUAllocator: can't allocate memory", "RESOURCE_EXHAUSTED: Out of memory")
_limit = 0


def limit(size: int) -> None:
    """What the process may write to is limited, which is what it allocates; address space is not.

    A framework reserves far more addresses than it uses, for a GPU above all.
    """
    global _limit  # noqa: PLW0603 - a process has one limit
    if resource is None:
        return
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    if hard != resource.RLIM_INFINITY:
        size = min(size, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (size, hard))
    _limit = size


def lift() -> None:
    """What is said of an allocation that failed needs memory itself."""
    if resource is not None:
        with suppress(OSError, ValueError):
            hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
            resource.setrlimit(resource.RLIMIT_DATA, (hard, hard))


def ran_out(error: BaseException) -> bool:
    """Python's own error, the system's, or that of a framework's allocator of the computer's memory."""
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    if isinstance(error, RuntimeError):
        with suppress(BaseException):  # its text may be broken in any way
            return any(text in str(error) for text in REFUSED)
    return isinstance(error, MemoryError)


def shortage() -> str:
    """What an allocation that failed shows."""
    if not _limit:
        return "needs more memory than this machine has"
    return f"needs more than {_limit / 2**30:g} GiB of memory"
