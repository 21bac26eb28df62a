"""Records the smallest cases of known deviations: ``python -m conformance.record [ENTRY ...]``.

Every cell that a ledger entry names is replayed with the cases stored so far; where none fails, one
is searched for, reduced and stored.  ``--python`` names the interpreter that has the libraries.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path

from rich.console import Console

from conformance.cases import Case, to_plain
from conformance.claims import BY_IDENTIFIER, Claim
from conformance.contract.case import ClauseCase
from conformance.deviations import replayed, search, shown_in
from conformance.engine import ALL_PROPERTIES, Unit, subject_of, units
from conformance.installation import version
from conformance.ledger import Entry, load
from impls.catalogue import CATALOGUE, FLOATS
from impls.libraries import OTHERS
from impls.session import Session


def cells(
    entry: Entry, versions: Mapping[str, str], device: str, python: str | None = None
) -> Iterator[tuple[Unit, Claim]]:
    """Yield the units of installed libraries that an entry speaks of, each with its property.

    ``versions`` maps a library to its version.
    """
    judged = tuple(item for item in (*CATALOGUE, *OTHERS) if versions.get(item.library))
    every = tuple(path.name for item in judged for path in item.paths)
    plan = units(
        judged, device=device, dtypes=FLOATS, properties=ALL_PROPERTIES, budget=1, seed=0, python=python,
        asked=every,
    )  # fmt: skip
    for unit in plan:
        found = versions[unit.implementation.library]
        claims = [name for name in unit.properties if entry.matches(unit.cell(name), found)]
        for claim in dict.fromkeys(shown_in(entry, BY_IDENTIFIER[name]) for name in claims):
            yield unit, claim


def record(entry: Entry, session: Session, versions: Mapping[str, str]) -> tuple[Case | ClauseCase, ...]:
    """Return the cases of an entry: those stored that still fail somewhere, and new ones."""
    kept: list[Case | ClauseCase] = []
    for unit, claim in cells(entry, versions, "cpu"):
        subject = subject_of(unit, session)
        if claim.applies(subject) or replayed(subject, claim, entry.with_cases(kept)):
            continue
        shown = [case for case in entry.cases if replayed(subject, claim, entry.with_cases([case]))]
        found = shown[0] if shown else search(subject, claim, entry)
        if found is None and entry.of_everybody and unit.implementation not in CATALOGUE:
            continue  # other code may do better than what it inherits
        if found is None:
            Console().print(f"{entry.identifier}: not shown by {unit.cell(claim.identifier)}")
        else:
            kept.append(found)
    return tuple(kept)


def main() -> None:
    """Write the cases of the entries named, or of every entry of an installed library, beside the ledger."""
    parser = argparse.ArgumentParser("python -m conformance.record", description=__doc__)
    parser.add_argument("entry", nargs="*", help="an entry of the ledger (default: all)")
    parser.add_argument("--python", help="the interpreter of the environment that has the libraries")
    arguments = parser.parse_args()
    folder = Path(str(files("conformance"))) / "known_cases"
    folder.mkdir(exist_ok=True)
    with Session(arguments.python) as session:
        first = {item.library: item for item in (*CATALOGUE, *OTHERS)}
        versions = {name: version(item, session) for name, item in first.items()}
        for entry in load():
            named = entry.identifier in arguments.entry if arguments.entry else True
            if not named or not any(cells(entry, versions, "cpu")):
                continue
            cases = record(entry, session, versions)
            lines = ",\n".join(json.dumps(to_plain(case)) for case in cases)
            (folder / f"{entry.identifier}.json").write_text(f"[\n{lines}\n]\n")
            Console().print(f"{entry.identifier}: {len(cases)} cases")


if __name__ == "__main__":
    main()
