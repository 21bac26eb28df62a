"""`stepproof power`: runs the suite against optimizers with a mistake, and says what it found and named."""

from __future__ import annotations

import argparse
import dataclasses
import json
import signal
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from rich.console import Console

from conformance.commands.exit_status import CONFORMS, DOES_NOT
from conformance.commands.plain_text import plain
from conformance.commands.usage_errors import UsageError
from conformance.engine.runs import Terminated, terminating
from conformance.faulty.asking import asked
from conformance.faulty.checks import Checks
from conformance.faulty.fault import Fault
from conformance.faulty.faults import faults
from conformance.faulty.measurement import MeasuredFault, Named, measure
from conformance.report.writing import write_text
from impls.session import Session

HEADINGS = ("class of fault", "faults", "found", "first finding, median", "slowest", *Named)
PACKAGES = ("stepproof", "torch")
WHOLE = "each is checked as you would, with --budget {:g}"
ONLY_ASKED = "--diagnosis: of each only the diagnosis is asked, and the properties that were made for it"
"""How they were measured."""


def run(given: argparse.Namespace, console: Console) -> int:
    """Measure faulty optimizers and print the table by class of fault; ends with 1 where one is missed or misnamed."""
    chosen = [fault for fault in faults(None if given.all else given.sample) if given.only in {None, fault.kind}]
    if not chosen:
        kinds = ", ".join(dict.fromkeys(fault.kind for fault in faults(1)))
        raise UsageError(f"there is no class of faults `{given.only}`; there are: {kinds}")
    found: list[MeasuredFault] = []
    status, how = CONFORMS, ONLY_ASKED if given.diagnosis else WHOLE.format(given.budget)
    try:
        with terminating(), tempfile.TemporaryDirectory() as folder:
            for item in _measured(chosen, Path(folder), given):
                found.append(item)
                _tell(console, item, len(found), len(chosen))
    except KeyboardInterrupt as interrupt:
        number = interrupt.number if isinstance(interrupt, Terminated) else signal.SIGINT
        status, how = 128 + number, f"{how}; stopped after {len(found)} of {len(chosen)}"
        console.print(f"stopped after {len(found)} of {len(chosen)}")
    table = [*_table(found)]
    console.print()
    for row in table:
        console.print(f"| {' | '.join(row)} |", markup=False, soft_wrap=True)
    if given.output:
        _write(Path(given.output), found, table, how)
    if status:
        return status
    bad = any(item.named in {Named.MISSED, Named.OTHER} for item in found)
    return DOES_NOT if bad else CONFORMS


def _tell(console: Console, item: MeasuredFault, count: int, of: int) -> None:
    """Print what is not named right, and after every ten how many are judged."""
    if item.named not in {Named.RIGHT, Named.NONE}:
        console.print(f"{item.named}: {plain(item.name)} ({item.claim}){_said(item)}")
    if count % 10 == 0:
        console.print(f"judged {count} of {of}", style="dim")


def _measured(chosen: Sequence[Fault], folder: Path, given: argparse.Namespace) -> Iterator[MeasuredFault]:
    if given.diagnosis:
        with Session() as session:
            yield from (asked(fault, folder, session, given.dtype) for fault in chosen)
        return
    arguments = ["--dtype", given.dtype, "--budget", str(given.budget), "--jobs", "1"]
    checks, pool = Checks(), ThreadPoolExecutor(given.jobs)
    try:
        yield from pool.map(lambda fault: measure(fault, folder, arguments, checks), chosen)
    finally:  # a signal ends what runs, and nothing more is begun
        checks.end()
        pool.shutdown(cancel_futures=True)


def _said(item: MeasuredFault) -> str:
    return f": {plain(item.title)}" if item.title else ""


def _table(found: Sequence[MeasuredFault]) -> Iterator[tuple[str, ...]]:
    """Yield the rows, a heading first and the sum last."""
    yield HEADINGS
    yield ("---",) * len(HEADINGS)
    kinds = dict.fromkeys(item.kind for item in found)
    for kind in kinds:
        yield _row(kind, [item for item in found if item.kind == kind])
    if len(kinds) > 1:
        yield _row("all", found)


def _row(kind: str, items: Sequence[MeasuredFault]) -> tuple[str, ...]:
    times = [item.first for item in items if item.first < float("inf")]
    shown = (f"{statistics.median(times):.1f} s", f"{max(times):.1f} s") if times else ("", "")
    counts = [str(sum(item.named is named for item in items)) for named in Named]
    return (kind, str(len(items)), str(sum(item.found for item in items)), *shown, *counts)


def _write(folder: Path, found: Sequence[MeasuredFault], table: Sequence[tuple[str, ...]], how: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    rows = [{**dataclasses.asdict(item), "first": None if item.first == float("inf") else item.first} for item in found]
    today = datetime.now(tz=UTC).date().isoformat()
    record = {"date": today, "versions": {name: version(name) for name in PACKAGES}, "how": how, "rows": rows}
    write_text(folder / "power.json", json.dumps(record, indent=1))
    write_text(folder / "power.md", "\n".join(f"| {' | '.join(row)} |" for row in table) + "\n")
