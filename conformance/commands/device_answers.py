"""Judges on any machine what a device answered: ``python -m conformance.commands.device_answers FILE ...``.

A line tells, for each path, format and property, how many values were compared, how many are outside, and how many of
those no entry of the ledger explains.  It ends with 1 where there is one.  ``--part`` writes a small part of the
answers, in which every cell is, and every entry that shows.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console

from conformance.commands.exit_status import CONFORMS, DOES_NOT
from conformance.distance.recorded import AnsweredCase, AnsweredCell, CellAnswers, cells, read, write

VERSION = "2.11.0"
MOST = {"agreement/local": 1800}
SMALL = 600
"""Bytes of answers that a part has of one cell, of the property that shows most and of the others."""


def answered(paths: list[Path], version: str) -> Iterator[CellAnswers]:
    """Yield the answers of every cell of some files; raises ``ValueError`` for a file that is none of answers."""
    for path in paths:
        yield from cells(read(path), version)


def line(cell: AnsweredCell) -> str:
    """Return what one cell shows, in one line."""
    of = cell.cell
    said = f"{of.implementation} {of.path} {of.device} {of.dtype} {of.property}: "
    said += f"{cell.outside:,} of {cell.values:,} outside, {cell.unexplained:,} of them not explained"
    said += f"; shows {', '.join(cell.shown)}" if cell.shown else ""
    said += f"; {cell.unanswered} of {cell.rows} cases lack an answer" if cell.unanswered else ""
    return f"{said}\n    {cell.first}" if cell.first else said


def main() -> int:
    """Judge the files and print a line for each cell, and the sum."""
    parser = argparse.ArgumentParser("python -m conformance.commands.device_answers", description=__doc__)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a file of answers")
    parser.add_argument("--library-version", default=VERSION, help=f"the torch that answered (default: {VERSION})")
    parser.add_argument("--all", action="store_true", help="show cells without a value outside, too")
    parser.add_argument("--part", type=Path, metavar="FILE", help="write a part of the answers")
    given, console = parser.parse_args(), Console(soft_wrap=True, markup=False, highlight=False)
    count = values = outside = unexplained = 0
    part: list[AnsweredCase] = []
    for answers in answered(given.files, given.library_version):
        cell = answers.judged()
        part += answers.part(MOST.get(cell.cell.property, SMALL)) if given.part else ()
        count, values = count + 1, values + cell.values
        outside, unexplained = outside + cell.outside, unexplained + cell.unexplained
        if given.all or cell.outside or cell.unanswered:
            console.print(line(cell))
    console.print(f"{count:,} cells: {values:,} values, {outside:,} outside, {unexplained:,} of them not explained")
    if given.part:
        write(given.part, part)
    return DOES_NOT if unexplained else CONFORMS


if __name__ == "__main__":
    sys.exit(main())
