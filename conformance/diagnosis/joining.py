"""Joins findings that have one reason: the same exception, the same clause, the same arithmetic."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from conformance.claims import BY_IDENTIFIER
from conformance.contract.breach import STEP
from conformance.engine.evidence import RAISED
from conformance.engine.ledger import OPTIMIZERS
from conformance.engine.verdict import Cell, CellResult, Finding, Level
from conformance.optimizers.rule_kind import RULE
from conformance.schedulers.schedule_kind import SCHEDULE

ARITHMETIC, CLAUSE, SHOULD = "arithmetic", "clause", "should"
OF_THE_FORMULA = ("agreement/", "lr/in-force")
"""Properties that are the formula itself."""
BEST_FIRST = ("float64", "float32", "bfloat16", "float16")
"""The formats in the order in which a case reads best."""


@dataclass(frozen=True)
class Joined:
    """Findings of one implementation with one reason, the best to read first.

    ``sort`` is ``arithmetic``, ``raised``, ``should`` or ``clause``; ``name`` tells reasons of one sort apart.
    """

    sort: str
    name: str
    findings: tuple[Finding, ...]

    @property
    def cells(self) -> tuple[Cell, ...]:
        """The cells that have a finding among these, each once."""
        return tuple(dict.fromkeys(finding.cell for finding in self.findings))

    @property
    def level(self) -> Level:
        """The gravest level among them."""
        return Level.MUST if any(f.level is Level.MUST for f in self.findings) else Level.SHOULD


def joined(results: Iterable[CellResult]) -> Iterator[Joined]:
    """Yield the findings of one implementation by their reasons, the gravest first."""
    found: dict[tuple[str, str], list[Finding]] = {}
    for finding in (finding for result in results for finding in result.findings if not result.deviation):
        found.setdefault(_reason(finding), []).append(finding)
    _with_their_exceptions(found)
    groups = [Joined(sort, name, tuple(sorted(held, key=_legible))) for (sort, name), held in found.items()]
    yield from sorted(groups, key=lambda group: (group.level is Level.SHOULD, group.sort != ARITHMETIC))


def _with_their_exceptions(found: dict[tuple[str, str], list[Finding]]) -> None:
    """Put the findings that report an exception to those of the same exception."""
    raised = {held[0].value: reason for reason, held in found.items() if reason[0] == "raised"}
    for reason in [reason for reason in found if reason[0] == CLAUSE]:
        for finding in [finding for finding in found[reason] if finding.value in raised]:
            found[raised[finding.value]].append(finding)
            found[reason].remove(finding)
        if not found[reason]:
            del found[reason]


def _reason(finding: Finding) -> tuple[str, str]:
    """Return the sort of a finding's reason, and what it shares with others of the same reason."""
    if finding.level is Level.SHOULD:
        if finding.assignment and of_arithmetic(finding) and finding.case["kind"] != SCHEDULE.name:
            return ARITHMETIC, SHOULD
        # Claims that begin alike are of one reason: what is refused, and refused in a group.
        return SHOULD, finding.cell.property.partition("-")[0]
    if finding.quantity == RAISED:
        return "raised", f"{finding.value.partition(':')[0]} {finding.confirmed}"
    if of_arithmetic(finding):
        return ARITHMETIC, ""
    return CLAUSE, finding.cell.property


def of_arithmetic(finding: Finding) -> bool:
    """Tell whether a finding is a value that the formula judged."""
    if finding.quantity == RAISED:
        return False
    if finding.case["kind"] == SCHEDULE.name:
        return of_schedule(finding)
    claim = BY_IDENTIFIER[OPTIMIZERS].get(finding.cell.property)
    if claim is None:
        return False
    return claim.kind is RULE or finding.confirmed == STEP or bool(finding.assignment)


def of_schedule(finding: Finding) -> bool:
    """Tell whether a finding is a learning rate that the formula of a schedule judged; a composition has none."""
    return bool(finding.case["kind"] == SCHEDULE.name and finding.formula_mathml)


def _legible(finding: Finding) -> tuple[bool, int, int]:
    """Order findings: those of the formula's own property first, the finest format, the shortest case."""
    dtype = finding.cell.dtype
    place = BEST_FIRST.index(dtype) if dtype in BEST_FIRST else len(BEST_FIRST)
    return not finding.cell.property.startswith(OF_THE_FORMULA), place, len(str(finding.case))
