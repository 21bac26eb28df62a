"""Cases that are runs of a scheduler: how they are stored, told and turned into a script."""

from __future__ import annotations

import math
from typing import Any

from conformance.engine.claim import Kind, Moves, Told
from conformance.engine.evidence import Stop
from conformance.engine.stored_case import StoredCases
from conformance.schedulers.cases import ScheduleCase, SchedulerNode, described
from conformance.schedulers.formula_lines import first_line
from conformance.schedulers.reduction import simpler
from conformance.schedulers.script_torch import script
from conformance.schedulers.subject import SchedulerSubject, WrongReading, stopped
from impls.session import TargetError

ATTEMPTS = 400
WORKER = "the worker"


class ScheduleKind(StoredCases[ScheduleCase]):
    """The kind of a case whose readings the schedule's formula judges."""

    name = "schedule"
    cases = ScheduleCase
    most_findings = 1

    def fits(self, subject: SchedulerSubject, claim: Any, case: ScheduleCase) -> bool:
        """Tell whether a case is one of the scheduler's own."""
        return case.node.entry == subject.entry

    def stopped(self, subject: SchedulerSubject, stop: Stop) -> WrongReading | None:
        """Return the failure that a stop at a case is."""
        if stop.case is None:
            return None
        error = stop.error if isinstance(stop.error, TargetError) else None
        kind, said = (error.kind, error.message) if error else (WORKER, stop.fact)
        return stopped(stop.case, [["run", stop.case.steps - 1], ["read"]], kind, said, "the schedule has a value")

    def trials(self, subject: SchedulerSubject, failure: WrongReading) -> int:
        """Return how many simpler cases are tried: none where each would end the worker anew."""
        return 0 if failure.error.startswith(WORKER) else ATTEMPTS

    def moves(self, subject: SchedulerSubject, claim: Any, failure: WrongReading) -> Moves:
        """Propose fewer groups and steps, and plainer settings."""
        return simpler(failure)

    def confirms(self, subject: SchedulerSubject, claim: Any, failure: WrongReading) -> str:
        """Return how the failure was judged: in balls from the first, or seen."""
        return "seen directly" if failure.expected else "by balls of 300 bits"

    def tell(self, subject: SchedulerSubject, claim: Any, failure: WrongReading) -> Told:
        """Return the formula's line, the smallest case, what is legal and what was read."""
        lo, hi = failure.legal
        told, number = not math.isnan(lo), not math.isnan(failure.value)
        return Told(
            failure.quantity,
            _table(failure),
            (f"{lo:.17g}", f"{hi:.17g}") if told else (failure.expected, failure.expected),
            failure.error or (f"{failure.value:.17g}" if number else "not so"),
            (lo.hex(), hi.hex()) if told else ("", ""),
            failure.value.hex() if number else "",
            _distance(failure),
            failure.expected,
            _formula(failure.case.node) if told else ("", "", ""),
        )

    def script(self, subject: SchedulerSubject, claim: Any, failure: WrongReading) -> str:
        """Return the script that makes the run."""
        return script(failure)


SCHEDULE: Kind = ScheduleKind()


def _formula(node: SchedulerNode) -> tuple[str, str, str]:
    if node.entry.composed:
        words = {"sequence": "each schedule from its milestone on, in its own time", "chain": "the product of factors"}
        return "composition", words[node.entry.schedule], ""
    line = first_line(node.schedule)
    return line.name, line.text, line.mathml


def _table(failure: WrongReading) -> dict[str, Any]:
    case = failure.case
    table: dict[str, Any] = {"scheduler": _named(case.node, case.base), "lr of the groups": list(case.base)}
    if case.lr_dtype:
        table["lr is"] = f"a {case.lr_dtype} tensor" + (" shared by default" if case.shared else "")
    table["actions"] = "; ".join(" ".join(str(part) for part in action) for action in failure.actions)
    if not math.isnan(failure.legal[0]):
        table["t"] = f"{failure.time:g}"
        table["group"] = failure.group
    return table


def _named(node: SchedulerNode, base: tuple[float, ...]) -> str:
    plain = described(node, base)
    if node.parts:
        inner = ", ".join(_named(part, base) for part in node.parts)
        return f"{node.entry.name}([{inner}]" + (f", milestones={list(node.milestones)})" if node.milestones else ")")
    given = {**plain["keywords"], **dict.fromkeys(plain.get("tables", {}), "a function")}
    return f"{node.entry.name}({', '.join(f'{k}={v}' for k, v in given.items())})"


def _distance(failure: WrongReading) -> str:
    lo, hi = failure.legal
    if failure.error or math.isnan(lo):
        return ""
    if math.isnan(failure.value) or math.isinf(hi):
        return "below what any schedule has" if failure.value < lo else "not finite"
    gap = max(lo - failure.value, failure.value - hi)
    return f"{gap / (hi - lo):,.3g} widths of the legal interval beyond its end" if hi > lo else f"{gap:+.3g}"
