"""Ends a run at the first cell that fails it."""

from __future__ import annotations

from conformance.engine.claim import Unit
from conformance.engine.judging import Judged
from conformance.engine.runs import Enough, Listener
from conformance.engine.verdict import Level, Verdict

FAILS: frozenset[Verdict | Level] = frozenset({Verdict.FAIL, Verdict.ERROR})


class FailFast(Listener):
    """Ends the run where a cell fails what must hold or ends in an error; a ``strict`` one, what should hold too."""

    def __init__(self, *, strict: bool) -> None:
        self.fails = FAILS | {Level.SHOULD} if strict else FAILS

    def cell(self, unit: Unit, judged: Judged) -> None:
        """Take note of one cell; raises ``Enough`` where it fails."""
        if judged.result.shown in self.fails:
            raise Enough(f"ended at the first failure, in {unit.label}, as --fail-fast asks")
