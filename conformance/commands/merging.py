"""Puts the shards of a run together: ``stepproof merge A B C --output FOLDER``."""

from __future__ import annotations

import argparse
from pathlib import Path

from rich.console import Console

from conformance.commands.run_arguments import add_baseline
from conformance.commands.shards import read
from conformance.commands.usage_errors import UsageError
from conformance.exchange import NAMES

JUDGING = ("gate", "check", "report")
"""The commands whose runs have shards."""


def add(parser: argparse.ArgumentParser) -> None:
    """Add the shards, and what is said of the whole run."""
    parser.add_argument(
        "shards", nargs="+", type=Path, metavar="SHARD", help="the output folder of a shard, or a file in it"
    )
    parser.add_argument("--output", type=Path, required=True, metavar="FOLDER", help="where the whole report goes")
    parser.add_argument("--python", help="the interpreter of the code under test here, if it is another one")
    parser.add_argument("--config", type=Path, metavar="FILE", help="the configuration of a gate")
    parser.add_argument("--format", action="append", default=[], help=f"one of {', '.join(NAMES)} (repeatable)")
    parser.add_argument("--strict", action="store_true", help="fail where what only should hold fails, too")
    parser.add_argument("--ledger", action="append", default=[], type=Path, metavar="FILE", help="of a check")
    add_baseline(parser)


def run(given: argparse.Namespace, console: Console) -> int:
    """Write the report of the run whose shards are given; returns its exit status.

    Nothing is judged again.  What the run was asked for is found again from the words of its command, and code under
    test is asked for the causes of what it fails.  Raises ``UsageError`` for shards that are not all of one run.
    """
    words = read(given.shards)[0].asked
    if not words or words[0] not in JUDGING:
        raise UsageError(f"`{given.shards[0]}` does not say what was judged; it is no shard of {', '.join(JUDGING)}")
    whole: argparse.Namespace = given.parse(words)
    whole.merged, whole.shard, whole.resume = tuple(given.shards), None, False
    whole.output = given.output.absolute() if words[0] == "gate" else given.output
    for name in ("python", "config", "ledger", "baseline"):
        value = getattr(given, name)
        if value and not hasattr(whole, name):
            raise UsageError(f"--{name} says nothing of shards of `stepproof {words[0]}`; leave it out")
        if value:
            setattr(whole, name, value)
    whole.format = given.format or whole.format
    whole.strict, whole.update_baseline = given.strict or whole.strict, given.update_baseline
    console.print(f"{len(given.shards)} shards of one run of `stepproof {words[0]}`")
    status: int = whole.run(whole, console)
    return status
