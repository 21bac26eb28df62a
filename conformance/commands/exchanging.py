"""Writes a report in the formats that other tools read: ``--format NAME``."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path, PurePath

from rich.console import Console

from conformance.exchange.formats import FORMATS, write_formats
from conformance.exchange.occasion import Source
from conformance.report.model import Report

JOB_PAGE, WORKSPACE = "GITHUB_STEP_SUMMARY", "GITHUB_WORKSPACE"


def files_of(names: Iterable[str]) -> tuple[str, ...]:
    """Return the files of formats in the output folder."""
    return tuple(file for name in names for file in FORMATS[name].files)


def write(report: Report, names: Sequence[str], output: Path, console: Console) -> None:
    """Write the formats beside the report, say where, and print what is read from what a step prints.

    The summary of a job goes to the file that ``GITHUB_STEP_SUMMARY`` names, too.  Raises ``OSError`` for a file that
    cannot be written.
    """
    root, page = repository(Path.cwd()), os.environ.get(JOB_PAGE, "")
    written = write_formats(
        report,
        names,
        output,
        date=datetime.now(UTC),
        root=root,
        sources=sources(report, root),
        job_page=Path(page) if page else None,
    )
    for path in written.paths:
        console.print(f"wrote {os.path.relpath(path)}", markup=False, soft_wrap=True)
    console.out(written.printed, end="", highlight=False)


def repository(folder: Path) -> Path:
    """Return the folder from which a CI system and an editor tell paths: that of the repository around a folder.

    A GitHub workflow names it; else it is the nearest that has ``.git``, or else the folder itself.
    """
    folder = folder.resolve()
    named = os.environ.get(WORKSPACE, "")
    if named and folder.is_relative_to(Path(named).resolve()):
        return Path(named).resolve()
    return next((each for each in (folder, *folder.parents) if (each / ".git").exists()), folder)


def sources(report: Report, root: Path) -> dict[str, Source]:
    """Return the file of each implementation that is written below the root, as its target names it."""
    found: dict[str, Source | None] = {}
    for item in report.implementations:
        with contextlib.suppress(OSError):  # a target may be no name of a file at all
            held = (_source(path.resolve(), root) for path in _files_of(item.target))
            found[item.identifier] = next((source for source in held if source), None)
    return {name: source for name, source in found.items() if source}


def _source(path: Path, root: Path) -> Source | None:
    if not (path.is_file() and path.is_relative_to(root)):
        return None
    return Source(path.relative_to(root).as_posix(), hashlib.sha256(path.read_bytes()).hexdigest())


def _files_of(target: str) -> Iterator[Path]:
    """Yield where the module of a target may lie, from the folder one is in."""
    module, colon, _ = target.rpartition(":")
    if not colon or "\0" in module:
        return
    if module.endswith(".py"):
        yield Path(module)
        return
    parts = module.split(".")
    if not all(part.isidentifier() for part in parts):
        return
    path = PurePath(*parts)
    for folder in ("", "src"):
        yield Path(folder, path.with_suffix(".py"))
        yield Path(folder, path, "__init__.py")
