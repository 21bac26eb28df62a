"""Records the smallest cases of known deviations of schedulers: ``python -m conformance.schedules.record``.

With names of entries as arguments it records these alone.
"""

from __future__ import annotations

import json
import sys

from rich.console import Console

from conformance.ledger import Entry
from conformance.schedules.cases import Case, to_plain
from conformance.schedules.engine import FOLDER, known_cases, ledger
from conformance.schedules.judging import ALL, cell, explore
from conformance.schedules.subject import Subject, Tally
from impls.schedulers import SCHEDULERS
from impls.session import Session

EXAMPLES = 300


def record(entry: Entry, session: Session, framework: str) -> list[Case]:
    """Return the cases of an entry: those stored that still fail, and new ones where none does."""
    kept = []
    for scheduler in SCHEDULERS:
        subject = Subject(scheduler, session)
        for claim in ALL:
            if not entry.matches(cell(scheduler, claim), framework):
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
    folder = FOLDER / "known_cases"
    folder.mkdir(exist_ok=True)
    with Session() as session:
        framework = str(session.request({"op": "hello"}).header["torch"])
        for entry in ledger():
            if sys.argv[1:] and entry.identifier not in sys.argv[1:]:
                continue
            cases = record(entry, session, framework)
            lines = ",\n".join(json.dumps(to_plain(case)) for case in cases)
            (folder / f"{entry.identifier}.json").write_text(f"[\n{lines}\n]\n")
            Console().print(f"{entry.identifier}: {len(cases)} cases")


if __name__ == "__main__":
    main()
