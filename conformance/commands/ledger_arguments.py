"""The arguments of ``stepproof ledger`` and its three commands."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from pathlib import Path

from rich.console import Console

from conformance.commands import ledger_adding, ledger_commands
from conformance.commands.ledger_layers import USUAL
from conformance.commands.project import project
from conformance.engine.ledger import VARIABLE


def add(parser: argparse.ArgumentParser) -> None:
    """Add ``add``, ``check`` and ``prune``, each with its arguments."""
    commands = parser.add_subparsers(dest="ledger_command", required=True, metavar="add|check|prune")
    added = commands.add_parser("add", help="write an entry for a finding, with its stored case")
    added.add_argument(
        "finding", nargs="+", help="a file of build/conformance/failures, or the name of one without .json"
    )
    added.add_argument("--reason", required=True, metavar="TEXT", help="why the code deviates")
    added.add_argument("--id", default="", metavar="NAME", help="the entry's name (default: class, property, finding)")
    added.add_argument("--link", default="", metavar="URL", help="where it is discussed")
    added.add_argument(
        "--observed",
        action="append",
        default=[],
        metavar="PATTERN",
        help="what is seen of it: all else of the cell is judged (repeatable)",
    )
    added.add_argument("--output", type=Path, metavar="FOLDER", help="the folder of the report")
    check = commands.add_parser(
        "check", help="replay every entry: 0 all are shown, 1 one is not, 2 one cannot be tried"
    )
    prune = commands.add_parser("prune", help="remove the entries that are no longer shown")
    prune.add_argument("--dry-run", action="store_true", help="say what would be removed")
    for command, run in ((added, ledger_adding.add), (check, ledger_commands.check), (prune, ledger_commands.prune)):
        command.set_defaults(run_ledger=run)
        usual = f"(default: that of the configuration, what {VARIABLE} names, or {USUAL})"
        command.add_argument("--ledger", type=Path, metavar="FILE", help=f"the ledger {usual}")
        command.add_argument("--python", help="the interpreter of the code's own environment")


def run(given: argparse.Namespace, console: Console) -> int:
    """Run the command; returns the exit status."""
    with _project(given):
        status: int = given.run_ledger(given, console)
    return status


@contextmanager
def _project(given: argparse.Namespace) -> Iterator[None]:
    """Run a command as `stepproof gate` judges: in the folder of the configuration, and with what that says.

    What a person types is meant from where they are.
    """
    with project() as found:
        folder, settings = found.file.parent, found.settings
        for name in ("ledger", "output"):
            if typed := getattr(given, name, None):
                setattr(given, name, Path(os.path.relpath(typed, folder)))
        named = getattr(given, "finding", [])
        given.finding = [os.path.relpath(name, folder) if Path(name).is_file() else name for name in named]
        given.configured = Path(settings.ledger) if found.file.is_file() else None
        given.ledger = given.ledger or (Path(settings.ledger) if settings.ledger else None)
        given.python = given.python or settings.python or None
        given.output = getattr(given, "output", None) or Path(settings.output)
        with chdir(folder):
            yield
