"""``history.jsonl``: a line for each run, with its figures.

A line is written in one call and ends in a newline.  One that a killed run left unfinished is passed over, and the next
run begins on a line of its own.
"""

from __future__ import annotations

import fcntl
import math
import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from conformance.exchange.occasion import Occasion
from conformance.exchange.problems import line
from conformance.report import totals
from conformance.report.model import Outcome, Report

HISTORY, TREND = "history.jsonl", "history.svg"


@dataclass(frozen=True)
class HistoryEntry:
    """The figures of one run; ``largest_ratio`` is the largest observed error over its bound, if any was finite."""

    date: str
    outcome: Outcome
    counts: dict[str, int]
    causes: int
    largest_ratio: float | None
    element_cases: int
    mutants_killed: int
    mutants: int
    seconds: float
    seed: int
    budget: int
    suite: str
    torch: str
    cases_hash: str
    implementations: tuple[str, ...] = field(default=())


def entry(report: Report, occasion: Occasion) -> HistoryEntry:
    """Return the figures of a run."""
    ratios = [result.figures.largest_ratio for result in report.results]
    finite = [ratio for ratio in ratios if ratio is not None and math.isfinite(ratio)]
    power = totals.power(totals.mutants_of(report.rules))
    return HistoryEntry(
        date=occasion.timestamp,
        outcome=report.outcome,
        counts=dict(Counter(result.shown.value for result in report.results)),
        causes=len(report.causes),
        largest_ratio=max(finite, default=None),
        element_cases=totals.tested(report.results).element_cases,
        mutants_killed=power.killed,
        mutants=power.total,
        seconds=report.times.get("total", 0.0),
        seed=report.seed,
        budget=report.budget,
        suite=line(report.suite_version),
        torch=line(report.environment.get("torch", "")),
        cases_hash=report.cases_hash,
        implementations=tuple(line(item.identifier) for item in report.implementations[:100]),
    )


def append(path: Path, added: HistoryEntry) -> None:
    """The entry stands on a line of its own at the end of the file, which is made if there is none.

    Raises ``OSError`` where the file is a link or cannot be written.
    """
    whole = msgspec.json.encode(added) + b"\n"
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        handle = os.open(path, flags, 0o644)
    except OSError as error:
        said = "is a link" if path.is_symlink() else f"cannot be written: {error.strerror}"
        raise OSError(f"the history `{path}` {said}; remove it, or give another output") from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        size = os.fstat(handle).st_size
        torn = size and os.pread(handle, 1, size - 1) != b"\n"
        text = b"\n" + whole if torn else whole
        if os.write(handle, text) != len(text):
            raise OSError(f"the history `{path}` has no room for a whole line; make room, or give another output")
    finally:
        os.close(handle)


def read(path: Path) -> tuple[HistoryEntry, ...]:
    """Return the runs of a file, oldest first; a line that is none of ours is passed over."""
    found = []
    for text in path.read_bytes().split(b"\n") if path.exists() else ():
        try:
            found.append(msgspec.json.decode(text, type=HistoryEntry))
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue
    return tuple(found)
