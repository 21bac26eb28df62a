"""What was made of a faulty class: how soon it was found, and whether what is said names the mistake."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from conformance.diagnosis.alternatives import named as named_rule
from conformance.diagnosis.schedule_hypotheses import mutants_of, title_of
from conformance.diagnosis.schedule_hypotheses import named as named_schedule
from conformance.faulty.fault import Fault
from spec import rules as book
from spec import schedules
from spec.mutants import RuleMutant, ScheduleMutant, mutants


class Named(enum.StrEnum):
    """What is said of a mistake: what it is, that nothing explains it, or something else; or it is none.

    Nothing is said where no verdict came in the time that there is, or the process died.
    """

    RIGHT = "right"
    OPEN = "nothing explains it"
    OTHER = "something else"
    MISSED = "not found"
    UNFINISHED = "ended without a verdict"
    NONE = "proven to change nothing"


@dataclass(frozen=True)
class MeasuredFault:
    """What was made of a faulty class; ``first`` is the time to its first finding, in seconds."""

    kind: str
    name: str
    claim: str
    found: bool
    first: float
    seconds: float
    named: Named
    title: str

    def plain(self) -> dict[str, Any]:
        """Return it as JSON has it: infinity as nothing."""
        return {**dataclasses.asdict(self), "first": self.first if self.found else None}

    @staticmethod
    def read(plain: Mapping[str, Any]) -> MeasuredFault:
        """Return what was written."""
        first = float("inf") if plain["first"] is None else plain["first"]
        return MeasuredFault(**{**plain, "first": first, "named": Named(plain["named"])})


def claim_of(fault: Fault) -> str:
    """Return what a faulty class claims, in words."""
    return ", ".join((fault.rule, *(f"{name}={value}" for name, value in fault.options.items())))


def named(fault: Fault, causes: Sequence[dict[str, Any]]) -> tuple[Named, str]:
    """Return what is said of the mistake, and the title of the cause that says it."""
    if not causes:
        changes = fault.mutant is None or not fault.mutant.equivalent
        return (Named.MISSED if changes else Named.NONE), ""
    right = next((cause["title"] for cause in causes if _is_right(fault, cause)), None)
    if right is not None:
        return Named.RIGHT, right
    first = causes[0]
    certain = "and no other of" in first["diagnosis"] or "so does:" in first["diagnosis"]
    return Named.OTHER if certain else Named.OPEN, first["title"]


def _is_right(fault: Fault, cause: dict[str, Any]) -> bool:
    title, said = cause["title"], f"{cause['title']} {cause['diagnosis']}"
    properties = {cell["property"] for cell in cause["explains"]}
    if any(named_so in said for named_so in fault.titles) or any(word in said for word in fault.words):
        return True
    if any(name.startswith(start) for start in fault.properties for name in properties):
        return True
    if isinstance(fault.mutant, ScheduleMutant):
        return _equal_schedule(fault.rule, fault.mutant, title)
    return isinstance(fault.mutant, RuleMutant) and _equal(fault, fault.mutant, title)


def _equal_schedule(name: str, wrong: ScheduleMutant, title: str) -> bool:
    """Tell whether a title names a schedule that is proven equal to the faulty one."""
    others = [each.wrong for what, each in mutants_of(wrong.original).items() if title_of(what, each) == title]
    others += [made for made in schedules.family(name).variants() if title == f"this is {named_schedule(made)}"]
    return any(ScheduleMutant(title, "", other, wrong.wrong).equivalent for other in others)


def _equal(fault: Fault, wrong: RuleMutant, title: str) -> bool:
    """Tell whether a title names a formula that is proven equal to the faulty one."""
    family = book.family(fault.rule)
    rule = wrong.original
    others = [mutant.wrong for mutant in mutants(rule, family) if mutant.name == title]
    others += [made for made in family.variants() if title == f"this is {named_rule(made)}"]
    kept = {state.symbol for state in rule.states}
    others = [other for other in others if {state.symbol for state in other.states} == kept]
    return any(RuleMutant(title, "", other, wrong.wrong).equivalent for other in others)
