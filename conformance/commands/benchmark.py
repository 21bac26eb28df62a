"""The judge's speed: element-cases for a second of one core, over the step that is judged, starts and reports.

Everything is measured in one run, in processor time where that is the judge's own.  ``--json`` writes the figures,
``--against`` compares them with such a file.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from rich.console import Console
from rich.table import Table

from conformance.commands.measured_speed import (
    SCHEDULE,
    SIZES,
    STARTS,
    Speed,
    report_bytes,
    schedule_rate,
    speeds,
    start_seconds,
)
from conformance.engine import freed_memory
from impls.session import Session
from reference.compiled import toolchain

LEAST = 0.5
"""What may be left of a speed, and of a start or a size twice as much, before a comparison fails."""
PER_SECOND, OVER_STEP = "element-cases/s", "judge / step"
"""How the names of speeds end, and those of what depends on the step as well, which is told and fails nothing."""


def _steps(measured: list[Speed]) -> Table:
    table = Table(title="one step judged, float32, one core", title_justify="left", box=None, pad_edge=False)
    for heading in ("rule", "elements", PER_SECOND, OVER_STEP):
        table.add_column(heading, justify="left" if heading == "rule" else "right")
    for item in measured:
        table.add_row(item.name, f"{item.elements:,}", f"{item.rate:,.0f}", f"{item.over_step:,.1f}")
    return table


def _figures(console: Console) -> Iterator[tuple[str, float]]:
    """Yield every figure by its name, and print each kind as it is measured; a speed's name ends with its unit."""
    with Session() as session:
        measured = list(speeds(session))
        console.print(_steps(measured))
        for item in measured:
            yield f"{item.name}, {item.elements} elements, {PER_SECOND}", item.rate
            yield f"{item.name}, {item.elements} elements, {OVER_STEP}", item.over_step
        rate = schedule_rate(session)
    console.print(f"{SCHEDULE}: {rate:,.0f} learning rates/s")
    yield f"{SCHEDULE}, {PER_SECOND}", rate
    for arguments in STARTS:
        seconds = start_seconds(arguments)
        console.print(f"stepproof {' '.join(arguments)}: {seconds:.2f} s")
        yield f"start of {' '.join(arguments)}, s", seconds
    with tempfile.TemporaryDirectory() as folder:
        for name, size in report_bytes(Path(folder)).items():
            console.print(f"{name} of one path in one format: {size:,} bytes")
            yield f"{name}, bytes", size


def compared(now: Mapping[str, float], before: Mapping[str, float], least: float) -> tuple[Table, list[str]]:
    """Return each figure over that of another run, and the names of those that are worse than ``least`` of it."""
    table = Table(title="against the other run, more is better", title_justify="left", box=None, pad_edge=False)
    for heading in ("figure", "now", "then", "ratio"):
        table.add_column(heading, justify="left" if heading == "figure" else "right")
    worse = []
    for name in (name for name in now if name in before):
        better = now[name] / before[name] if name.endswith(PER_SECOND) else before[name] / now[name]
        table.add_row(name, f"{now[name]:,.2f}", f"{before[name]:,.2f}", f"{better:.2f}")
        if better < least and not name.endswith(OVER_STEP):
            worse.append(name)
    return table, worse


def main(arguments: list[str] | None = None) -> int:
    """Measure; returns 1 where something is worse than another run by more than is allowed."""
    parser = argparse.ArgumentParser("python -m conformance.commands.benchmark", description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to a file")
    parser.add_argument("--against", type=Path, metavar="FILE", help="compare with the figures of another run")
    parser.add_argument(
        "--least", type=float, default=LEAST, metavar="RATIO", help="what must be left of a speed (%(default)s)"
    )
    order = parser.parse_args(arguments)
    console = Console(highlight=False)
    before: dict[str, float] = json.loads(order.against.read_text())["figures"] if order.against else {}
    freed_memory.keep()
    console.print(f"elements of {', '.join(f'{size:,}' for size in SIZES)}; compiler: {toolchain.compiler() or 'none'}")
    figures = dict(_figures(console))
    if order.json:
        machine = {"machine": platform.machine(), "python": platform.python_version()}
        order.json.write_text(json.dumps({**machine, "figures": figures}, indent=1) + "\n")
    if not before:
        return 0
    table, worse = compared(figures, before, order.least)
    console.print(table)
    for name in worse:
        console.print(f"worse than {order.least:g} of the other run: {name}", style="bold red")
    return int(bool(worse))


if __name__ == "__main__":
    sys.exit(main())
