"""The C compiler of the machine and the folder in which what it made is kept.

A piece of code ends with a hash of its name and of itself: what was cut short, changed or put in the place
of another is not loaded.
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from spec import cache_folder

COMPILER = "STEPPROOF_CC"
"""The variable that names a C compiler; where it is empty every enclosure is walked."""
COMMON = ("cc", "gcc", "clang")
"""The names under which a compiler is looked for where none is named."""
FLAGS = (
    *("-O1", "-ftree-vectorize", "-march=native", "-mno-mmx"),
    *("-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math", "-fPIC", "-shared", "-s"),
)
"""No fused operations: a product and a sum are rounded each, as NumPy does.  No MMX: a compiler that keeps a
pointer in one of its registers marks the stack of the 80-bit format as full, and every long double is NaN from then
on.  More optimization takes up to twice as long to compile and is no quicker."""
LIMIT = 300.0
"""Seconds after which a compiler is given up."""
MOST = 1000
"""How many files are kept; those that were not used for longest go first."""
HASH = hashlib.sha256().digest_size


@functools.cache
def compiler() -> str | None:
    """Return the path of the C compiler, or None where there is none.

    Only on Linux on x86-64 is the wide type of float64 the same in C and in NumPy for sure.
    """
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        return None
    named = os.environ.get(COMPILER)
    names = COMMON if named is None else (named,)
    return next(filter(None, map(shutil.which, names)), None)


@functools.cache
def _machine() -> bytes:
    """Return what compiled code depends on beside its source: the compiler, its flags and the processor."""
    real = Path(compiler() or "").resolve()
    state = real.stat()
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    told = [next((line for line in lines if line.startswith(key)), "") for key in ("model name", "flags")]
    return repr((str(real), state.st_size, state.st_mtime_ns, FLAGS, told)).encode()


def folder() -> Path | None:
    """Return the folder of compiled code, which nobody else can write to, or None where there is none."""
    return cache_folder.folder("compiled")


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


def build(path: Path, source: str, accepted: Callable[[ctypes.PyDLL], bool]) -> bool:
    """Compile a source to its place, if what comes of it is accepted; tell whether that was done."""
    program = compiler()
    if program is None:
        return False
    try:
        with tempfile.TemporaryDirectory(dir=path.parent) as room:
            text, made = Path(room) / "step.c", Path(room) / "step.so"
            text.write_text(source)
            command = [program, *FLAGS, "-o", str(made), str(text), "-lm"]
            done = subprocess.run(command, capture_output=True, check=False, timeout=LIMIT)  # noqa: S603 the user's own compiler
            if done.returncode or not accepted(ctypes.PyDLL(str(made))):
                return False
            with made.open("ab") as file:
                file.write(_seal(path, made.read_bytes()))
            made.replace(path)
        cache_folder.forget(path.parent, MOST)
    except (OSError, subprocess.SubprocessError):
        return False
    return True


def _seal(path: Path, code: bytes) -> bytes:
    """Return a hash of code and of the name that it is kept under."""
    return hashlib.sha256(path.name.encode() + code).digest()


def load(path: Path) -> ctypes.PyDLL | None:
    """Return the compiled code of a task, where it was compiled before; one thread calls it at a time."""
    try:
        kept = path.read_bytes()
        if kept[-HASH:] != _seal(path, kept[:-HASH]):
            return None
        path.touch()
        return ctypes.PyDLL(str(path))
    except OSError:
        return None
