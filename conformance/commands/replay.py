"""Runs a stored failing case again and says whether it still fails."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rich.console import Console

from conformance import claims
from conformance.catalogue.optimizer_units import OptimizerUnit
from conformance.catalogue.schedule_references import scheduler_subject
from conformance.commands.exit_status import CONFORMS, DOES_NOT
from conformance.commands.usage_errors import nearest
from conformance.engine.ledger import OPTIMIZERS
from conformance.engine.reduction import failures_of
from conformance.recognition.constructor import Stated
from conformance.recognition.optimizer import recognise
from conformance.schedulers.entries import entries, named
from impls.session import Session

COMMON = frozenset({"chapter", "property", "kind", "case", "python"})


def replay(console: Console, path: Path) -> int:
    """Run a stored failure and print what it gives; returns the exit status.

    Raises ``OSError`` for a file that is no stored failure.
    """
    stored = _stored(path)
    claim = claims.BY_IDENTIFIER[stored["chapter"]][stored["property"]]
    with Session(stored["python"]) as session:
        subject = _subject(stored, session)
        found = failures_of(subject, claim, claim.kind.read(stored["case"]))
        for failure in found:
            told = claim.kind.tell(subject, claim, failure)
            low, high = told.legal
            legal = low if low == high else f"[{low}, {high}]"
            console.print(f"{told.quantity} = {told.value}; legal: {legal}", markup=False)
    console.print("still fails" if found else "no longer fails")
    return DOES_NOT if found else CONFORMS


def _subject(stored: dict[str, Any], session: Session) -> Any:
    if stored["chapter"] != OPTIMIZERS:
        entry = named(stored["scheduler"])
        if entry is None:
            raise nearest("scheduler", stored["scheduler"], [item.identifier for item in entries()])
        return scheduler_subject(entry, session)
    said = Stated(**stored.get("told", {}))
    item = recognise(stored["target"], stored["rule"], stored["options"], session, said)
    path = item.path(stored["path"], stored["device"])
    asked = (stored["property"],)
    return OptimizerUnit(item, path, stored["device"], stored["dtype"], asked, 1, 0).subject(session)


def _stored(path: Path) -> dict[str, Any]:
    """Read a failure; raises ``OSError`` for a file that is none."""
    try:
        stored = json.loads(path.read_text())
    except ValueError:
        stored = None
    known = isinstance(stored, dict) and stored.keys() >= COMMON
    if not known or stored["property"] not in claims.BY_IDENTIFIER.get(stored["chapter"], {}):
        raise OSError(f"`{path}` is no stored failure; give a .json file of the report's folder `failures`")
    return dict(stored)
