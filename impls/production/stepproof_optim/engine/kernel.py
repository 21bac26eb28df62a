"""A step in C: one pass over memory, made from its lines by the compiler of the machine."""

from __future__ import annotations

import ctypes
import functools
import hashlib
import os
import platform
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from .rounding import KAHAN, MASTER, NEAREST, ONCE, STOCHASTIC, Rounding

COMPILER = "STEPPROOF_OPTIM_CC"
"""The variable that names a C compiler; where it is empty no step is compiled."""
CACHE = "STEPPROOF_OPTIM_CACHE"
"""The variable that names the folder in which compiled steps are kept."""
FLAGS = ("-O3", "-march=native", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math", "-fPIC", "-shared")
"""No fused operations: an element's result does not depend on where in a tensor it lies."""
ALONE = 1 << 15
"""Fewer elements than this are stepped by one thread."""
LIMIT = 60.0
"""Seconds after which a compiler is given up."""
FORMATS = {torch.float32: "float", torch.float64: "double", torch.bfloat16: "bfloat16", torch.float16: "float16"}
"""What the formats of tensors are called in C."""
ENDS, NAMES = re.compile(r"[pk]\d* = "), re.compile(r"\b(?:p|g|k\d+)\b")
"""A line that says what an array becomes, and the name of an array."""

SOURCE = Path(__file__).with_name("step.c")
"""The frame of every compiled step, with what differs between them in its macros."""


@dataclass(frozen=True)
class Kernel:
    """The step of some tensors: called with their number, sizes, pointers and numbers, and how many threads."""

    function: Any

    def __call__(self, count: int, sizes: int, rows: int, numbers: int, threads: int) -> None:
        """Step the tensors whose data the rows of pointers name."""
        self.function(count, sizes, rows, numbers, threads)

    @functools.cached_property
    def address(self) -> int:
        """Where it lies, for code that calls it without Python."""
        return ctypes.cast(self.function, ctypes.c_void_p).value or 0


@dataclass(frozen=True)
class Layout:
    """The formats of parameter, gradient and states, and how the parameter is rounded.

    What is kept of the parameter for that stands behind the states.
    """

    formats: tuple[torch.dtype, ...]
    rounding: Rounding = ONCE


@functools.cache
def kernel(program: tuple[str, ...], numbers: int, layout: Layout) -> Kernel | None:
    """Return the compiled step of a program on arrays that are laid out so.

    It is None where there is no compiler, or where it fails.
    """
    return _compiled(source_of(program, numbers, layout)) if compiler() else None


def source_of(program: tuple[str, ...], numbers: int, layout: Layout) -> str:
    """Return the step in C: the frame, with its loop over elements before it."""
    formats = layout.formats
    columns = ["p", "g", *(f"k{place}" for place in range(len(formats) - 2))]
    kinds = {column: FORMATS[dtype] for column, dtype in zip(columns, formats, strict=True)}
    lines = [line for line in program if not ENDS.match(line)]
    ends = [line.split(" = ") for line in program[len(lines) :]]
    used = set(NAMES.findall(" ".join([*lines, *(value for _, value in ends)])))
    arrays = [f"{kinds[c]} *restrict {c}_ = row[{place}];" for place, c in enumerate(columns)]
    arrays += [f"const real s{place} = numbers[{place}];" for place in range(numbers)]
    body = [f"const real {c} = from_{kinds[c]}({c}_[i]);" for c in columns if c in used]
    way, rest = layout.rounding
    if rest is not None:
        kept = FORMATS.get(rest, "int16_t")
        arrays += [f"{kept} *restrict r_ = row[{len(columns)}];"]
        added = f"const real p = from_{kinds['p']}(p_[i]) + from_{kept}(r_[i]);"
        if kept == "float":  # of a parameter that was overwritten since, unless it is rounded to the parameter
            own = f"from_{kinds['p']}(to_{kinds['p']}(q)) == from_{kinds['p']}(p_[i])"
            added = f"{added.replace(' p = ', ' q = ')} const real p = {own} ? q : from_{kinds['p']}(p_[i]);"
        body[0] = added if way == KAHAN else "const real p = joined(p_[i], r_[i]);"
    body += [f"const real v{place} = {line};" for place, line in enumerate(lines)]
    body += [f"{c}_[i] = to_{kinds[c]}({value});" for c, value in ends[1:]]
    body += [_rounded(ends[0][1], kinds["p"], layout.rounding)]
    macros: dict[str, object] = {"WIDE": int(formats[0] == torch.float64), "NUMBERS": numbers}
    macros |= {"COLUMNS": len(columns) + (rest is not None)}
    macros |= {"ARRAYS": " ".join(arrays), "BODY": " ".join(body)}
    return "\n".join([*(f"#define {name} {value}" for name, value in macros.items()), SOURCE.read_text()])


def _rounded(value: str, kind: str, rounding: Rounding) -> str:
    """Return what stores the new parameter."""
    rest = FORMATS.get(rounding.kept or torch.float32)
    return {
        NEAREST: f"p_[i] = to_{kind}({value});",
        STOCHASTIC: f"p_[i] = drawn_{kind}({value}, noise(seed, (uint32_t)i));",
        KAHAN: f"p_[i] = to_{kind}({value}); r_[i] = to_{rest}(remaining({value} - from_{kind}(p_[i])));",
        MASTER: f"p_[i] = upper({value}); r_[i] = lower({value});",
    }[rounding.way]


@functools.cache
def compiler() -> str | None:
    """Return the path of the C compiler, or None where there is none."""
    named = os.environ.get(COMPILER)
    names = ("cc", "gcc", "clang") if named is None else (named,)
    return next(filter(None, map(shutil.which, names)), None) if os.name == "posix" else None


@functools.cache
def _threads_of_torch() -> str | None:
    """Return the library by which torch runs its threads, of which a process should have one."""
    maps = Path("/proc/self/maps")
    lines = maps.read_text().splitlines() if maps.exists() else []
    return next((line.split()[-1] for line in lines if "libgomp" in line), None)


@functools.cache
def machine() -> str:
    """Return what compiled code depends on beside its source."""
    real = Path(compiler() or "").resolve()
    information = Path("/proc/cpuinfo")
    lines = information.read_text().splitlines() if information.exists() else []
    flags = next((line for line in lines if line.startswith("flags")), platform.processor())
    return f"{real} {real.stat().st_mtime_ns} {FLAGS} {_threads_of_torch()} {platform.machine()} {flags}"


@functools.cache
def folder() -> Path:
    """Return the folder in which compiled steps are kept, of which nobody else can write."""
    given = os.environ.get(CACHE)
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    kept = Path(given) if given else base / "stepproof_optim"
    try:
        kept.mkdir(mode=0o700, parents=True, exist_ok=True)
        state = kept.stat()
        if state.st_uid == os.getuid() and not state.st_mode & 0o022 and os.access(kept, os.W_OK):
            return kept
    except OSError:
        pass
    return Path(tempfile.mkdtemp(prefix="stepproof_optim-"))


def _compiled(source: str) -> Kernel | None:
    digest = hashlib.sha256(f"{machine()}\n{source}".encode()).hexdigest()[:32]
    library = folder() / f"{digest}.so"
    if not library.exists() and not _compile(source, library):
        return None
    try:
        step = ctypes.CDLL(str(library)).step
    except (OSError, AttributeError):
        return None
    step.argtypes = [ctypes.c_int64, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64]
    step.restype = None
    return Kernel(step)


def _compile(source: str, library: Path) -> bool:
    """Tell whether the compiler made a library of a source, which is there whole or not at all."""
    threads = _threads_of_torch()
    with tempfile.TemporaryDirectory(dir=library.parent) as beside:
        code, compiled, made = (Path(beside) / name for name in ("step.c", "step.o", "step.so"))
        code.write_text(source)
        parallel = ("-fopenmp",) if threads else ()
        commands = (
            [str(compiler()), *FLAGS[:-1], *parallel, "-c", str(code), "-o", str(compiled)],
            [str(compiler()), "-shared", str(compiled), *((threads,) if threads else ()), "-lm", "-o", str(made)],
        )
        try:
            for command in commands:
                subprocess.run(command, check=True, capture_output=True, timeout=LIMIT)  # noqa: S603 - the user's own
            made.replace(library)
        except (OSError, subprocess.SubprocessError):
            return False
    return True
