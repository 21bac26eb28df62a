"""What judging a claim gathers: how much was compared, what failed, and what stopped it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from conformance.engine.verdict import Figures
from impls.session import TargetError, WorkerFailure

RAISED = "it raises"
"""The quantity of a failure that is an exception, or the end of a worker."""
RATIO_BINS = 20
EDGES = np.linspace(0.0, 1.0, RATIO_BINS + 1)[1:-1]
"""The edges between the bins."""
COUNTED = ("cases", "element_cases", "values", "outside", "undecided", "histogram", "kept", "unasked")
"""What two tallies have together."""
MOST_RATIOS = 200_000
"""Ratios of one cell that are kept for its median; the histogram counts all."""


class Failure(Protocol):
    """One thing that was seen and that no legal subject does, at a case."""

    @property
    def case(self) -> Any:
        """The case, of the claim's kind."""

    @property
    def quantity(self) -> str:
        """What was compared, as ``theta`` or the learning rate, or that it raises."""

    @property
    def count(self) -> int:
        """How many values were outside."""

    @property
    def told(self) -> str:
        """What was seen, in one line, as an entry of the ledger names it."""

    @property
    def likeness(self) -> Hashable:
        """What two failures share that are the same fault."""


@dataclass(frozen=True)
class Exhibit:
    """Figures or curves that the report shows beside verdicts: what sort, and the data as JSON has it."""

    sort: str
    data: dict[str, Any]


@dataclass
class Tally:
    """Figures and failures of one cell, gathered case by case.

    A value is one number that was compared; an element-case is one element, or one reading, of one
    case with all its values.
    """

    cases: int = 0
    element_cases: int = 0
    values: int = 0
    outside: int = 0
    undecided: int = 0
    histogram: npt.NDArray[Any] = field(default_factory=lambda: np.zeros(RATIO_BINS, np.int64))
    ratios: list[npt.NDArray[Any]] = field(default_factory=list)
    kept: int = 0
    failures: list[Any] = field(default_factory=list)
    exhibits: list[Exhibit] = field(default_factory=list)
    inapplicable: list[str] = field(default_factory=list)
    """For each case of which the claim says nothing, why."""
    refused: list[str] = field(default_factory=list)
    """For each case that the subject does not take, what it said."""
    unasked: int = 0
    """Cases of which a question has no answer."""

    def add_ratios(self, ratio: npt.NDArray[Any]) -> None:
        """Add observed errors over the room that the enclosures leave."""
        finite = ratio[np.isfinite(ratio)].astype(np.float64)
        inner = finite[(finite >= 0.0) & (finite <= 1.0)]
        self.histogram += np.bincount(np.searchsorted(EDGES, inner, "right"), minlength=RATIO_BINS)
        if self.kept < MOST_RATIOS:
            self.ratios.append(finite)
            self.kept += finite.size

    def leave_open(self) -> None:
        """Count a case at which the subject raised, which is another claim's finding: nothing of it is decided."""
        self.element_cases += 1
        self.undecided += 1

    def fail(self, failure: Failure) -> None:
        """Add a failure with the values that it stands for."""
        self.outside += failure.count
        self.failures.append(failure)

    def add(self, other: Tally) -> None:
        """Add all that another tally gathered."""
        for name in COUNTED:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in ("ratios", "failures", "exhibits", "inapplicable", "refused"):
            getattr(self, name).extend(getattr(other, name))

    @property
    def decided(self) -> int:
        """The element-cases whose enclosure could decide."""
        return self.element_cases - self.undecided

    @property
    def figures(self) -> Figures:
        """The figures that the report shows."""
        drawn = np.concatenate(self.ratios) if self.ratios else np.zeros(0)
        return Figures(
            self.cases,
            self.element_cases,
            self.values,
            self.outside,
            self.undecided,
            int(drawn.size),
            round(float(np.median(drawn)), 6) if drawn.size else None,
            round(float(drawn.max()), 6) if drawn.size else None,
            tuple(int(count) for count in self.histogram),
            len(self.refused),
        )

    @property
    def refusal(self) -> str:
        """How many cases the subject does not take, and what it says of most of them; or nothing."""
        if not self.refused:
            return ""
        said, _ = Counter(self.refused).most_common(1)[0]
        return (
            f"{len(self.refused):,} of {self.cases + len(self.refused):,} cases are refused by the constructor: {said}"
        )

    @property
    def left_unasked(self) -> str:
        """How many cases have no answer, or nothing."""
        return f"{unasked(self.unasked, 'case')} of {self.cases + self.unasked:,}" if self.unasked else ""

    @property
    def mostly_refused(self) -> bool:
        """Whether more cases are refused than judged, which leaves the claim open."""
        return len(self.refused) > self.cases


def unasked(count: int, what: str) -> str:
    """Return the words for what the code under test was not asked."""
    return f"not asked at a distance: {count:,} {what}{'s' * (count != 1)}"


@dataclass(frozen=True)
class Stop:
    """The subject raised, or its worker ended, at a case."""

    error: TargetError | WorkerFailure
    case: Any = None

    @property
    def fact(self) -> str:
        """What happened, in one sentence."""
        return self.error.fact if isinstance(self.error, WorkerFailure) else str(self.error)

    @property
    def sort(self) -> str:
        """What stops share that are the same: the phase and the exception, or how the worker ended."""
        if isinstance(self.error, WorkerFailure):
            return self.error.cause
        return f"{self.error.where}: {self.error.kind}"


@dataclass
class Evidence:
    """All that judging a claim on a subject gathered."""

    tally: Tally = field(default_factory=Tally)
    stop: Stop | None = None
    digest: str = ""
    """A hash of every case that was judged, in order."""
    extreme: tuple[float, dict[str, Any]] | None = None
    """The largest ratio of an error to its bound that is still legal, and the case at which it was."""
    broken: Exception | None = None
    """What a line of stepproof raised, which ended the judging at the case ``broken_at``."""
    broken_at: dict[str, Any] | None = None
