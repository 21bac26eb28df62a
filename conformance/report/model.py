"""The report as data: what the JSON file holds and every view of it is made from.

``times`` is the only part that differs between two runs with the same seed.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

from conformance.engine.coverage import ERRORS
from conformance.engine.exhibits import AssignmentEntry, CurveEntry, SearchEntry, TrainingEntry
from conformance.engine.ledger import OURS
from conformance.engine.verdict import Cause, CellResult, Level
from conformance.report.difference import BaselineEntry, ScopeEntry
from conformance.report.stored_power import StoredPower

SCHEMA_NAME = "stepproof-report"
SCHEMA_VERSION = 7


@dataclass(frozen=True)
class OptionValue:
    """A structural choice in a rule and who uses it."""

    option: str
    value: str
    stands_for: str


@dataclass(frozen=True)
class HyperparameterEntry:
    """A setting of a rule: its symbol, its keyword and where it may lie."""

    symbol_mathml: str
    keyword: str
    default: str
    domain: str
    meaning: str


@dataclass(frozen=True)
class StateEntry:
    """What a rule keeps of a parameter between steps."""

    symbol_mathml: str
    keyword: str
    initial: str
    meaning: str


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
    """One formula mutant; ``status`` is ``killed``, ``equivalent`` (proven), ``spared`` or ``survived``.

    One that is ``spared`` lives by a profile that was found; by the textbook's, or in float64, it would be dead.
    """

    name: str
    status: str
    text: str
    killed_by: str


class PartStatus(enum.StrEnum):
    """Whether some case showed a part of a formula; one proven to change nothing cannot be shown."""

    VERIFIED = "verified"
    NOT_VERIFIED = "not verified"
    WITHOUT_EFFECT = "without effect"


@dataclass(frozen=True)
class PartInFormat:
    """What the cases of one format showed of a part of a formula.

    Of the element-cases ``looked_at`` it mattered on ``mattered``: half of it takes a result out of its enclosure.
    ``caught`` counts for each of the report's ``relative_errors`` on how many that error does; ``smallest`` is the
    smallest that does on any.
    """

    dtype: str
    looked_at: int
    mattered: int
    smallest: float | None
    caught: tuple[int, ...]


@dataclass(frozen=True)
class PartEntry:
    """A term of a formula, with the symbol of its line, or one of its settings, and what the cases showed of it."""

    name: str
    line: str
    sort: str
    status: PartStatus
    formats: tuple[PartInFormat, ...]


@dataclass(frozen=True)
class VariantEntry:
    """A rule with its options chosen, as judged in this run."""

    name: str
    options: dict[str, str]
    program: tuple[AssignmentEntry, ...]
    mutants: tuple[MutantEntry, ...]
    parts: tuple[PartEntry, ...] = ()


@dataclass(frozen=True)
class LineEntry:
    """One line of a plot; where it has no finite number it is broken."""

    name: str
    x: tuple[float, ...]
    y: tuple[float | None, ...]


@dataclass(frozen=True)
class PlotEntry:
    """A plot with its axes named."""

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
class RuleEntry:
    """A rule in all its variants, with its proofs and curves."""

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
    """What was judged, who says so, and whether it must hold or only should."""

    identifier: str
    sentence: str
    source: str
    level: Level = Level.MUST


@dataclass(frozen=True)
class ImplementationEntry:
    """Something that claims a rule; ``profiles`` maps a path to its printed profile.

    ``found`` maps a path and a format to the profile that was found for it, where none is declared.
    """

    identifier: str
    target: str
    rule: str
    claims: str
    framework: str
    profiles: dict[str, str]
    found: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class DeviationEntry:
    """A finding that stands in the ledger; ``status`` is ``in force`` or ``no longer shown``.

    ``profile`` says how the rest of its cells is judged; ``ledger`` is ``stepproof``, or the file of a user's ledger.
    """

    identifier: str
    implementation: str
    condition: str
    reason: str
    link: str
    profile: str
    status: str
    ledger: str = OURS


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
class ShardEntry:
    """Which part of a run this is: shard ``number`` of ``shards``, with so many of the run's units."""

    number: int
    shards: int
    units: int
    units_of_the_run: int


@dataclass(frozen=True)
class Report:
    """A whole run.  ``gate_outcomes`` and ``outcome`` are written into it by ``gates.weighed`` when it is written.

    ``cases_hash`` is that of all drawn cases; ``unjudged`` has a sentence for each target of which nothing could be
    judged, ``scope`` what each part of the run was asked for.  A ``strict`` run does not conform where a cell fails
    what only should hold.  Of a ``shard`` the gates speak of its own cells alone.  ``relative_errors`` are those that
    are put into each part of a formula; ``stored_power`` was measured before, on faulty classes.
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
    gate_outcomes: tuple[Gate, ...] = ()
    outcome: Outcome = Outcome.NOT_JUDGED
    cut_short: bool = False
    strict: bool = False
    cases_hash: str = ""
    causes: tuple[Cause, ...] = ()
    unjudged: tuple[str, ...] = ()
    scope: tuple[ScopeEntry, ...] = ()
    baseline: BaselineEntry | None = None
    shard: ShardEntry | None = None
    relative_errors: tuple[float, ...] = ERRORS
    stored_power: StoredPower | None = None
    schema: str = SCHEMA_NAME
    schema_version: int = SCHEMA_VERSION
