"""The C compiler of the machine and the folder in which what it made is kept."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import hashlib
import os
import platform
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path

COMPILER = "STEPPROOF_CC"
"""The variable that names a C compiler; where it is not set, or empty, every enclosure is walked."""
FOLDER = "STEPPROOF_CACHE"
"""The variable that names the folder in which compiled code is kept."""
FLAGS = ("-O3", "-march=native", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math", "-fPIC", "-shared", "-s")
"""No fused operations: a product and a sum are rounded each, as NumPy does."""
LIMIT = 300.0
"""Seconds after which a compiler is given up."""
MOST = 4000
"""How many pieces of code are kept; those that were not used for longest go first."""


@functools.cache
def compiler() -> str | None:
    """Return the path of the C compiler, or None where none is named or there is none.

    Only on Linux on x86-64 is the wide type of float64 the same in C and in NumPy for sure.
    """
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        return None
    named = os.environ.get(COMPILER)
    return shutil.which(named) if named else None


@functools.cache
def _machine() -> bytes:
    """Return what compiled code depends on beside its source: the compiler, its flags and the processor."""
    real = Path(compiler() or "").resolve()
    state = real.stat()
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    told = [next((line for line in lines if line.startswith(key)), "") for key in ("model name", "flags")]
    return repr((str(real), state.st_size, state.st_mtime_ns, FLAGS, told)).encode()


@functools.cache
def folder() -> Path | None:
    """Return the folder of compiled code, which nobody else can write to, or None where there is none."""
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path("~/.cache").expanduser())
    path = Path(os.environ.get(FOLDER) or Path(cache) / "stepproof") / "compiled"
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        state = path.stat()
    except (OSError, RuntimeError):
        return None
    private = state.st_uid == os.getuid() and not state.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return path if private else None


def place(fingerprint: str) -> Path | None:
    """Return where the code of a task is kept, or None where nothing can be compiled or kept."""
    where = folder()
    if where is None or compiler() is None:
        return None
    try:
        digest = hashlib.sha256(_machine() + fingerprint.encode()).hexdigest()
    except OSError:
        return None
    return where / f"{digest[:40]}.so"


def build(path: Path, source: str) -> bool:
    """Compile a source to its place; tell whether that was done."""
    program = compiler()
    if program is None:
        return False
    try:
        with tempfile.TemporaryDirectory(dir=path.parent) as room:
            text, made = Path(room) / "step.c", Path(room) / "step.so"
            text.write_text(source)
            command = [program, *FLAGS, "-o", str(made), str(text), "-lm"]
            done = subprocess.run(command, capture_output=True, check=False, timeout=LIMIT)  # noqa: S603 the user's own compiler
            if done.returncode:
                return False
            made.replace(path)
        _forget(path.parent)
    except (OSError, subprocess.SubprocessError):
        return False
    return True


def _forget(where: Path) -> None:
    kept = sorted(where.glob("*.so"), key=lambda path: path.stat().st_mtime)
    for path in kept[:-MOST]:
        path.unlink(missing_ok=True)


def load(path: Path) -> ctypes.PyDLL | None:
    """Return the compiled code of a task, where it was compiled before; one thread calls it at a time."""
    if not path.exists():
        return None
    try:
        with contextlib.suppress(OSError):
            path.touch()
        return ctypes.PyDLL(str(path))
    except OSError:
        return None
