"""The arguments of ``stepproof gate``: each stands for what the configuration says."""

from __future__ import annotations

import argparse
from pathlib import Path

from conformance.commands.run_arguments import add_baseline, add_course, add_shard, add_which
from impls.devices import DEVICES


def add_gate(parser: argparse.ArgumentParser) -> None:
    """Add what is judged, what is said instead of the configuration, and which part of a run it is."""
    add_asked(parser)
    add_baseline(parser)
    add_shard(parser)
    add_course(parser)


def add_asked(parser: argparse.ArgumentParser) -> None:
    """Add what is judged, and what is said instead of the configuration."""
    parser.add_argument("target", nargs="*", help="names of the configuration, or module:Class (default: all it names)")
    parser.add_argument("--config", type=Path, metavar="FILE", help="the configuration (default: the nearest)")
    parser.add_argument("--budget", type=float, metavar="SECONDS", help="how hard to test each")
    parser.add_argument("--seed", type=int, help="the seed of all cases")
    parser.add_argument("--device", action="append", default=[], choices=tuple(DEVICES))
    parser.add_argument("--property", action="append", default=[], metavar="PATTERN", help="such as state/*")
    parser.add_argument("--timeout", type=float, help="seconds before a step hangs")
    parser.add_argument(
        "--memory", type=float, metavar="GIB", help="what a process of the code under test may allocate"
    )
    parser.add_argument("--output", type=Path, metavar="FOLDER", help="where the report goes")
    add_which(parser)
