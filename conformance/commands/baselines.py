"""The baseline of a run: read before anything is judged, compared after it, and written where that is asked for."""

from __future__ import annotations

import dataclasses
import os
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from conformance.baseline.comparison import compare, incomparable, known
from conformance.baseline.reading import BaselineError, read
from conformance.baseline.record import RunRecord, record_of, text_of
from conformance.commands.plain_text import plain
from conformance.commands.usage_errors import UsageError
from conformance.engine.ledger import load
from conformance.report.difference import BaselineEntry, BaselineStatus
from conformance.report.model import Report
from conformance.report.safety import made_safe
from conformance.report.writing import write_text


@dataclass(frozen=True)
class Held:
    """What a run is held against, or the file to which it is recorded."""

    file: Path
    before: RunRecord | None = None

    def against(self, report: Report) -> Report:
        """Return a report that says what is otherwise than in its baseline, with the causes that are new first.

        A run that is recorded is judged as it stands.
        """
        name = os.path.relpath(self.file)
        if self.before is None:
            return dataclasses.replace(report, baseline=BaselineEntry(name, BaselineStatus.RECORDED))
        now = record_of(made_safe(report))
        difference = compare(self.before, now, {entry.identifier for entry in load()})
        entry = BaselineEntry(name, BaselineStatus.COMPARED, known(self.before, now), difference)
        return dataclasses.replace(report, baseline=entry, causes=tuple(sorted(report.causes, key=entry.knows)))

    def record(self, report: Report, console: Console) -> None:
        """Write the record of a report where there is none to hold it against, and say so."""
        if self.before is not None:
            return
        name = plain(os.path.relpath(self.file))
        if report.cut_short:
            console.print(f"{name} is not written: a run that was cut short is no baseline")
            return
        first = not self.file.exists()
        write_text(self.file, text_of(record_of(made_safe(report))))
        said = "no baseline yet: wrote" if first else "wrote the new baseline"
        console.print(f"{said} {name}; the run is judged as it stands")


def held(file: Path | None, report: Report, *, update: bool) -> Held | None:
    """Return what a run is held against; ``report`` says how it will be judged, and has no result yet.

    Raises ``UsageError`` for an update of no file, ``OSError`` for a file that cannot be written, and
    ``BaselineError`` for one that is no baseline or that a run with another seed, budget or suite wrote.
    """
    if file is None:
        if update:
            raise UsageError("--update-baseline says nothing without --baseline FILE; give both")
        return None
    if file.is_symlink():
        raise OSError(f"the baseline `{file}` is a link; give the file that it leads to")
    if file.is_dir():
        raise OSError(f"the baseline `{file}` is a folder; give a file, which need not exist")
    now = record_of(report)
    if update and file.exists():
        _covered(file, now)
    if update or not file.exists():
        folder = next(parent for parent in file.absolute().parents if parent.exists())
        if not os.access(folder, os.W_OK):
            raise OSError(f"the baseline `{file}` cannot be written; give a file in a folder that can be written to")
        return Held(file)
    before = read(file)
    reasons = incomparable(before, now)
    if reasons:
        raise BaselineError(
            f"the baseline `{file}` cannot be compared: {'; '.join(reasons)}; judge as it was judged, or record anew "
            "with --update-baseline"
        )
    return Held(file, before)


def _covered(file: Path, now: RunRecord) -> None:
    """Raise ``BaselineError`` where a run in the place of a baseline would forget cells that it did not ask for."""
    before = read(file, reports=False)
    left = sum(not now.covers(cell) for cell in before.cells)
    if left:
        raise BaselineError(
            f"--update-baseline would forget {left:,} of the {len(before.cells):,} cells of `{file}`, which this run "
            "does not ask for; judge all of them, or remove the file to begin another"
        )
