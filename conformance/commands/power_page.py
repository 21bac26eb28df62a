"""Writes docs/power.md of what `stepproof power` measured: ``python -m conformance.commands.power_page FILE ...``."""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from conformance.faulty.measurement import Named
from conformance.report import stored_power
from conformance.report.stored_power import StoredPower
from conformance.report.writing import write_text

PAGE = Path("docs/power.md")
SUMMARY = Path(stored_power.__file__).with_name(stored_power.FILE)
"""What the report says of it, in the tree that the command is run in."""
LONGEST = 160
HEADINGS = ("class of fault", "faults", "found", "named right", *(name for name in Named if name is not Named.RIGHT))
CONFUSED = ("class of fault", "mistake", "claimed", "what is said", "so")
OPENING = """# Faulty classes measured

Optimizers and schedulers with one mistake each, written as classes of torch that claim to be right, and what the suite
says of them. [How strong the suite is](explanations/power.md) says how they are made;
[how a finding reads](reading-a-finding.md) has screens.

`stepproof power --output FOLDER` measures, and
`python -m conformance.commands.power_page FOLDER/power.json` wrote this page, and the sentence of it in every report.
"""
TABLE = """
*Named right*: a cause has the mistake in its title, or among the formulas of which it says that they do the same; it
says where, for a mistake under a condition; or the property that was made for the mistake is in it.
*Nothing explains it*: that is what is said, with the quantities and where they are wrong. *Something else*: another
cause is stated, and the mistake is not beside it. What is proven to change nothing is no fault, and is left out of
the share.
"""
CONFUSIONS = """
## What is not named

| {} |
|{}
{}
"""
BESIDE = """
Training loops are among them as far as they have come into a step, which zeroes gradients, steps a schedule or calls
the closure at the wrong place: nothing here is given somebody's whole loop. What a loop does to an optimizer, as
closures, gradient scalers, late gradients, schedules and checkpoints in between, is asked by
[clauses](contract.md), each of which has a class that breaks it.
"""


def page(records: Sequence[Mapping[str, Any]]) -> str:
    """Return the page of some records, each as `stepproof power` writes it."""
    rows = [row for record in records for row in record["rows"]]
    said = "\n".join(f"- {_when(record)}" for record in records)
    table = "\n".join(f"| {' | '.join(row)} |" for row in _table(rows))
    left = [row for row in rows if row["named"] not in {Named.RIGHT, Named.NONE}]
    lines = "\n".join(f"| {' | '.join(_confusion(row))} |" for row in left)
    confusions = CONFUSIONS.format(" | ".join(CONFUSED), " --- |" * len(CONFUSED), lines) if left else ""
    return f"{OPENING}\n{said}\n{TABLE}\n{table}\n{confusions}{BESIDE}"


def summary(records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what a report says of some records: when, with which torch, how many faults, found and named right."""
    rows = [row for record in records for row in record["rows"] if row["named"] != Named.NONE]
    stored = StoredPower(
        min(record["date"] for record in records),
        ", ".join(dict.fromkeys(record["versions"]["torch"] for record in records)),
        len(rows),
        sum(row["found"] for row in rows),
        sum(row["named"] == Named.RIGHT for row in rows),
        sum(row["named"] == Named.OTHER for row in rows),
    )
    return dataclasses.asdict(stored)


def _when(record: Mapping[str, Any]) -> str:
    versions = ", ".join(f"{name} {number}" for name, number in record["versions"].items())
    kinds = ", ".join(dict.fromkeys(row["kind"] for row in record["rows"]))
    return f"{record['date']}, {versions}; {record['how']}: {kinds}"


def _table(rows: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, ...]]:
    yield HEADINGS
    yield ("---", *("---:",) * (len(HEADINGS) - 1))
    kinds = dict.fromkeys(row["kind"] for row in rows)
    for kind in kinds:
        yield _row(kind, [row for row in rows if row["kind"] == kind])
    yield _row("**all**", rows)


def _row(kind: str, rows: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    counts = {name: sum(row["named"] == name for row in rows) for name in Named}
    faults = len(rows) - counts[Named.NONE]
    share = f"{counts[Named.RIGHT]} ({counts[Named.RIGHT] / faults:.1%})" if faults else ""
    others = (str(counts[name]) for name in Named if name is not Named.RIGHT)
    return kind, str(len(rows)), str(sum(row["found"] for row in rows)), share, *others


def _confusion(row: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(_cell(row[name]) for name in ("kind", "name", "claim", "title", "named"))


def _cell(text: str) -> str:
    short = text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
    return short.replace("|", "\\|").replace("\n", " ")


def main() -> None:
    """Write the page, and the summary that a report tells."""
    parser = argparse.ArgumentParser("python -m conformance.commands.power_page", description=__doc__)
    parser.add_argument("records", nargs="+", type=Path, metavar="FILE", help="a power.json of `stepproof power`")
    records = [json.loads(file.read_text()) for file in parser.parse_args().records]
    write_text(PAGE, page(records))
    write_text(SUMMARY, json.dumps(summary(records), indent=1) + "\n")


if __name__ == "__main__":
    main()
