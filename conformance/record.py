"""Records the smallest cases of known deviations: ``python -m conformance.record [ENTRY ...]``.

Every cell that a ledger entry names is replayed with the cases stored so far; where none fails, one
is searched for, reduced and stored.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

from rich.console import Console

from conformance.cases import Case, to_plain
from conformance.claims import BY_IDENTIFIER, Claim
from conformance.contract.case import ClauseCase
from conformance.deviations import replayed, search, shown_in
from conformance.engine import ALL_PROPERTIES, Unit, subject_of, units
from conformance.ledger import Entry, load
from impls.catalogue import CATALOGUE, FLOATS
from impls.session import Session


def cells(entry: Entry, framework: str, device: str) -> Iterator[tuple[Unit, Claim]]:
    """Yield the units of the catalogue that an entry speaks of, each with its property."""
    plan = units(CATALOGUE, device=device, dtypes=FLOATS, properties=ALL_PROPERTIES, budget=1, seed=0)
    for unit in plan:
        claims = [name for name in ALL_PROPERTIES if entry.matches(unit.cell(name), framework)]
        for claim in dict.fromkeys(shown_in(entry, BY_IDENTIFIER[name]) for name in claims):
            yield unit, claim


def record(entry: Entry, session: Session, framework: str) -> tuple[Case | ClauseCase, ...]:
    """Return the cases of an entry: those stored that still fail somewhere, and new ones."""
    kept: list[Case | ClauseCase] = []
    for unit, claim in cells(entry, framework, "cpu"):
        subject = subject_of(unit, session)
        if claim.applies(subject) or replayed(subject, claim, entry.with_cases(kept)):
            continue
        shown = [case for case in entry.cases if replayed(subject, claim, entry.with_cases([case]))]
        found = shown[0] if shown else search(subject, claim)
        if found is None:
            Console().print(f"{entry.identifier}: not shown by {unit.cell(claim.identifier)}")
        else:
            kept.append(found)
    return tuple(kept)


def main() -> None:
    """Write the cases of the entries named, or of every entry of the ledger, beside it."""
    names = sys.argv[1:]
    folder = Path(str(files("conformance"))) / "known_cases"
    folder.mkdir(exist_ok=True)
    with Session() as session:
        framework = str(session.request({"op": "hello"}).header["torch"])
        for entry in load():
            if names and entry.identifier not in names:
                continue
            cases = record(entry, session, framework)
            lines = ",\n".join(json.dumps(to_plain(case)) for case in cases)
            (folder / f"{entry.identifier}.json").write_text(f"[\n{lines}\n]\n")
            Console().print(f"{entry.identifier}: {len(cases)} cases")


if __name__ == "__main__":
    main()
