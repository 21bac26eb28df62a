"""What is shown beside verdicts, as the report holds it: lines of formulas, curves and courses."""

from __future__ import annotations

from dataclasses import dataclass

from conformance.engine.verdict import Cell


@dataclass(frozen=True)
class FormEntry:
    """A legal way to compute a line, and whether it is proven equal."""

    name: str
    mathml: str
    text: str
    proven: bool


@dataclass(frozen=True)
class AssignmentEntry:
    """One named line of a program, with the legal ways to compute it."""

    name: str
    mathml: str
    text: str
    forms: tuple[FormEntry, ...]


@dataclass(frozen=True)
class TrainingRunEntry:
    """One implementation's course of training: its losses, and how every step of it was judged.

    ``farthest`` is the largest distance of a parameter from the reference's after each step, ``widths`` the
    widest enclosure propagated from the start; ``finite_steps`` counts the steps at which it is finite.  ``cell`` has
    the verdict on it, where it was judged as one.
    """

    implementation: str
    losses: tuple[float | None, ...]
    farthest: tuple[float | None, ...]
    widths: tuple[float | None, ...]
    values: int
    outside_step_by_step: int
    outside_from_the_start: int
    undecided: int
    finite_steps: int
    cell: Cell | None = None


@dataclass(frozen=True)
class TrainingEntry:
    """A problem trained with a rule: the losses of the reference, and a run of each implementation."""

    problem: str
    title: str
    rule: str
    dtype: str
    settings: dict[str, float]
    parameters: int
    losses: tuple[float | None, ...]
    runs: tuple[TrainingRunEntry, ...]


@dataclass(frozen=True)
class ArithmeticEntry:
    """The profile that was found for a path in one format, of code that declares none.

    ``spared`` holds, by formula, the lines of the mutants that it lets live and that would be dead if the
    code computed as the textbook writes it, or in float64.
    """

    implementation: str
    path: str
    dtype: str
    profile: str
    spared: dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class SeenEntry:
    """On how many element-cases a part of a formula was looked at, and on how many each error of it was seen."""

    looked_at: int
    caught: tuple[int, ...]


@dataclass(frozen=True)
class CoverageEntry:
    """What the cases of a cell showed of each part of one formula."""

    formula: str
    dtype: str
    parts: dict[str, SeenEntry]


@dataclass(frozen=True)
class PointsEntry:
    """Of the ``points`` that a search visited, how many were judged, and what of them left its enclosure.

    ``widths`` is the widest enclosure of a coordinate at each point that was judged; ``cell`` has the verdict on them.
    """

    points: int
    judged: int
    departed: str
    widths: tuple[float | None, ...]
    cell: Cell | None = None


@dataclass(frozen=True)
class SearchEntry:
    """A problem searched by an implementation and by the reference, a loss for each call of the function.

    Its points are judged from what it saw and kept, and from the start alone.
    """

    title: str
    line_search: str
    losses: tuple[float | None, ...]
    reference: tuple[float | None, ...]
    from_what_it_saw: PointsEntry
    from_the_start: PointsEntry


@dataclass(frozen=True)
class JointEntry:
    """A time at which a schedule's formula changes."""

    name: str
    time: float
    restart: bool


@dataclass(frozen=True)
class CurveEntry:
    """A schedule from step 0 on, and what an implementation used at the same steps.

    ``units`` is the difference in radii of the enclosure: at most 1 where it is inside.
    """

    title: str
    schedule: tuple[float | None, ...]
    implementation: tuple[float | None, ...]
    units: tuple[float | None, ...]
    joints: tuple[JointEntry, ...]
    note: str
