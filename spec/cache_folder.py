"""The folder in which what takes long to make is kept from one run to the next."""

from __future__ import annotations

import functools
import os
import stat
from pathlib import Path

FOLDER = "STEPPROOF_CACHE"
"""The variable that names the folder in which it is kept."""


@functools.cache
def folder(kind: str) -> Path | None:
    """Return the folder for what is of one kind, which nobody else can write to, or None where there is none."""
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path("~/.cache").expanduser())
    path = Path(os.environ.get(FOLDER) or Path(cache) / "stepproof") / kind
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        state = path.stat()
    except (OSError, RuntimeError):
        return None
    private = state.st_uid == os.getuid() and not state.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return path if private else None


def forget(where: Path, most: int) -> None:
    """Remove the files that were not used for longest, beyond so many."""
    kept = sorted((path.stat().st_mtime, path) for path in where.iterdir() if path.is_file())
    for _, path in kept[:-most]:
        path.unlink(missing_ok=True)
