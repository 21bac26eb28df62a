"""Writes docs/reading-a-finding.md: ``python -m conformance.commands.screens`` checks optimizers with a mistake."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from itertools import takewhile
from pathlib import Path

from conformance.faulty.fault import Fault
from conformance.faulty.faults import faults
from conformance.optimizers.torch_class import CLASS
from conformance.report.writing import write_text

PAGE = Path("docs/reading-a-finding.md")
FILE = "optimizer.py"
WIDTH = 118
SHOWN = (
    "epsilon=inside for epsilon=outside",
    "second moment: without factor 1 - beta2",
    "update: decay after the update",
    "adabelief for adam",
    "second moment: g**2*(1 - beta2) off by 1e-6, in further groups",
    "lr of the first group",
    "one count for all parameters",
    "a missing gradient ends the group",
    "the gradient is changed",
    "loading forgets the settings",
    "an lr of NaN is accepted",
)
"""The mistakes of which the page has a screen, by their names."""
OPENING = """# Reading a finding

A run that fails begins with its causes. One cause is one reason, however many properties, paths and formats show it:

| line | what it says |
| --- | --- |
| the first | `✗` for what must hold, `!` for what only should; the optimizer, and what it does instead, if known |
| diagnosis | the line as it is computed and as the formula has it; how many runs that holds, and if others do |
| | or that none of so many hypotheses holds them, and where the values are wrong |
| where | the line of your own file that writes what is wrong, or at which it raises; else that of `step` |
| explains | the cells of the report that this reason explains: judged again under it, they show nothing wrong |
| property, formula | what was claimed, and the line of the formula whose value is shown |
| case, before | the smallest case that still shows it: settings, shapes, and the numbers that entered the line |
| legal, got | the interval of every legal evaluation, and the value that came |
| confirmed | that a second computation with balls of 300 bits says the same |
| replay | the command that runs this case again; the script beside it needs torch alone |

The screens below are those of `stepproof check optimizer.py:Optimizer --dtype float64 --budget 2`. Each optimizer is a
right one with one mistake. `python -m conformance.commands.screens` wrote them.
"""


def screen(fault: Fault) -> str:
    """Return the causes that a check of a faulty optimizer prints, in a folder of its own."""
    options = [word for name, value in fault.options.items() for word in ("--option", f"{name}={value}")]
    command = [sys.executable, "-m", "conformance.cli", "check", f"{FILE}:{CLASS}", "--rule", fault.rule, *options]
    command += ["--dtype", "float64", "--budget", "2", "--jobs", "1", "--output", "report"]
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / FILE).write_text(fault.source)
        environment = {**os.environ, "COLUMNS": str(WIDTH)}
        done = subprocess.run(  # noqa: S603 our own command line
            command, capture_output=True, text=True, check=False, cwd=folder, env=environment
        )
        text = done.stdout.replace(f"{folder}/", "")
    return "\n".join(_causes(text.splitlines()))


def _causes(lines: Sequence[str]) -> Iterator[str]:
    """Yield the lines of the causes, which end where the table of properties begins."""
    first = next((n for n, line in enumerate(lines) if _begins(line)), len(lines))
    yield from takewhile(lambda line: " claims " not in line, lines[first:])


def _begins(line: str) -> bool:
    return line.startswith((f"✗ {FILE}", f"! {FILE}"))


def page() -> str:
    """Return the page."""
    by_name = {fault.name: fault for fault in reversed([*faults()])}
    parts = [OPENING]
    for name in SHOWN:
        fault = by_name[name]
        claim = ", ".join((fault.rule, *(f"{option}={value}" for option, value in fault.options.items())))
        parts.append(f"## {name[0].upper()}{name[1:]}\n\nClaimed: {claim}.\n\n```text\n{screen(fault).strip()}\n```\n")
    return "\n".join(parts)


def main() -> None:
    """Write the page."""
    write_text(PAGE, page())


if __name__ == "__main__":
    main()
