"""Compares two runs: ``stepproof diff A.json B.json``."""

from __future__ import annotations

import argparse
from pathlib import Path

import msgspec
from rich.console import Console

from conformance.baseline.comparison import compare, incomparable, other_scope
from conformance.baseline.reading import read
from conformance.commands.exit_status import CONFORMS, DOES_NOT, NOT_JUDGED
from conformance.commands.plain_text import plain
from conformance.commands.shown_difference import show_difference


def add(parser: argparse.ArgumentParser) -> None:
    """Add two files and how they are compared."""
    parser.add_argument("before", type=Path, metavar="A", help="a baseline, or a report.json")
    parser.add_argument("now", type=Path, metavar="B", help="another of a later run")
    parser.add_argument(
        "--anyway", action="store_true", help="compare runs of another scope, seed, budget or suite version, too"
    )
    parser.add_argument("--json", action="store_true", help="print the difference as JSON")


def run(given: argparse.Namespace, console: Console) -> int:
    """Print what came, went and changed; returns 0 where nothing is worse, 1 where something is, 2 for other runs."""
    before, now = read(given.before), read(given.now)
    reasons = incomparable(before, now)
    scope = other_scope(before, now)
    reasons += [f"other {part}" for part in scope]
    difference = None if reasons and not given.anyway else compare(before, now)
    if given.json:
        answer = {"comparable": not reasons, "reasons": reasons, "difference": difference}
        answer["worse"] = difference is not None and difference.worse
        console.print(msgspec.json.encode(answer, order="sorted").decode(), markup=False, soft_wrap=True)
    elif difference is None:
        console.print(f"not compared: {plain('; '.join(reasons))}")
        console.print("--anyway compares them as far as they go")
    else:
        for reason in reasons:
            console.print(f"[yellow]![/] {plain(reason)}")
        show_difference(console, difference)
    if difference is None:
        return NOT_JUDGED
    return DOES_NOT if difference.worse else CONFORMS
