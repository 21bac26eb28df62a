"""Writes entries of a user's ledger: ``stepproof ledger add``."""

from __future__ import annotations

import argparse
import glob
import re
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from rich.console import Console

from conformance import claims
from conformance.catalogue.installed import version_of
from conformance.commands import ledger_layers
from conformance.commands.exit_status import CONFORMS
from conformance.commands.ledger_text import appended
from conformance.commands.ledger_trials import EntryTrials
from conformance.commands.plain_text import plain
from conformance.commands.replay import case_of, stored_failure
from conformance.commands.usage_errors import UsageError
from conformance.engine.ledger import (
    CHAPTERS,
    OPTIMIZERS,
    Entry,
    Stored,
    entry_of,
    load,
    parsed,
    place_of,
    text_of,
    written,
)
from conformance.engine.reduction import failures_of
from conformance.engine.verdict import Cell
from conformance.report.finding_files import FAILURES
from conformance.report.writing import write_text
from impls.session import Session

LISTED = 12
"""So many findings are named to somebody who asks for one that is not there."""


class KnownError(UsageError):
    """A finding is one that an entry of the ledger knows already."""


def add(given: argparse.Namespace, console: Console) -> int:
    """Write an entry for each finding, with its stored case; returns the exit status.

    Raises ``UsageError`` for a finding that its case does not show here, a reason that is empty and an identifier
    that is taken; one that is known already is passed over where others are named beside it.
    """
    if not given.reason.strip():
        raise UsageError("--reason is empty; say why the code deviates, and for how long")
    if given.id and len(given.finding) > 1:
        raise UsageError(f"--id {given.id} is the name of one entry; give one finding, or leave it out")
    file = ledger_layers.chosen(given.ledger)
    paths = [_finding(name, given.output) for name in given.finding]
    failures = [stored_failure(path) for path in paths]
    workers: dict[str | None, EntryTrials] = {}
    with ExitStack() as stack:
        for path, failure in zip(paths, failures, strict=True):
            python = given.python or failure["python"]
            if python not in workers:
                workers[python] = EntryTrials(stack.enter_context(Session(python)), python)
            try:
                _add(given, file, path, failure, workers[python], console)
            except KnownError as error:
                if len(paths) == 1:
                    raise
                console.print(f"passed over {plain(path.stem)}: {plain(str(error))}")
    if not given.observed:
        console.print("  --observed PATTERN narrows an entry to what is seen, and all else of the cell is judged")
    console.print(_beside(given, plain(str(file))))
    return CONFORMS


def _add(
    given: argparse.Namespace, file: Path, path: Path, failure: Mapping[str, Any], trials: EntryTrials, console: Console
) -> None:
    ledger_layers.layer([file] if file.exists() else [])
    claim = claims.BY_IDENTIFIER[failure["chapter"]][failure["property"]]
    described = {key: failure[key] for key in _SUBJECT[failure["chapter"] == OPTIMIZERS] if key in failure}
    stored = Stored(failure["kind"], failure["case"], failure["property"], described)
    subject = trials.subject(failure["chapter"], stored)
    version = version_of(subject.library, trials.session)
    found = failures_of(subject, claim, case_of(failure, path))
    if not found:
        raise UsageError(f"`{path}` is not shown here: its case no longer fails; nothing was written for it")
    told = list(dict.fromkeys(item.told for item in found))
    kin = subject.kin(claim.identifier)
    for known in load():
        if any(known.matches(one, version) for one in kin) and all(map(known.explains, told)):
            raise KnownError(f"the finding is known already: `{known.identifier}` in the ledger {known.ledger}")
    fields = _fields(given, path, subject.cell(claim.identifier), version)
    entry = _checked(fields, failure["chapter"], file)
    if given.observed and not any(map(entry.explains, told)):
        raise UsageError(f"--observed {given.observed[0]} is not what is seen: {'; '.join(told)}")
    _write(file, failure["chapter"], stored, fields)
    _say_added(console, file, entry, told)


