"""Records the smallest cases of known deviations of schedulers: ``python -m conformance.schedules.record``.

With names of entries as arguments it records these alone, and ``--python`` names the interpreter of the
environment that has the libraries.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping

from rich.console import Console

from conformance.installation import version
from conformance.ledger import Entry
from conformance.schedules.cases import Case, to_plain
from conformance.schedules.deviations import FOLDER, Known, ledger, still_shown
from conformance.schedules.judging import ALL, cell, explore, why_not
from conformance.schedules.properties import Property
from conformance.schedules.subject import Failure, Subject
from impls.schedulers import OTHERS, SCHEDULERS
from impls.session import Session

EXAMPLES = 300


class AllElse(Known):
    """What is known while an entry's deviation is sought: all that it does not explain."""

    def explains(self, failure: Failure) -> bool:
        """Tell whether a failure is something else than the deviation."""
        return not all(entry.explains(failure.told) for entry in self.entries)

    def leaves(self, case: Case) -> bool:
        """Leave every case: the deviation shows where the property does not hold."""
        return True


def record(entry: Entry, session: Session, versions: Mapping[str, str]) -> dict[str, list[Case]]:
    """Return the cases of an entry by property: those stored that still fail, else new ones.

    ``versions`` maps the libraries that are installed to their versions.
    """
    kept: dict[str, list[Case]] = {}
    for scheduler in (*SCHEDULERS, *OTHERS):
        subject = Subject(scheduler, session)
        for claim in ALL:
            found = versions[scheduler.library]
            if not found or not entry.matches(cell(scheduler, claim), found) or why_not(claim, scheduler):
                continue
            failure = still_shown(subject, claim, entry) or _found(subject, claim, entry)
            if failure is not None:
                mine = kept.setdefault(claim.identifier, [])
                mine += [failure.case] if failure.case not in mine else []
            else:
                Console().print(
                    f"{entry.identifier}: not shown by {scheduler.identifier}, {claim.identifier}"
                )
    return kept


def _found(subject: Subject, claim: Property, entry: Entry) -> Failure | None:
    """Return the deviation at the smallest case found."""
    return explore(subject, claim, EXAMPLES, 0, known=AllElse((entry,))).failure


def written(cases: Mapping[str, list[Case]]) -> str:
    """Return the text of a file of cases by property, a line for each."""
    held = {name: ",\n".join(json.dumps(to_plain(case)) for case in mine) for name, mine in cases.items()}
    body = ",\n".join(f"{json.dumps(name)}: [\n{lines}\n]" for name, lines in held.items())
    return f"{{\n{body}\n}}\n"


def main() -> None:
    """Write the cases of every entry of the ledger beside it."""
    parser = argparse.ArgumentParser("python -m conformance.schedules.record", description=__doc__)
    parser.add_argument("entry", nargs="*", help="an entry of the ledger (default: all)")
    parser.add_argument("--python", help="the interpreter of the environment that has the libraries")
    arguments = parser.parse_args()
    folder = FOLDER / "known_cases"
    folder.mkdir(exist_ok=True)
    with Session(arguments.python) as session:
        versions = {item.library: version(item, session) for item in (*SCHEDULERS, *OTHERS)}
        for entry in ledger():
            if arguments.entry and entry.identifier not in arguments.entry:
                continue
            cases = record(entry, session, versions)
            if not cases and not arguments.entry:
                continue
            (folder / f"{entry.identifier}.json").write_text(written(cases))
            Console().print(f"{entry.identifier}: {sum(map(len, cases.values()))} cases")


if __name__ == "__main__":
    main()
