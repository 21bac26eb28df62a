"""`stepproof power`: runs the suite against optimizers with a mistake, and says what it found and named."""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from queue import Queue

from rich.console import Console

from conformance.commands.exit_status import CONFORMS, DOES_NOT
from conformance.commands.plain_text import plain
from conformance.commands.usage_errors import UsageError
from conformance.engine.ending import number_of
from conformance.faulty.checks import Checks, Manner
from conformance.faulty.fault import Fault
from conformance.faulty.faults import faults, kinds_of_fault
from conformance.faulty.measurement import MeasuredFault, Named, claim_of
from conformance.faulty.schedulers import spread
from conformance.report.writing import write_text

HEADINGS = ("class of fault", "faults", "found", "first finding, median", "slowest", *Named)
PACKAGES = ("stepproof", "torch")
WHOLE = (
    "of each every property that `stepproof check --dtype {} --budget {:g}` asks, and the causes of what fails, by "
    "processes that judge one class after the other; the power of formula mutants is not measured beside it"
)
ONLY_ASKED = "--diagnosis: of each only the diagnosis is asked, in {}, and the properties that were made for it"
"""How they were measured."""
RECORD = "power.json"


def run(given: argparse.Namespace, console: Console) -> int:
    """Measure faulty optimizers and print the table by class of fault; ends with 1 where one is missed or misnamed."""
    if given.only not in {None, *kinds_of_fault()}:
        raise UsageError(f"there is no class of faults `{given.only}`; there are: {', '.join(kinds_of_fault())}")
    chosen = list(faults(None if given.all else given.sample, given.only))
    chosen = [fault for some in _by_kind(chosen) for fault in spread(some, given.each)]
    if given.resume and not given.output:
        raise UsageError("--resume goes on with what a folder holds; name it with --output")
    how = ONLY_ASKED.format(given.dtype) if given.diagnosis else WHOLE.format(given.dtype, given.budget)
    found = _done(Path(given.output), how) if given.resume else {}
    status, end = CONFORMS, ""
    try:
        for item in _measured([fault for fault in chosen if _key(fault) not in found], given):
            found[item.kind, item.name, item.claim] = item
            _tell(console, item, len(found), len(chosen))
            if given.output:
                _write(Path(given.output), _in_order(chosen, found), how, f"; {len(found)} of {len(chosen)}")
    except KeyboardInterrupt as interrupt:
        status, end = 128 + number_of(interrupt), f"; stopped after {len(found)} of {len(chosen)}"
        console.print(f"stopped after {len(found)} of {len(chosen)}")
    measured = _in_order(chosen, found)
    console.print()
    for row in _table(measured):
        console.print(f"| {' | '.join(row)} |", markup=False, soft_wrap=True)
    if given.output:
        _write(Path(given.output), measured, how, end)
    if status:
        return status
    return DOES_NOT if any(item.named in {Named.MISSED, Named.OTHER} for item in measured) else CONFORMS


def _by_kind(chosen: Sequence[Fault]) -> Iterator[list[Fault]]:
    for kind in dict.fromkeys(fault.kind for fault in chosen):
        yield [fault for fault in chosen if fault.kind == kind]


def _key(fault: Fault) -> tuple[str, str, str]:
    return fault.kind, fault.name, claim_of(fault)


def _in_order(chosen: Sequence[Fault], found: Mapping[tuple[str, str, str], MeasuredFault]) -> list[MeasuredFault]:
    return [found[key] for key in map(_key, chosen) if key in found]


def _done(folder: Path, how: str) -> dict[tuple[str, str, str], MeasuredFault]:
    """Return what a run of the same sort has measured already, with the same versions; what is another's is left."""
    if not (folder / RECORD).exists():
        return {}
    record = json.loads((folder / RECORD).read_text())
    if record["versions"] != _versions() or record["how"].partition(";")[0] != how.partition(";")[0]:
        raise UsageError(f"{folder / RECORD} was measured otherwise: {record['how']}; {record['versions']}")
    rows = [MeasuredFault.read(row) for row in record["rows"]]
    return {(row.kind, row.name, row.claim): row for row in rows}


def _tell(console: Console, item: MeasuredFault, count: int, of: int) -> None:
    """Print what is not named right, and after every ten how many are judged."""
    if item.named not in {Named.RIGHT, Named.NONE}:
        console.print(f"{item.named}: {plain(item.name)} ({item.claim}){_said(item)}")
    if count % 10 == 0:
        console.print(f"judged {count} of {of}", style="dim")


def _measured(chosen: Sequence[Fault], given: argparse.Namespace) -> Iterator[MeasuredFault]:
    """Yield what is made of the faults, as processes that each judge some of them come to it."""
    checks = Checks(Manner(given.dtype, given.budget, given.diagnosis))
    told: Queue[MeasuredFault | None] = Queue()

    def judge(some: Sequence[Fault]) -> None:
        try:
            for found in checks.measured(some):
                told.put(found)
        finally:
            told.put(None)

    pool = ThreadPoolExecutor(given.jobs)
    try:
        parts = [pool.submit(judge, chosen[first :: given.jobs]) for first in range(given.jobs)]
        for _ in parts:
            yield from iter(told.get, None)
        for part in parts:
            part.result()
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


def _versions() -> dict[str, str]:
    return {name: version(name) for name in PACKAGES}


def _write(folder: Path, found: Sequence[MeasuredFault], how: str, end: str) -> None:
    """Write what is measured so far: whatever ends the command, that is kept."""
    folder.mkdir(parents=True, exist_ok=True)
    today = datetime.now(tz=UTC).date().isoformat()
    record = {"date": today, "versions": _versions(), "how": f"{how}{end}", "rows": [item.plain() for item in found]}
    write_text(folder / RECORD, json.dumps(record, indent=1))
    write_text(folder / "power.md", "\n".join(f"| {' | '.join(row)} |" for row in _table(found)) + "\n")
