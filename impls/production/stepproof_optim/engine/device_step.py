"""A step on a device: one launch for all tensors of a bucket, written in Triton from the rule's lines."""

from __future__ import annotations

import functools
import hashlib
import importlib.util
from collections.abc import Sequence
from typing import Any

import torch

from .kernel import ENDS, FORMATS, NAMES, folder

BLOCK = 1024
"""So many elements are stepped by one program of the grid."""
TYPES = {"float": "tl.float32", "double": "tl.float64", "bfloat16": "tl.int16", "float16": "tl.float16"}
"""As what a format lies in memory; bfloat16 as the upper half of a float32, which is rounded here."""
FRAME = '''"""One step, written by stepproof_optim."""
import triton
import triton.language as tl


@triton.jit
def root(x):
    return {root}(x)


@triton.jit
def over(x, y):
    return {over}


@triton.jit
def size(x):
    return tl.abs(x)


@triton.jit
def larger(x, y):
    return tl.where((x > y) | (x != x), x, y)


@triton.jit
def smaller(x, y):
    return tl.where((x < y) | (x != x), x, y)


@triton.jit
def direction(x):
    return tl.where(x > 0, 1.0, tl.where(x < 0, -1.0, x))


@triton.jit
def from_bfloat16(x):
    return (x.to(tl.int32) << 16).to(tl.float32, bitcast=True)


@triton.jit
def to_bfloat16(x):
    bits = x.to(tl.int32, bitcast=True)
    rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16
    return tl.where(x != x, 0x7FC0, rounded).to(tl.int16)


@triton.jit
def step(rows, sizes, blocks, numbers, ALIGNED: tl.constexpr, BLOCK: tl.constexpr):
    block = blocks + 2 * tl.program_id(0)
    n = tl.load(block)
    at = tl.load(block + 1) + tl.arange(0, BLOCK)
    inside = at < tl.load(sizes + n)
    row = rows + n * {columns}
{lines}
'''


@functools.cache
def available() -> bool:
    """Tell whether Triton can be imported."""
    return importlib.util.find_spec("triton") is not None


def source_of(program: tuple[str, ...], numbers: int, formats: tuple[torch.dtype, ...]) -> str:
    """Return the step in Triton."""
    columns = ["p", "g", *(f"k{place}" for place in range(len(formats) - 2))]
    kinds = {column: TYPES[FORMATS[dtype]] for column, dtype in zip(columns, formats, strict=True)}
    wide = formats[0] == torch.float64
    real = "tl.float64" if wide else "tl.float32"
    lines = [line for line in program if not ENDS.match(line)]
    ends = [line.split(" = ") for line in program[len(lines) :]]
    used = set(NAMES.findall(" ".join([*lines, *(value for _, value in ends)])))
    body = []
    for place, c in enumerate(columns):
        body += [f"{c}_ = tl.load(row + {place}).to(tl.pointer_type({kinds[c]}))", "if ALIGNED:"]
        body += [f"    {c}_ = tl.multiple_of({c}_, 16)"]
        read = f"tl.load({c}_ + at, mask=inside)"
        read = f"from_bfloat16({read})" if formats[place] == torch.bfloat16 else read
        body += [f"{c} = {read}.to({real})"] if c in used else []
    body += [f"s{place} = tl.load(numbers + {place}).to({real})" for place in range(numbers)]
    body += [f"v{place} = {line}" for place, line in enumerate(lines)]
    rounded = "to_bfloat16({})" if formats[0] == torch.bfloat16 else f"({{}}).to({kinds['p']})"
    body += [f"tl.store({c}_ + at, {rounded.format(value)}, mask=inside)" for c, value in ends]
    functions = ("tl.sqrt", "x / y") if wide else ("tl.sqrt_rn", "tl.div_rn(x, y)")
    shown = "\n".join(f"    {line}" for line in body)
    return FRAME.format(root=functions[0], over=functions[1], columns=len(columns), lines=shown)


@functools.cache
def device_step(program: tuple[str, ...], numbers: int, formats: tuple[torch.dtype, ...]) -> Any:
    """Return the kernel of a program, from a module in the folder of compiled steps: Triton reads its source there."""
    source = source_of(program, numbers, formats)
    name = f"step_{hashlib.sha256(source.encode()).hexdigest()[:32]}"
    file = folder() / f"{name}.py"
    if not file.exists():
        part = file.with_suffix(".part")
        part.write_text(source)
        part.replace(file)
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file} cannot be loaded; remove it")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.step


@functools.lru_cache(maxsize=256)
def _tables(device: torch.device, pointers: tuple[int, ...], sizes: tuple[int, ...]) -> tuple[torch.Tensor, ...]:
    """Return the pointers, the sizes, and for each block its tensor and first element, on the device.

    They are told by what they hold, so that a tensor that moved has others.
    """
    blocks = [(n, first) for n, size in enumerate(sizes) for first in range(0, size, BLOCK)]
    held: tuple[Sequence[Any], ...] = pointers, sizes, blocks
    return tuple(torch.tensor(each, dtype=torch.int64).to(device, non_blocking=True) for each in held)


def launch(kernel: Any, rows: Sequence[Sequence[torch.Tensor]], numbers: Sequence[float]) -> None:
    """Step all tensors by one launch."""
    device = rows[0][0].device
    pointers = tuple(tensor.data_ptr() for row in rows for tensor in row)
    tables = _tables(device, pointers, tuple(row[0].numel() for row in rows))
    given = torch.tensor(numbers or (0.0,), dtype=torch.float64).to(device, non_blocking=True)
    aligned = not any(pointer % 16 for pointer in pointers)
    kernel[(len(tables[2]),)](*tables, given, ALIGNED=aligned, BLOCK=BLOCK, enable_fp_fusion=False)
