"""The arguments of every command that judges."""

from __future__ import annotations

import argparse
from pathlib import Path

from conformance.exchange import NAMES
from impls.devices import DEVICES, FLOATS, HOST
from impls.session import GIB, MEMORY


def add_run(parser: argparse.ArgumentParser, *, budget: float) -> None:
    """Add how hard to judge, what, in which environment, and where the report goes."""
    add_how_hard(parser, budget=budget)
    parser.add_argument("--output", type=Path, default=Path("build/conformance"))
    add_which(parser)
    add_baseline(parser)
    add_shard(parser)
    add_course(parser)


def add_course(parser: argparse.ArgumentParser) -> None:
    """Add where the run begins and where it ends."""
    parser.add_argument(
        "--resume", action="store_true", help="go on with what the output holds: cells are not judged twice"
    )
    parser.add_argument("--fail-fast", action="store_true", help="end at the first cell that fails")


def add_how_hard(parser: argparse.ArgumentParser, *, budget: float) -> None:
    """Add how hard to judge, on which device, and with which ledgers."""
    parser.add_argument(
        "--budget",
        type=float,
        default=budget,
        metavar="SECONDS",
        help="how hard to test, for each implementation: about this long on two cores; the same "
        f"number always gives the same cases (default {budget:g})",
    )
    parser.add_argument("--seed", type=int, default=0, help="the seed of all cases (default 0)")
    parser.add_argument("--device", default=HOST, choices=tuple(DEVICES))
    parser.add_argument("--property", action="append", default=[], help="one property (repeatable)")
    parser.add_argument("--timeout", type=float, default=60.0, help="seconds before a step hangs")
    parser.add_argument(
        "--memory",
        type=float,
        default=MEMORY / GIB,
        metavar="GIB",
        help=f"what a process of the code under test may allocate (default {MEMORY / GIB:g})",
    )
    parser.add_argument(
        "--ledger", action="append", default=[], type=Path, metavar="FILE", help="known deviations of your own code"
    )


def add_which(parser: argparse.ArgumentParser) -> None:
    """Add what a command line says in the same words of a check, a report, a gate and a search."""
    add_what(parser)
    add_report(parser)


def add_what(parser: argparse.ArgumentParser) -> None:
    """Add the interpreter, the formats and the paths, and by how many processes."""
    parser.add_argument("--python", help="the interpreter of the code under test")
    parser.add_argument("--dtype", action="append", default=[], help=f"one of {', '.join(FLOATS)} (repeatable)")
    parser.add_argument(
        "--path",
        action="append",
        default=[],
        metavar="NAME",
        help="one execution path, such as foreach or compiled (repeatable)",
    )
    parser.add_argument("--jobs", type=int, help="processes (default: the cores)")


def add_report(parser: argparse.ArgumentParser) -> None:
    """Add how the report is written, and what fails the run."""
    parser.add_argument(
        "--format",
        action="append",
        default=[],
        choices=NAMES,
        metavar="NAME",
        help=f"also write one of {', '.join(NAMES)} (repeatable)",
    )
    parser.add_argument(
        "--strict", action="store_true", help="fail the run where a cell fails what only should hold, too"
    )


def add_shard(parser: argparse.ArgumentParser) -> None:
    """Add the part of a run that is judged."""
    parser.add_argument(
        "--shard",
        metavar="I/N",
        help="judge part I of N alone, as one of N machines; `stepproof merge` puts the parts together",
    )


def add_baseline(parser: argparse.ArgumentParser) -> None:
    """Add the record of a run before, beside which only what is new fails."""
    parser.add_argument(
        "--baseline",
        type=Path,
        metavar="FILE",
        help="the record of a run: only what is new since fails; where there is none it is written",
    )
    parser.add_argument("--update-baseline", action="store_true", help="record this run in the baseline's place")
