"""What a check ends as: verdicts, cells, findings and their figures."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field, replace
from typing import Any


class Verdict(enum.StrEnum):
    """The eight ways in which a check ends; the code under test has no part in an error of stepproof."""

    PASS = "pass"
    FAIL = "fail"
    DEVIATION = "known deviation"
    NOT_APPLICABLE = "not applicable"
    UNDECIDED = "undecided"
    ERROR = "error"
    OURS = "error of stepproof"
    NOT_RUN = "not run"


class Level(enum.StrEnum):
    """What it costs to break a claim: results that are wrong or lost, or mistakes that are easier to make."""

    MUST = "must"
    SHOULD = "should"


Shown = Verdict | Level
"""What a view calls a cell by: its verdict, or the level alone where it fails what only should hold."""


@dataclass(frozen=True, order=True)
class Cell:
    """One question: whether this path of this implementation has this property in this format."""

    implementation: str
    path: str
    device: str
    dtype: str
    property: str


@dataclass(frozen=True)
class Figures:
    """How hard a cell was tested.

    A *value* is one number that was compared with its enclosure; an *element-case* is one element
    of one case with all its values.  ``undecided`` counts element-cases whose enclosure could not
    decide (an unbounded side, a possible NaN, both branches of a switch).  The ratios are observed
    error over the room that the enclosure leaves on that side, taken on ``ratio_sample`` values.
    ``refused`` counts further cases, which the subject's constructor did not take.
    """

    cases: int = 0
    element_cases: int = 0
    values: int = 0
    outside: int = 0
    undecided: int = 0
    ratio_sample: int = 0
    median_ratio: float | None = None
    largest_ratio: float | None = None
    ratio_histogram: tuple[int, ...] = ()
    refused: int = 0


@dataclass(frozen=True)
class Finding:
    """One value that no legal evaluation returns, with the smallest case that shows it."""

    identifier: str
    cell: Cell
    sentence: str
    quantity: str
    assignment: str
    formula_text: str
    formula_mathml: str
    case: dict[str, Any]
    legal: tuple[str, str]
    legal_hex: tuple[str, str]
    value: str
    value_hex: str
    distance: str
    confirmed: str
    explanation: str
    script: str
    replay: str
    level: Level = Level.MUST


@dataclass(frozen=True)
class Crash:
    """An exception in a line of stepproof: what was raised, with its traceback, and the case, if there was one."""

    identifier: str
    fact: str
    traceback: str
    case: dict[str, Any] | None = None


@dataclass(frozen=True)
class CellResult:
    """The verdict on one cell, why, how hard it was tested, and what was found."""

    cell: Cell
    verdict: Verdict
    reason: str = ""
    figures: Figures = field(default_factory=Figures)
    profile: str = ""
    findings: tuple[Finding, ...] = ()
    deviation: str = ""
    further: tuple[str, ...] = ()
    """Other deviations of the same cell."""
    digest: str = ""
    """A hash of the cases that were drawn."""
    seconds: float = 0.0
    crash: Crash | None = None
    level: Level = Level.MUST

    @property
    def shown(self) -> Shown:
        """The verdict, or the level of a claim that fails and only should hold."""
        return self.level if self.verdict is Verdict.FAIL and self.level is Level.SHOULD else self.verdict

    @property
    def owed(self) -> bool:
        """Tell whether the process died that was to judge it, where no line of ours is known to have raised."""
        return self.verdict is Verdict.OURS and self.crash is None

    def at(self, level: Level) -> CellResult:
        """Return the result at a level that somebody chose."""
        return replace(self, level=level, findings=tuple(replace(found, level=level) for found in self.findings))


@dataclass(frozen=True)
class Cause:
    """One reason for the findings of an implementation, and the cells that it explains.

    ``title`` says in a few words what is wrong, ``diagnosis`` what the code computes instead or why that
    is not known, ``where`` the place in its source as far as that is known.  ``case`` names the finding
    that shows it best.
    """

    implementation: str
    title: str
    level: Level
    diagnosis: str
    where: str
    case: str
    explains: tuple[Cell, ...]


def of_values_outside(findings: tuple[Finding, ...], figures: Figures) -> tuple[Verdict, str]:
    """Return the verdict on a cell with values outside, and why: what is not confirmed is undecided."""
    outside = f"{figures.outside:,} of {figures.values:,} values are outside"
    if findings:
        return Verdict.FAIL, outside
    return Verdict.UNDECIDED, f"{outside} the fast enclosure, and the exact computation confirms none of them"
