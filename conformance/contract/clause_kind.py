"""Cases that are runs of an experiment: how they are stored, told and turned into a script."""

from __future__ import annotations

from typing import Any

from conformance.contract.breach import Breach
from conformance.contract.case import ClauseCase
from conformance.contract.reduction import simpler
from conformance.contract.script import script
from conformance.contract.settings import BAD
from conformance.engine.claim import Kind, Moves, Told
from conformance.engine.evidence import RAISED, Stop
from conformance.engine.stored_case import StoredCases
from conformance.optimizers.subject import WorkerSubject

LARGEST_TRIALS = 120


class ClauseKind(StoredCases[ClauseCase]):
    """The kind of a case that one experiment in the worker tries."""

    name = "clause"
    cases = ClauseCase
    most_findings = 3

    def fits(self, subject: WorkerSubject, claim: Any, case: ClauseCase) -> bool:
        """Tell whether a case has the subject's settings and the arguments that the experiment reads."""
        rule = subject.rules.get(case.switches)
        if rule is None or not claim.asks(subject, case):
            return False
        return set(case.settings) == {h.symbol.name for h in rule.hyperparameters}

    def stopped(self, subject: WorkerSubject, stop: Stop) -> Breach | None:
        """Return the breach that a stop at a case is."""
        if stop.case is None:
            return None
        return Breach(stop.case, RAISED, expected="no exception", got=stop.fact, compared="seen directly", stopped=True)

    def trials(self, subject: WorkerSubject, failure: Breach) -> int:
        """Return how many simpler cases are tried: none where each would end the worker anew."""
        return 0 if failure.stopped else LARGEST_TRIALS

    def moves(self, subject: WorkerSubject, claim: Any, failure: Breach) -> Moves:
        """Propose fewer arguments and plainer settings."""
        return simpler(subject.rules[failure.case.switches], subject.fixed, failure)

    def confirms(self, subject: WorkerSubject, claim: Any, failure: Breach) -> str:
        """Return how the breach was judged."""
        return failure.compared

    def tell(self, subject: WorkerSubject, claim: Any, failure: Breach) -> Told:
        """Return the case, what the clause asks for and what was seen."""
        low, high = failure.legal
        numeric = low == low  # noqa: PLR0124 - a NaN stands for what is no number
        return Told(
            failure.quantity,
            _table(failure),
            (f"{low:.17g}", f"{high:.17g}") if numeric else (failure.expected, failure.expected),
            failure.got,
            (low.hex(), high.hex()) if numeric else ("", ""),
            failure.value.hex() if numeric else "",
            f"element {failure.place}" if failure.before or failure.place else "",
        )

    def script(self, subject: WorkerSubject, claim: Any, failure: Breach) -> str:
        """Return the script that makes the experiment."""
        return script(subject, claim, failure)


CLAUSE: Kind = ClauseKind()


def _table(breach: Breach) -> dict[str, Any]:
    case = breach.case
    return {
        "switches": ", ".join(case.switches) or "none",
        "hyperparameters": {name: f"{value:.17g}" for name, value in case.settings.items()},
        "before": {name: f"{value:.17g}" for name, value in (breach.before or {}).items()},
        "arguments": ", ".join(_said(key, value) for key, value in case.arguments.items()),
        "steps": case.steps,
    }


def _said(name: str, value: Any) -> str:
    """Return an argument of an experiment as a reader needs it: of an illegal value the setting and what it is."""
    if isinstance(value, dict):
        return f"{name}=({', '.join(_said(key, item) for key, item in value.items())})"
    if isinstance(value, list) and value and all(isinstance(item, list) and len(item) == len(BAD) for item in value):
        known = [dict(zip(BAD, item, strict=True)) for item in value]
        return ", ".join(f"{item['keyword']}={item['number']}" for item in known)
    return f"{name}={value}"
