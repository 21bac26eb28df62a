"""Writes a report in the formats that other tools read: ``--format NAME``."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from conformance.commands.source_places import sources
from conformance.exchange.formats import FORMATS, write_formats
from conformance.report.model import Report
from conformance.report.writing import SUMMARY

JOB_PAGE, WORKSPACE = "GITHUB_STEP_SUMMARY", "GITHUB_WORKSPACE"


def files_of(names: Iterable[str]) -> tuple[str, ...]:
    """Return the files of formats in the output folder."""
    return tuple(file for name in names for file in FORMATS[name].files)


def write(report: Report, names: Sequence[str], output: Path, console: Console) -> None:
    """Write the formats beside the report, say where, and print what is read from what a step prints.

    The summary of a job goes to the file that ``GITHUB_STEP_SUMMARY`` names, too.  Raises ``OSError`` for a file that
    cannot be written, after all others.
    """
    root, page = repository(Path.cwd()), os.environ.get(JOB_PAGE, "")
    known, date, failed = sources(report, root), datetime.now(UTC), list[OSError]()
    printed = ""
    for name in names:
        try:
            written = write_formats(
                report, [name], output, date=date, root=root, sources=known, job_page=Path(page) if page else None
            )
        except OSError as error:
            failed.append(error)
            continue
        for path in (path for path in written.paths if path.name != SUMMARY):  # it is there always, and told before
            console.print(f"wrote {os.path.relpath(path)}", markup=False, soft_wrap=True)
        printed += written.printed
    console.out(printed, end="", highlight=False)
    if failed:
        raise failed[0]


def repository(folder: Path) -> Path:
    """Return the folder from which a CI system and an editor tell paths: that of the repository around a folder.

    A GitHub workflow names it; else it is the nearest that has ``.git``, or else the folder itself.
    """
    folder = folder.resolve()
    named = os.environ.get(WORKSPACE, "")
    if named and folder.is_relative_to(Path(named).resolve()):
        return Path(named).resolve()
    return next((each for each in (folder, *folder.parents) if (each / ".git").exists()), folder)