def _finding(given: str, output: Path) -> Path:
    """Return the file of a finding: one that is named, or one of the report's folder."""
    if Path(given).is_file():
        return Path(given)
    folder = output / FAILURES
    if re.fullmatch(r"[0-9a-f]+", given) and (folder / f"{given}.json").is_file():
        return folder / f"{given}.json"
    names = sorted(path.stem for path in folder.glob("*.json") if not path.stem.startswith("error"))
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    held = f"it holds {', '.join(names[:LISTED])}{more}" if names else "it holds none"
    raise UsageError(f"there is no finding `{given}`: it is no file, and not in `{folder}`; {held}")


def _fields(given: argparse.Namespace, path: Path, cell: Cell, version: str) -> dict[str, str | list[str]]:
    """Return an entry as its file has it, as narrow as the cell of the finding."""
    public = version.partition("+")[0]
    return {
        "id": given.id or _usual_name(path, cell),
        "property": glob.escape(cell.property),
        "implementation": glob.escape(cell.implementation),
        "path": glob.escape(cell.path),
        "device": cell.device,
        "dtype": cell.dtype,
        "version": f"{glob.escape(public)}*",
        "observed": given.observed,
        "link": given.link,
        "reason": given.reason.strip(),
    }


def _usual_name(path: Path, cell: Cell) -> str:
    """Return the class, the property and the name of the finding in one word."""
    words = f"{cell.implementation.rpartition(':')[2]}-{cell.property}-{path.stem[:10]}"
    return re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-") or "finding"


def _checked(fields: Mapping[str, Any], chapter: str, file: Path) -> Entry:
    """Return the entry as it will be read; raises ``UsageError`` for an identifier that is taken."""
    name = fields["id"]
    taken = next((entry for entry in load() if entry.identifier == name), None)
    if taken is not None:
        raise UsageError(f"the identifier `{name}` is taken, in the ledger {taken.ledger}; give another --id")
    entry = entry_of({key: value for key, value in fields.items() if value}, chapter, file, str(file))
    if place_of(name, file).exists():
        raise UsageError(f"`{place_of(name, file)}` is there and belongs to no entry; remove it or give another --id")
    return entry


def _write(file: Path, chapter: str, stored: Stored, fields: Mapping[str, str | list[str]]) -> None:
    """Write the stored case, and then the entry, whole or not at all."""
    if file.is_symlink():
        raise OSError(f"the ledger `{file}` is a link; give the file that it leads to")
    table = next(name for name, of in CHAPTERS.items() if of == chapter)
    text = appended(text_of(file) if file.exists() else "", table, fields)
    parsed(text, file)
    case = place_of(str(fields["id"]), file)
    write_text(case, written((stored,)))
    try:
        write_text(file, text)
    except BaseException:
        case.unlink(missing_ok=True)
        raise


_PLACE = ("path", "device", "dtype")
_SUBJECT = (("scheduler", *_PLACE), ("implementation", "target", "rule", "options", "told", "profile", *_PLACE))
"""What a stored case keeps of a failure, of a scheduler and of an optimizer: what its subject is found by."""


def _say_added(console: Console, file: Path, entry: Entry, told: list[str]) -> None:
    console.print(f"added [bold]{entry.identifier}[/] to {plain(str(file))}, its case to", end=" ")
    console.print(plain(str(place_of(entry.identifier, file))))
    console.print(f"  speaks of {plain(entry.implementations[0])}: {plain(entry.condition)}")
    if not entry.observed:
        seen = "; ".join(told)
        console.print(f"  while it shows, nothing else of that cell is judged; what is seen now: {plain(seen)}")


def _beside(given: argparse.Namespace, file: str) -> str:
    """Return what judges beside the ledger: a gate whose configuration names it, or a check that is told to."""
    if given.configured is None:
        return f"`stepproof check ... --ledger {file}` judges beside it"
    named = given.configured == given.ledger
    return (
        "`stepproof gate` judges beside it" if named else f'`ledger = "{file}"` lets `stepproof gate` judge beside it'
    )
