"""One run at a time writes into a folder."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TAKEN = frozenset({errno.EACCES, errno.EAGAIN})


@contextmanager
def occupied(folder: Path) -> Iterator[None]:
    """Keep other runs out of a folder, however this one ends; raises ``OSError`` where another is writing there.

    A file system that knows no locks keeps nobody out.
    """
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in TAKEN:
                said = f"another run is writing to the output `{folder}`; wait until it ends, or give another output"
                raise OSError(said) from None
        yield
    finally:
        os.close(handle)
