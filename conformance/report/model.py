"""The report as data: what the JSON file holds and every view of it is made from.

``times`` is the only part that differs between two runs with the same seed.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

from conformance.verdict import CellResult

SCHEMA_NAME = "stepproof-report"
SCHEMA_VERSION = 2


@dataclass(frozen=True)
class OptionValue:
    """A structural choice in a rule and who uses it."""

    option: str
    value: str
    stands_for: str


@dataclass(frozen=True)
class HyperparameterEntry:
    symbol_mathml: str
    keyword: str
    default: str
    domain: str
    meaning: str


@dataclass(frozen=True)
class StateEntry:
    symbol_mathml: str
    keyword: str
    initial: str
    meaning: str


@dataclass(frozen=True)
class FormEntry:
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
class ProofEntry:
    """A claim stated beside the rule; ``status`` is ``proven``, ``not proven`` or ``undecided (limit)``."""

    identifier: str
    sentence: str
    source: str
    status: str
    equations: int
    method: str


@dataclass(frozen=True)
class MutantEntry:
    """One formula mutant; ``status`` is ``killed``, ``equivalent`` (proven) or ``survived``."""

    name: str
    status: str
    text: str
    killed_by: str


@dataclass(frozen=True)
class VariantEntry:
    """A rule with its options chosen, as judged in this run."""

    name: str
    options: dict[str, str]
    program: tuple[AssignmentEntry, ...]
    mutants: tuple[MutantEntry, ...]


@dataclass(frozen=True)
class LineEntry:
    """One line of a plot; where it has no finite number it is broken."""

    name: str
    x: tuple[float, ...]
    y: tuple[float | None, ...]


@dataclass(frozen=True)
class PlotEntry:
    title: str
    x_label: str
    y_label: str
    curves: tuple[LineEntry, ...]


@dataclass(frozen=True)
class ExperimentEntry:
    """A claim about whole runs; ``status`` is ``seen`` or ``not seen``."""

    identifier: str
    sentence: str
    source: str
    status: str
    figures: dict[str, float]
    plot: PlotEntry


@dataclass(frozen=True)
class TrainingRunEntry:
    """One implementation's course of training: its losses, and how every step of it was judged.

    ``farthest`` is the largest distance of a parameter from the reference's after each step, ``widths`` the
    widest enclosure propagated from the start; ``finite_steps`` counts the steps at which it is finite.
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
class PointsEntry:
    """Of the ``points`` that a search visited, how many were judged, and what of them left its enclosure.

    ``widths`` is the widest enclosure of a coordinate at each point that was judged.
    """

    points: int
    judged: int
    departed: str
    widths: tuple[float | None, ...]


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


@dataclass(frozen=True)
class RuleEntry:
    name: str
    title: str
    citation: str
    options: tuple[OptionValue, ...]
    hyperparameters: tuple[HyperparameterEntry, ...]
    states: tuple[StateEntry, ...]
    variants: tuple[VariantEntry, ...]
    proofs: tuple[ProofEntry, ...]
    step_sizes: PlotEntry | None = None
    reference: str = ""
    curves: tuple[CurveEntry, ...] = ()


@dataclass(frozen=True)
class PropertyEntry:
    identifier: str
    sentence: str
    source: str


@dataclass(frozen=True)
class ImplementationEntry:
    """Something that claims a rule; ``profiles`` maps a path to its printed profile."""

    identifier: str
    target: str
    rule: str
    claims: str
    framework: str
    profiles: dict[str, str]


@dataclass(frozen=True)
class DeviationEntry:
    """A finding that stands in the ledger; ``status`` is ``in force`` or ``no longer shown``.

    ``profile`` says how the rest of its cells is judged.
    """

    identifier: str
    implementation: str
    condition: str
    reason: str
    link: str
    profile: str
    status: str


class Outcome(enum.StrEnum):
    """What a whole run says; each has its exit status."""

    CONFORMS = "conforms"
    DOES_NOT_CONFORM = "does not conform"
    NOT_JUDGED = "could not be judged"


class GateStatus(enum.StrEnum):
    """Whether a gate holds; what a run never measured is neither."""

    MET = "met"
    NOT_MET = "not met"
    NOT_MEASURED = "not measured"


@dataclass(frozen=True)
class Gate:
    """What a run must show: of what it ``counts``, ``bound`` (at most, at least) the ``threshold``.

    A gate that is ``enforced`` and not met makes the outcome ``otherwise``, or a worse one.
    """

    name: str
    counts: str
    status: GateStatus
    enforced: bool
    observed: int
    threshold: int
    bound: str
    otherwise: Outcome


@dataclass(frozen=True)
class Report:
    """A whole run.  ``gates`` and ``outcome`` are written into it by ``gates.weighed`` when it is written.

    ``cases_hash`` is that of all drawn cases.
    """

    suite_version: str
    command: str
    seed: int
    budget: int
    environment: dict[str, str]
    rules: tuple[RuleEntry, ...]
    properties: tuple[PropertyEntry, ...]
    implementations: tuple[ImplementationEntry, ...]
    results: tuple[CellResult, ...]
    deviations: tuple[DeviationEntry, ...]
    not_run: tuple[str, ...] = ()
    times: dict[str, float] = field(default_factory=dict)
    claims: tuple[ProofEntry, ...] = ()
    experiments: tuple[ExperimentEntry, ...] = ()
    training: tuple[TrainingEntry, ...] = ()
    searches: tuple[SearchEntry, ...] = ()
    gates: tuple[Gate, ...] = ()
    outcome: Outcome = Outcome.NOT_JUDGED
    cut_short: bool = False
    cases_hash: str = ""
    schema: str = SCHEMA_NAME
    schema_version: int = SCHEMA_VERSION
