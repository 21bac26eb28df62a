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
FORMATS = {torch.float32: "float", torch.float64: "double", torch.bfloat16: "bfloat16", torch.float16: "_Float16"}

SOURCE = """
#include <math.h>
#include <stdint.h>
#include <string.h>
typedef {real} real;
typedef struct {{ uint16_t bits; }} bfloat16;
static inline real root(real x) {{ return {root}(x); }}
static inline real size(real x) {{ return {size}(x); }}
static inline real in_bfloat16(bfloat16 x) {{
    uint32_t bits = (uint32_t)x.bits << 16; float y; memcpy(&y, &bits, 4); return y;
}}
static inline bfloat16 to_bfloat16(real z) {{
    float y = z; uint32_t bits; memcpy(&bits, &y, 4);
    uint32_t rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
    bfloat16 x = {{ y != y ? 0x7fc0 : rounded }}; return x;
}}
static void piece(void **row, int64_t from, int64_t to, const real *s) {{
{arrays}
    for (int64_t i = from; i < to; i++) {{
{body}
    }}
}}
void step(int64_t count, const int64_t *sizes, void **rows, const double *numbers, int64_t threads) {{
    real s[{length}] = {{ 0 }};
    int64_t total = 0;
    for (int64_t k = 0; k < {used}; k++) s[k] = (real)numbers[k];
    for (int64_t n = 0; n < count; n++) total += sizes[n];
    #pragma omp parallel for num_threads(threads) schedule(static, 1) if(threads > 1)
    for (int64_t part = 0; part < threads; part++) {{
        int64_t begin = total / threads * part & ~63, end = total / threads * (part + 1) & ~63, first = 0;
        if (part == threads - 1) end = total;
        for (int64_t n = 0; n < count && first < end; first += sizes[n++]) {{
            int64_t from = begin > first ? begin - first : 0;
            int64_t to = end - first < sizes[n] ? end - first : sizes[n];
            if (from < to) piece(rows + n * {columns}, from, to, s);
        }}
    }}
}}
"""


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


def kernel(program: tuple[str, ...], numbers: int, formats: tuple[torch.dtype, ...]) -> Kernel | None:
    """Return the compiled step of a program whose parameter, gradient and states have these formats.

    It is None where there is no compiler, or where it fails.
    """
    return _compiled(source_of(program, numbers, formats)) if compiler() else None


def source_of(program: tuple[str, ...], numbers: int, formats: tuple[torch.dtype, ...]) -> str:
    """Return the step in C."""
    columns = ["p", "g", *(f"k{place}" for place in range(len(formats) - 2))]
    wide = torch.float64 in formats
    lines = [line for line in program if not re.match(r"[pk]\d* = ", line)]
    used = {name for line in program for name in re.findall(r"\b[pgk]\d*\b", line.partition(" = ")[2] or line)}
    arrays, body, ends = [], [], []
    for place, (column, dtype) in enumerate(zip(columns, formats, strict=True)):
        name = FORMATS[dtype]
        arrays.append(f"    {name} *restrict {column}_ = row[{place}];")
        if column in used:
            read = f"in_bfloat16({column}_[i])" if name == "bfloat16" else f"{column}_[i]"
            body.append(f"        const real {column} = {read};")
    body += [f"        const real v{place} = {line};" for place, line in enumerate(lines)]
    for line in program[len(lines) :]:
        column, _, value = line.partition(" = ")
        name = FORMATS[formats[columns.index(column)]]
        ends.append(f"        {column}_[i] = {'to_bfloat16' if name == 'bfloat16' else f'({name})'}({value});")
    functions = {"real": "double", "root": "sqrt", "size": "fabs"}
    functions = functions if wide else {"real": "float", "root": "sqrtf", "size": "fabsf"}
    parts = {"arrays": "\n".join(arrays), "body": "\n".join([*body, *ends]), "columns": len(columns)}
    return SOURCE.format(**functions, **parts, length=max(1, numbers), used=numbers)


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


@functools.cache
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
