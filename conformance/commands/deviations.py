"""Known deviations, listed and shown: ``stepproof deviations``."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.padding import Padding

from conformance.commands.exit_status import CONFORMS, NOT_JUDGED
from conformance.commands.ledger_layers import layer
from conformance.commands.ledger_trials import EntryTrials, devices_of
from conformance.commands.plain_text import plain
from conformance.commands.shown_causes import show_finding
from conformance.commands.usage_errors import UsageError
from conformance.engine.findings import findings_of
from conformance.engine.ledger import OURS, Entry, load
from conformance.engine.verdict import Finding
from impls.session import Session


def add(parser: argparse.ArgumentParser) -> None:
    """Add the name of a deviation, and which ledgers and interpreter are asked."""
    parser.add_argument("name", nargs="?", default="", help="a deviation, or a part of a name")
    parser.add_argument("--script", action="store_true", help="print the standalone script alone")
    parser.add_argument("--python", help="the interpreter of another environment")
    parser.add_argument("--ledger", action="append", default=[], type=Path, metavar="FILE", help="yours, too")


def run(given: argparse.Namespace, console: Console) -> int:
    """List what is known to deviate, or show one; returns the exit status."""
    layer(given.ledger)
    return deviations(console, given.name, given.python, script_alone=given.script)


def deviations(console: Console, name: str, python: str | None, *, script_alone: bool) -> int:
    """Show the deviation called ``name``, or list those that hold it; returns the exit status."""
    known = next((entry for entry in load() if entry.identifier == name), None)
    if known is None:
        _list(console, name)
        return CONFORMS
    return CONFORMS if _show(console, known, python, script_alone=script_alone) else NOT_JUDGED


def _list(console: Console, part: str) -> None:
    """Print every entry whose name or implementation holds ``part``; raises ``UsageError`` for none."""
    chosen = [entry for entry in load() if _speaks_of(entry, part)]
    if not chosen:
        raise UsageError(
            f"there is no deviation of `{part}`; give a part of a deviation's or an optimizer's name, "
            "or none to see them all"
        )
    for entry in chosen:
        where = f"{', '.join(entry.implementations)}: {entry.condition}"
        layer = "" if entry.ledger == OURS else f" [dim]({plain(entry.ledger)})[/]"
        console.print(f"[bold]{entry.identifier}[/]{layer}")
        console.print(Padding(f"{plain(entry.reason)}\n[dim]{plain(where)}[/]", (0, 0, 1, 2)))
    count = f"{len(chosen)} known deviation{'s' * (len(chosen) != 1)}"
    console.print(f"{count}. `stepproof deviations NAME` shows one, with its smallest case and a script.")


def _show(console: Console, entry: Entry, python: str | None, *, script_alone: bool) -> bool:
    """Run the stored case of a deviation, print it and its script; tells whether it still shows."""
    with Session(python) as session:
        found = next(_findings(entry, session, python), None)
        here = devices_of(entry, session)
    if not here:
        console.print(
            f"`{entry.identifier}` speaks of {', '.join(entry.devices)}, and a worker sees no such device here"
        )
        return False
    if found is None:
        named = ", ".join(entry.implementations)
        console.print(f"`{entry.identifier}` is not shown here: {named} conforms in it, or is not installed")
        return False
    if not script_alone:
        console.print(f"[bold]{entry.identifier}[/]\n{plain(entry.reason)}")
        show_finding(console, dataclasses.replace(found, replay=""), "")
        console.print("\n[dim]standalone script[/]\n")
    console.print(found.script, markup=False, soft_wrap=True, end="")
    return True


def _speaks_of(entry: Entry, part: str) -> bool:
    return any(part.lower() in name.lower() for name in (entry.identifier, *entry.implementations))


def _findings(entry: Entry, session: Session, python: str | None) -> Iterator[Finding]:
    for tried in EntryTrials(session, python).each(entry):
        if tried.shown and tried.cell:
            yield from findings_of(tried.subject, tried.shown.claim, tried.cell, [tried.shown.failure])
