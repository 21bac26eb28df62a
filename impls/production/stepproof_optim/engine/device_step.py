"""A step on a device: one launch for all tensors of a bucket, written in Triton from the rule's lines."""

from __future__ import annotations

import functools
import hashlib
import importlib.util
from collections.abc import Mapping, Sequence
from typing import Any

import torch

from .kernel import ENDS, FORMATS, NAMES, Layout, folder
from .rounding import KAHAN, MASTER, STOCHASTIC

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
def remaining(x):
    return tl.where(x - x == 0, x, 0.0)


@triton.jit
def proper_bits(x):
    return tl.where(x != x, 0x7FC00000, x.to(tl.int32, bitcast=True))


@triton.jit
def upper(x):
    return ((proper_bits(x) + 0x8000) >> 16).to(tl.int16)


@triton.jit
def lower(x):
    return (proper_bits(x) & 0xFFFF).to(tl.int16)


@triton.jit
def joined(high, low):
    size = high.to(tl.int32) & 0x7FFF
    low = low.to(tl.int32)
    rest = tl.where(((size == 0) & (low < 0)) | ((size == 0x7F80) & (low > 0)), 0, low)
    return ((high.to(tl.int32) << 16) + rest).to(tl.float32, bitcast=True)


@triton.jit
def mixed(x):
    x = (x ^ (x >> 16)) * 0x85EBCA6B
    x = (x ^ (x >> 13)) * 0xC2B2AE35
    return x ^ (x >> 16)


@triton.jit
def noise(seed, n, at):
    return mixed(mixed(at.to(tl.uint32)) ^ mixed(seed + n.to(tl.uint32)))


@triton.jit
def drawn_bfloat16(x, bits):
    drawn = (x.to(tl.uint32, bitcast=True) + (bits >> 16)) >> 16
    return tl.where(x - x == 0, drawn.to(tl.int16), to_bfloat16(x))


@triton.jit
def drawn_float16(x, bits):
    near = x.to(tl.float16)
    rounded = near.to(tl.float32)
    step = tl.where(tl.abs(x) > tl.abs(rounded), 1, -1)
    other = (near.to(tl.int16, bitcast=True) + step).to(tl.int16).to(tl.float16, bitcast=True)
    share = tl.div_rn(x - rounded, other.to(tl.float32) - rounded)
    return tl.where((bits >> 8).to(tl.float32) * 5.9604644775390625e-08 < share, other, near)


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


def source_of(program: tuple[str, ...], numbers: int, layout: Layout) -> str:
    """Return the step in Triton."""
    formats = layout.formats
    columns = ["p", "g", *(f"k{place}" for place in range(len(formats) - 2))]
    kinds = {column: TYPES[FORMATS[dtype]] for column, dtype in zip(columns, formats, strict=True)}
    wide = formats[0] == torch.float64
    real = "tl.float64" if wide else "tl.float32"
    places = dict(enumerate(columns))
    way, rest = layout.rounding
    if rest is not None:
        places[len(columns)] = "r"
        kinds["r"] = TYPES[FORMATS[rest]] if way == KAHAN else "tl.int16"
    lines = [line for line in program if not ENDS.match(line)]
    ends = [line.split(" = ") for line in program[len(lines) :]]
    used = set(NAMES.findall(" ".join([*lines, *(value for _, value in ends)])))
    body = []
    for place, c in places.items():
        body += [f"{c}_ = tl.load(row + {place}).to(tl.pointer_type({kinds[c]}))", "if ALIGNED:"]
        body += [f"    {c}_ = tl.multiple_of({c}_, 16)"]
        body += [f"{c} = {_read(c, kinds[c])}.to({real})"] if c in used else []
    body += _with_remainder(way, kinds.get("r", ""))
    body += [f"s{place} = tl.load(numbers + {place}).to({real})" for place in range(numbers)]
    body += [f"v{place} = {line}" for place, line in enumerate(lines)]
    body += [f"tl.store({c}_ + at, {_rounded(value, kinds[c])}, mask=inside)" for c, value in ends[1:]]
    body += _stored(ends[0][1], kinds, numbers, way)
    functions = ("tl.sqrt", "x / y") if wide else ("tl.sqrt_rn", "tl.div_rn(x, y)")
    shown = "\n".join(f"    {line}" for line in body)
    return FRAME.format(root=functions[0], over=functions[1], columns=len(places), lines=shown)


def _read(column: str, kind: str) -> str:
    read = f"tl.load({column}_ + at, mask=inside)"
    return f"from_bfloat16({read})" if kind == TYPES["bfloat16"] else read


def _rounded(value: str, kind: str) -> str:
    return f"to_bfloat16({value})" if kind == TYPES["bfloat16"] else f"({value}).to({kind})"


def _with_remainder(way: str, kind: str) -> list[str]:
    """Return what puts parameter and remainder together."""
    halves = "joined(tl.load(p_ + at, mask=inside), tl.load(r_ + at, mask=inside))"
    added = f"p + {_read('r', kind)}.to(tl.float32)"
    if kind == "tl.float32":  # of a parameter that was overwritten since, unless it is rounded to the parameter
        return [f"q = {added}", "p = tl.where(q.to(tl.float16).to(tl.float32) == p, q, p)"]
    return {KAHAN: [f"p = {added}"], MASTER: [f"p = {halves}"]}.get(way, [])


def _stored(value: str, kinds: Mapping[str, str], numbers: int, way: str) -> list[str]:
    """Return what stores the new parameter, and what is kept of it."""
    kind = kinds["p"]
    new = {
        STOCHASTIC: f"drawn_{'bfloat16' if kind == TYPES['bfloat16'] else 'float16'}({value}, noise(seed, n, at))",
        MASTER: f"upper({value})",
    }.get(way, _rounded(value, kind))
    seed = f"seed = tl.load(numbers + {numbers}).to(tl.int64).to(tl.uint32)"
    lines = [f"new = {new}", "tl.store(p_ + at, new, mask=inside)"]
    again = "from_bfloat16(new)" if kind == TYPES["bfloat16"] else "new.to(tl.float32)"
    left = f"remaining({value} - {again})"
    rest = {KAHAN: _rounded(left, kinds.get("r", kind)), MASTER: f"lower({value})"}.get(way)
    lines += [f"tl.store(r_ + at, {rest}, mask=inside)"] if rest else []
    return [*([seed] if way == STOCHASTIC else []), *lines]


@functools.cache
def device_step(program: tuple[str, ...], numbers: int, layout: Layout) -> Any:
    """Return the kernel of a program, from a module in the folder of compiled steps: Triton reads its source there."""
    source = source_of(program, numbers, layout)
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
    given = torch.tensor(numbers, dtype=torch.float64).to(device, non_blocking=True)
    aligned = not any(pointer % 16 for pointer in pointers)
    kernel[(len(tables[2]),)](*tables, given, ALIGNED=aligned, BLOCK=BLOCK, enable_fp_fusion=False)
