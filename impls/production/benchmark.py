"""The speed of the optimizers that are shipped, beside torch's best path and what memory moves in the same run.

`python impls/production/benchmark.py [RULE ...]` measures on the CPU, with as many threads as torch has.  The steps of
a pair take turns, and the quickest of each is told.  Bytes are those of each array read and written once.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import accumulate
from pathlib import Path
from typing import Any

import stepproof_optim
import torch

ROUNDS = 20
SECONDS = 4.0
"""So many rounds are made of a pair, or fewer where they take longer than this; three at least."""
TURN = 3
"""So many steps are made in a turn: the first finds what the others left in the caches."""


@dataclass(frozen=True)
class Shape:
    """Parameters to step: groups of tensors of some elements each."""

    groups: int
    tensors: int
    elements: int

    def __str__(self) -> str:
        count = f"{self.groups} groups of {self.tensors}" if self.groups > 1 else f"{self.tensors:,}"
        return f"{count} x {self.elements:,}"

    @property
    def total(self) -> int:
        """The number of elements of all of them."""
        return self.groups * self.tensors * self.elements


SHAPES = (Shape(1, 1, 10_000_000), Shape(1, 200, 10_000), Shape(1, 1000, 100), Shape(100, 10, 1000))
FORMATS = {"float32": torch.float32, "bfloat16": torch.bfloat16}
RULES: dict[str, dict[str, Any]] = {
    "AdamW": {},
    "Adam": {"amsgrad": True},
    "SGD": {"momentum": 0.9},
    "Adagrad": {},
    "RMSprop": {"momentum": 0.9},
    "Adamax": {},
    "NAdam": {},
    "RAdam": {},
    "Yogi": {},
    "AdaBound": {},
    "Lion": {},
    "Adan": {},
}
PATHS = ({"fused": True}, {"foreach": True}, {"foreach": False})
OURS: dict[str, dict[str, bool]] = {
    "one pass": {},
    "foreach": {"foreach": True},
    "single-tensor": {"foreach": False, "fused": False},
}
"""Our paths, of which the first is the one that is taken where nobody asks for another."""


@dataclass(frozen=True)
class Figure:
    """One rule on one path and shape, in one format: seconds of a step and of torch's best, and how fast memory moves.

    `memory_rate` is of copies and changes in place of as many bytes, the quickest of the run, in bytes for a second.
    `temporary` is what a step allocates beside parameters, gradients and states, at its highest, in bytes.
    """

    rule: str
    shape: str
    format: str
    seconds: float
    torch_seconds: float | None
    torch_path: str
    bytes: int
    memory_rate: float
    temporary: int
    path: str = "one pass"

    @property
    def believed(self) -> bool:
        """Whether the step moves no more bytes in a second than memory does."""
        return self.bytes / self.seconds <= self.memory_rate


def groups(shape: Shape, dtype: torch.dtype) -> list[dict[str, Any]]:
    """Return param groups, every parameter with a gradient."""
    made: list[dict[str, Any]] = []
    generator = torch.Generator().manual_seed(0)
    for _ in range(shape.groups):
        params = [
            torch.nn.Parameter(torch.randn(shape.elements, generator=generator).to(dtype)) for _ in range(shape.tensors)
        ]
        for p in params:
            p.grad = torch.randn(shape.elements, generator=generator).to(dtype)
        made.append({"params": params})
    return made


def quickest(steps: Sequence[Callable[[], Any]], clock: Callable[[], float]) -> list[float]:
    """Return the least seconds of each of some steps by a clock; they take turns."""
    best = [float("inf")] * len(steps)
    for step in steps:
        step()
        step()
    begun, rounds = time.perf_counter(), 0
    while rounds < 3 or (rounds < ROUNDS and time.perf_counter() - begun < SECONDS):
        for place, step in enumerate(steps):
            for _ in range(TURN):
                start = clock()
                step()
                best[place] = min(best[place], clock() - start)
        rounds += 1
    return best


def bytes_of(optimizer: Any, dtype: torch.dtype, total: int) -> int:
    """Return what a step moves: the gradient once, the parameter and every state of its shape twice."""
    p = optimizer.param_groups[0]["params"][0]
    states = sum(1 for value in optimizer.state[p].values() if getattr(value, "shape", None) == p.shape)
    return total * dtype.itemsize * (3 + 2 * states)


def temporary(step: Callable[[], Any]) -> int:
    """Return the most bytes that a step on the CPU holds beside what was there before, as torch's allocator counts."""
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True) as profile:
        step()
    found = [event for event in profile.profiler.kineto_results.events() if event.name() == "[memory]"]
    held = accumulate(event.nbytes() for event in sorted(found, key=lambda event: event.start_ns()))
    return max(held, default=0)


