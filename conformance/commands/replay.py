"""Runs a stored failing case again and says whether it still fails."""

from __future__ import annotations

import dataclasses
import json
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from conformance import claims
from conformance.catalogue.optimizer_units import OptimizerUnit
from conformance.catalogue.schedule_references import scheduler_subject
from conformance.commands.exit_status import CONFORMS, DOES_NOT
from conformance.commands.usage_errors import UsageError, nearest
from conformance.engine.ledger import OPTIMIZERS, SCHEDULERS
from conformance.engine.reduction import failures_of
from conformance.engine.stored_case import CaseError
from conformance.recognition.constructor import Stated
from conformance.recognition.optimizer import recognise
from conformance.schedulers.entries import entries, named
from impls.catalogue.entries import Implementation
from impls.session import Session

COMMON = frozenset({"chapter", "property", "kind", "case", "python"})
NAMED: Mapping[str, frozenset[str]] = defaultdict(
    lambda: frozenset({"a known chapter"}),
    {
        OPTIMIZERS: frozenset({"target", "rule", "options", "path", "device", "dtype"}),
        SCHEDULERS: frozenset({"scheduler"}),
    },
)
"""What a failure of a chapter says besides, of its subject."""


def replay(console: Console, path: Path) -> int:
    """Run a stored failure and print what it gives; returns the exit status.

    Raises ``OSError`` for a file that is no stored failure.
    """
    stored = stored_failure(path)
    claim = claims.BY_IDENTIFIER[stored["chapter"]][stored["property"]]
    with Session(stored["python"]) as session:
        subject = subject_of(stored, session)
        found = failures_of(subject, claim, case_of(stored, path))
        for failure in found:
            told = claim.kind.tell(subject, claim, failure)
            low, high = told.legal
            legal = low if low == high else f"[{low}, {high}]"
            console.print(f"{told.quantity} = {told.value}; legal: {legal}", markup=False)
    console.print("still fails" if found else "no longer fails")
    return DOES_NOT if found else CONFORMS


def case_of(stored: Mapping[str, Any], path: Path) -> Any:
    """Return the case of a stored failure; raises ``OSError`` for one that its kind cannot read."""
    kind = claims.BY_IDENTIFIER[stored["chapter"]][stored["property"]].kind
    try:
        return kind.read(stored["case"])
    except CaseError as error:
        raise OSError(f"the case in `{path}` is none of kind {kind.name}: {error}; have it written anew") from None


def subject_of(stored: Mapping[str, Any], session: Session) -> Any:
    """Return the subject of a stored failure, built again.

    Raises ``NotJudgeableError``, ``TargetError`` or ``WorkerFailure`` where that cannot be, and ``UsageError`` where
    it has no such scheduler, or no such path any more.
    """
    if stored["chapter"] != OPTIMIZERS:
        entry = named(stored["scheduler"])
        if entry is None:
            raise nearest("scheduler", stored["scheduler"], [item.identifier for item in entries()])
        return scheduler_subject(entry, session)
    said = Stated(**stored.get("told", {}))
    item = recognise(stored["target"], stored["rule"], stored["options"], session, said)
    item = _as_it_was_called(item, stored.get("implementation", item.identifier), stored.get("profile", {}))
    paths = {path.name: path for path in item.paths_on(stored["device"]) if stored["dtype"] in path.dtypes}
    if stored["path"] not in paths:
        place = f"{stored['path']}, {stored['device']}, {stored['dtype']}"
        raise UsageError(f"{item.identifier} is not judged on {place}; it has {', '.join(paths) or 'no path there'}")
    asked = (stored["property"],)
    unit = OptimizerUnit(item, paths[stored["path"]], stored["device"], stored["dtype"], asked, 1, 0)
    return unit.subject(session)


def _as_it_was_called(item: Implementation, name: str, profile: Mapping[str, Any]) -> Implementation:
    """Return an implementation under the name of its report, with the profile that somebody declared."""
    paths = item.paths
    if profile:
        paths = tuple(dataclasses.replace(path, profile=profile, declared=True) for path in paths)
    return dataclasses.replace(item, identifier=name, paths=paths)


def stored_failure(path: Path) -> dict[str, Any]:
    """Read a failure; raises ``OSError`` for a file that is none."""
    try:
        stored = json.loads(path.read_text())
    except (ValueError, RecursionError):
        stored = None
    known = isinstance(stored, dict) and stored.keys() >= COMMON and stored.keys() >= NAMED[str(stored["chapter"])]
    if not known or str(stored["property"]) not in claims.BY_IDENTIFIER[str(stored["chapter"])]:
        raise OSError(f"`{path}` is no stored failure; give a .json file of the report's folder `failures`")
    return dict(stored)
