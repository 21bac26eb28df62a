"""Keeps a user's ledger true: ``stepproof ledger check`` and ``prune``."""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

from rich.console import Console

from conformance.commands import ledger_layers
from conformance.commands.exit_status import CONFORMS, DOES_NOT, NOT_JUDGED
from conformance.commands.ledger_text import cut
from conformance.commands.ledger_trials import EntryStanding, EntryTrials, TriedEntry, overall
from conformance.commands.plain_text import plain
from conformance.engine.ledger import Entry, load, place_of, text_of
from conformance.report.writing import write_text
from impls.session import Session

NAMED = 3
"""So many cells of an entry that stand alike are named; of more their number."""
STATUS = {EntryStanding.SHOWN: CONFORMS, EntryStanding.NOT_SHOWN: DOES_NOT, EntryStanding.UNTRIED: NOT_JUDGED}
MARKS = {
    EntryStanding.SHOWN: "[yellow]◆ shown[/]",
    EntryStanding.NOT_SHOWN: "[bold red]✗ not shown[/]",
    EntryStanding.UNTRIED: "[yellow]? cannot be tried here[/]",
}


def check(given: argparse.Namespace, console: Console) -> int:
    """Replay every entry and say how it stands; returns 0 where all are shown, 1 where one is not, else 2."""
    entries = [entry for file in ledger_layers.existing(given.ledger) for entry in load(file)]
    standings: Counter[EntryStanding] = Counter()
    with Session(given.python) as session:
        trials = EntryTrials(session, given.python)
        for entry in entries:
            tried = trials.tried(entry)
            standings[overall(tried)] += 1
            _show(console, entry, overall(tried), tried)
    counts = ", ".join(f"{standings[one]} {one}" for one in EntryStanding if standings[one])
    console.print(f"{len(entries)} {'entry' if len(entries) == 1 else 'entries'}: {counts or 'nothing to try'}")
    return next((STATUS[one] for one in (EntryStanding.NOT_SHOWN, EntryStanding.UNTRIED) if standings[one]), CONFORMS)


def _show(console: Console, entry: Entry, standing: EntryStanding, tried: tuple[TriedEntry, ...]) -> None:
    console.print(f"{MARKS[standing]} [bold]{entry.identifier}[/] [dim]({plain(entry.ledger)})[/]")
    alike: dict[tuple[EntryStanding, str], list[str]] = {}
    for one in tried if len(tried) > 1 or standing is not EntryStanding.SHOWN else ():
        alike.setdefault((one.standing, one.why), []).append(one.place)
    for (held, why), places in alike.items():
        more = f" and {len(places) - NAMED:,} more" if len(places) > NAMED else ""
        said = f": {why}" if why else ""
        console.print(f"    {held}: {plain('; '.join(places[:NAMED]) + more + said)}")


def prune(given: argparse.Namespace, console: Console) -> int:
    """Remove the entries that no cell shows any more, and print them; returns the exit status."""
    with Session(given.python) as session:
        trials = EntryTrials(session, given.python)
        for file in ledger_layers.existing(given.ledger):
            _prune(file, trials, console, dry=given.dry_run)
    return CONFORMS


def _prune(file: Path, trials: EntryTrials, console: Console, *, dry: bool) -> None:
    gone = []
    for entry in load(file):
        tried = trials.tried(entry)
        if all(one.standing is EntryStanding.NOT_SHOWN for one in tried):
            gone.append(entry)
        elif overall(tried) is not EntryStanding.SHOWN:
            console.print(f"kept [bold]{entry.identifier}[/], which is not shown everywhere, or cannot be tried:")
            _show(console, entry, overall(tried), tried)
    if not gone:
        console.print(f"{plain(str(file))}: nothing to remove")
        return
    names = {entry.identifier for entry in gone}
    text = cut(text_of(file), names, file)
    if not dry:
        if file.is_symlink():
            raise OSError(f"the ledger `{file}` is a link; give the file that it leads to")
        write_text(file, text)
    for entry in gone:
        if not dry:
            place_of(entry.identifier, file).unlink(missing_ok=True)
        said = "would be removed" if dry else "removed"
        console.print(f"{said}: [bold]{entry.identifier}[/] of {plain(str(file))}: {plain(entry.reason)}")
