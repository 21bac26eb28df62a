"""The worker's memory and files are limited, so that code which takes them without end is told so."""

from __future__ import annotations

import errno
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec
from typing import Any

# Only POSIX systems have it.
resource: Any = import_module("resource") if find_spec("resource") else None
REFUSED = ("DefaultCPUAllocator: can't allocate memory", "RESOURCE_EXHAUSTED: Out of memory")
FILES = 4096
"""So many may be open at once, where the system does not allow fewer."""
FIRST_TO_GO = "1000"
"""A machine that runs out of memory all the same ends the worker, and not who judges it."""
_set: dict[str, int] = {}


def limit(memory: int, *, allocated: bool) -> None:
    """What the process may allocate is limited to so many bytes, what one file may have, and how many are open.

    Where it is ``allocated`` what counts is what it may write to; address space does not, of which a framework
    reserves far more than it uses.  A process that crashes leaves no core.
    """
    with suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:  # noqa: PTH123
        file.write(FIRST_TO_GO)
    if allocated:
        _limit("RLIMIT_DATA", memory)
    _limit("RLIMIT_FSIZE", memory)
    _limit("RLIMIT_NOFILE", FILES)
    _limit("RLIMIT_CORE", 0)


def _limit(name: str, size: int) -> None:
    """No limit is raised that somebody has set before."""
    if hasattr(resource, name):
        which = getattr(resource, name)
        soft, hard = resource.getrlimit(which)
        size = min([size, *(each for each in (soft, hard) if each != resource.RLIM_INFINITY)])
        resource.setrlimit(which, (size, hard))
        _set[name] = size


def lift() -> None:
    """What is said of a failure for want of memory or files needs some of both."""
    for name in ("RLIMIT_DATA", "RLIMIT_NOFILE"):
        if name in _set:
            which = getattr(resource, name)
            with suppress(OSError, ValueError):
                hard = resource.getrlimit(which)[1]
                resource.setrlimit(which, (hard, hard))


def used_up(error: BaseException) -> str:
    """What an exception shows that there is no more of, or nothing."""
    number = error.errno if isinstance(error, OSError) else None
    if number == errno.EMFILE:
        return f"opens more than {_set['RLIMIT_NOFILE']:,} files" if "RLIMIT_NOFILE" in _set else "opens too many files"
    if number == errno.ENOMEM or isinstance(error, MemoryError) or _refused(error):
        if "RLIMIT_DATA" not in _set:
            return "needs more memory than this machine has"
        return f"needs more than {_set['RLIMIT_DATA'] / 2**30:g} GiB of memory"
    return ""


def _refused(error: BaseException) -> bool:
    """Whether a framework's allocator of the computer's memory had none."""
    if isinstance(error, RuntimeError):
        with suppress(BaseException):  # its text may be broken in any way
            return any(text in str(error) for text in REFUSED)
    return False