def moving(count: int) -> tuple[Callable[[], Any], Callable[[], Any]]:
    """Return what reads and writes so many bytes altogether: a copy, and a sign changed in place, as steps write."""
    source = torch.ones(max(1, count // 8))
    target = torch.empty_like(source)
    return lambda: target.copy_(source), source.neg_


def theirs(rule: str, shape: Shape, dtype: torch.dtype) -> Iterator[tuple[str, Any]]:
    """Yield the paths of torch's optimizer of the same rule, each with its name."""
    make: Any = getattr(torch.optim, rule, None)
    for path in PATHS if make else ():
        try:
            optimizer = make(groups(shape, dtype), **RULES[rule], **path)
            optimizer.step()
        except (TypeError, RuntimeError):
            continue
        yield next("single-tensor" if not value else key for key, value in path.items()), optimizer


def measured(
    rules: Sequence[str], paths: Sequence[str], shape: Shape, name: str, clock: Callable[[], float]
) -> Iterator[Figure]:
    """Measure rules on one shape in one format; as many bytes are moved beside each of them."""
    dtype = FORMATS[name]
    rate, found = 0.0, []
    for rule in rules:
        make = getattr(stepproof_optim, rule)
        ours = [make(groups(shape, dtype), **RULES[rule], **OURS[path]) for path in paths]
        for optimizer in ours:
            optimizer.step()
        moved = bytes_of(ours[0], dtype, shape.total)
        others = dict(theirs(rule, shape, dtype))
        steps = [optimizer.step for optimizer in (*ours, *others.values())]
        best = quickest([*moving(moved), *steps], clock)
        taken = dict(zip(others, best[2 + len(ours) :], strict=True))
        quick = min(taken, key=taken.__getitem__, default="")
        rate = max(rate, moved / min(best[:2]))
        for path, optimizer, seconds in zip(paths, ours, best[2:], strict=False):
            peak = temporary(optimizer.step)
            found.append(Figure(rule, str(shape), name, seconds, taken.get(quick), quick, moved, rate, peak, path))
    yield from (replace(figure, memory_rate=rate) for figure in found)


def processor() -> str:
    """Return what the machine calls its processor."""
    file = Path("/proc/cpuinfo")
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    named = next((line.partition(": ")[2] for line in lines if line.startswith("model name")), "")
    return named or platform.processor() or platform.machine()


def line(figure: Figure) -> str:
    """Return one row of the table."""
    over = (
        f"{figure.seconds / figure.torch_seconds:5.2f} of {figure.torch_path}"
        if figure.torch_seconds
        else "not in torch"
    )
    rates = [rate / 1e9 for rate in (figure.bytes / figure.seconds, figure.memory_rate)]
    doubt = "" if figure.believed else "  more than memory: not believed"
    what = f"{figure.rule:9} {figure.path:13} {figure.shape:22} {figure.format:9}"
    moved = f"{rates[0]:6.1f} GB/s of {rates[1]:6.1f} moved"
    return f"{what} {figure.seconds * 1e6:10,.0f} us  {over:22} {moved}  +{figure.temporary:,} B{doubt}"


def told(figure: Figure) -> str:
    """Return a figure as the table of the documentation has it."""
    if figure.torch_seconds is None:
        return f"{figure.seconds * 1e3:.2f} ms"
    return f"{figure.seconds / figure.torch_seconds:.2f} of {figure.torch_path}"


def table(figures: Sequence[Figure], said: str) -> str:
    """Return a Markdown table of the float32 figures: a row for each rule and path, with what a step allocates."""
    shapes = list(dict.fromkeys(figure.shape for figure in figures))
    rows: dict[tuple[str, str], dict[str, Figure]] = {}
    for figure in figures:
        if figure.format == "float32":
            rows.setdefault((figure.rule, figure.path), {})[figure.shape] = figure
    lines = [
        f"{said}",
        "",
        f"| rule | path | {' | '.join(shapes)} | bytes beside |",
        "| --- " * (len(shapes) + 3) + "|",
    ]
    for (rule, path), found in rows.items():
        peak = max(figure.temporary for figure in found.values())
        cells = " | ".join(told(found[shape]) for shape in shapes)
        lines.append(f"| {rule} | {path} | {cells} | {peak:,} |")
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what is asked for and print a line for each; with `--json` write the figures to a file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rules", nargs="*", default=list(RULES), metavar="RULE", help=f"some of {', '.join(RULES)}")
    parser.add_argument("--json", metavar="FILE", help="write the figures there as well")
    parser.add_argument("--paths", action="store_true", help="all paths of ours, and not the usual one alone")
    parser.add_argument("--format", choices=list(FORMATS), action="append", help="one format (repeatable)")
    parser.add_argument("--table", metavar="FILE", help="write the float32 figures there as Markdown")
    parser.add_argument(
        "--processor-time", action="store_true", help="one thread's processor time, where others use the machine too"
    )
    asked = parser.parse_args(arguments)
    clock = time.process_time if asked.processor_time else time.perf_counter
    if asked.processor_time:
        torch.set_num_threads(1)
    if unknown := set(asked.rules) - RULES.keys():
        parser.error(f"there is no rule {min(unknown)}; give some of {', '.join(RULES)}")
    kind = "processor time" if asked.processor_time else "by the clock"
    machine = f"{processor()}, {torch.get_num_threads()} threads, torch {torch.__version__}"
    said = f"{machine}, {time.strftime('%Y-%m-%d')}, {kind}"
    print(said)
    figures = []
    paths = list(OURS) if asked.paths else list(OURS)[:1]
    for shape in SHAPES:
        for name in asked.format or FORMATS:
            for figure in measured(asked.rules, paths, shape, name, clock):
                figures.append(figure)
                print(line(figure), flush=True)
    if asked.json:
        Path(asked.json).write_text(json.dumps([asdict(figure) for figure in figures], indent=1), encoding="utf-8")
    if asked.table:
        Path(asked.table).write_text(table(figures, said), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
