"""Findings of clauses: a breach with its smallest case and the script that shows it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from conformance.agreement import Outside
from conformance.contract.case import ClauseCase, to_plain
from conformance.contract.clause import Clause
from conformance.contract.observation import Breach
from conformance.contract.reduction import ClauseReduction, kind
from conformance.contract.script import script
from conformance.subject import WorkerSubject
from conformance.verdict import Cell, Finding

MOST = 3
"""Findings of one cell; the others are of the same kind."""


@dataclass(frozen=True)
class ClauseReducer:
    """Turns breaches of one cell into findings."""

    subject: WorkerSubject
    clause: Clause
    cell: Cell
    reduced: bool = False

    def findings(self, failures: list[Outside]) -> tuple[Finding, ...]:
        """Return one finding for each kind of breach."""
        first: dict[tuple[bool, str], Breach] = {}
        for failure in failures:
            if isinstance(failure, Breach):
                first.setdefault(kind(failure), failure)
        return tuple(self._finding(breach) for breach in list(first.values())[:MOST])

    def smallest(self, breach: Breach, counts: Callable[[str], bool] = bool) -> Breach:
        """Return the breach with the smallest case, among those of which ``counts`` is true."""
        subject, clause = self.subject, self.clause
        return ClauseReduction(
            lambda case: subject.rules[case.switches],
            lambda case: [item for item in clause.breaches(subject, case) if counts(item.told)],
        ).reduce(breach)

    def _finding(self, breach: Breach) -> Finding:
        if not self.reduced:
            breach = self.smallest(breach)
        assert isinstance(breach.case, ClauseCase)
        plain = to_plain(breach.case)
        text = json.dumps([str(self.cell), breach.quantity, plain], sort_keys=True)
        identifier = hashlib.sha256(text.encode()).hexdigest()[:10]
        low, high = breach.legal
        numeric = low == low  # noqa: PLR0124 - a NaN stands for what is no number
        return Finding(
            identifier,
            self.cell,
            self.clause.sentence,
            breach.quantity,
            "",
            "",
            "",
            {**_table(breach.case, breach), "stored": plain},
            (f"{low:.17g}", f"{high:.17g}") if numeric else (breach.expected, breach.expected),
            (low.hex(), high.hex()) if numeric else ("", ""),
            breach.got,
            breach.value.hex() if numeric else "",
            f"element {breach.place}" if breach.before or breach.place else "",
            breach.compared,
            "",
            script(self.subject, self.clause, breach),
            f"stepproof replay failures/{identifier}.json",
        )


def _table(case: ClauseCase, breach: Breach) -> dict[str, Any]:
    arguments = ", ".join(f"{key}={value}" for key, value in case.arguments.items())
    return {
        "switches": ", ".join(case.switches) or "none",
        "hyperparameters": {name: f"{value:.17g}" for name, value in case.settings.items()},
        "before": {name: f"{value:.17g}" for name, value in breach.before.items()},
        "tensors": arguments,
        "steps": case.steps,
    }
