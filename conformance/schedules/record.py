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
from conformance.schedules.engine import FOLDER, known_cases, ledger
from conformance.schedules.judging import ALL, cell, explore, why_not
from conformance.schedules.subject import Subject, Tally
from impls.schedulers import OTHERS, SCHEDULERS
from impls.session import Session

EXAMPLES = 300


def record(entry: Entry, session: Session, versions: Mapping[str, str]) -> list[Case]:
    """Return the cases of an entry: those stored that still fail, and new ones where none does.

    ``versions`` maps the libraries that are installed to their versions.
    """
    kept: list[Case] = []
    for scheduler in (*SCHEDULERS, *OTHERS):
        subject = Subject(scheduler, session)
        for claim in ALL:
            found = versions[scheduler.library]
            if not found or not entry.matches(cell(scheduler, claim), found) or why_not(claim, scheduler):
                continue
            mine = [case for case in known_cases(entry) if case.node.entry == scheduler]
            shown = [case for case in mine if claim.judge(subject, case, Tally()) is not None]
            judged = None if shown else explore(subject, claim, EXAMPLES, 0)
            if shown:
                kept += [case for case in shown[:1] if case not in kept]
            elif judged and judged.failure is not None:
                kept.append(judged.failure.case)
            else:
                Console().print(
                    f"{entry.identifier}: not shown by {scheduler.identifier}, {claim.identifier}"
                )
    return kept


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
            lines = ",\n".join(json.dumps(to_plain(case)) for case in cases)
            (folder / f"{entry.identifier}.json").write_text(f"[\n{lines}\n]\n")
            Console().print(f"{entry.identifier}: {len(cases)} cases")


if __name__ == "__main__":
    main()
