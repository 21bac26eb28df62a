"""Known deviations of schedulers: the ledger, its stored cases, and what they leave to be judged."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from conformance.ledger import Entry, load
from conformance.schedules.cases import Case, from_plain
from conformance.schedules.properties import Property
from conformance.schedules.subject import Failure, Subject, Tally
from impls.session import TargetError, WorkerFailure

FOLDER = Path(str(files("conformance.schedules")))


@dataclass(frozen=True)
class Known:
    """What is known of a cell: failures that are no news, and settings that are left out.

    An entry explains what it has ``observed``; one with ``domains`` and nothing observed says that
    the property holds for the settings within them.
    """

    entries: tuple[Entry, ...] = ()

    @property
    def judgeable(self) -> bool:
        """Tell whether the rest of a cell can be judged beside all of it."""
        return all(entry.observed or entry.domains for entry in self.entries)

    def explains(self, failure: Failure) -> bool:
        """Tell whether a failure is one of the deviations."""
        return any(entry.observed and entry.explains(failure.told) for entry in self.entries)

    def leaves(self, case: Case) -> bool:
        """Tell whether a case has the settings for which the property should hold."""
        return all(_within(entry.domains, case) for entry in self.entries)


NOTHING = Known()


def _within(domains: Mapping[str, tuple[float, float]], case: Case) -> bool:
    return all(
        low <= values[keyword] <= high
        for keyword, (low, high) in domains.items()
        for values in case.node.settings
        if keyword in values
    )


def ledger() -> tuple[Entry, ...]:
    """Return the known deviations of schedulers, in the format of the optimizers' ledger."""
    return load(FOLDER / "ledger.toml")


def known_cases(entry: Entry) -> dict[str, tuple[Case, ...]]:
    """Return the stored smallest cases of an entry, by property."""
    path = FOLDER / "known_cases" / f"{entry.identifier}.json"
    stored = json.loads(path.read_text()) if path.is_file() else {}
    return {name: tuple(map(from_plain, cases)) for name, cases in stored.items()}


def still_shown(subject: Subject, claim: Property, entry: Entry) -> Failure | None:
    """Return the deviation as the first stored case shows it that still does, or nothing."""
    for case in known_cases(entry).get(claim.identifier, ()):
        if case.node.entry != subject.entry:
            continue
        try:
            failure = claim.judge(subject, case, Tally())
        except (TargetError, WorkerFailure):
            continue
        if failure is not None and entry.explains(failure.told):
            return failure
    return None
