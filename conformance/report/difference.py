"""The difference between two runs as data: what a report says of its baseline, and what ``stepproof diff`` prints."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

from conformance.engine.verdict import Cause, Cell, Level


@dataclass(frozen=True)
class ScopeEntry:
    """What a part of a run was asked for; without properties or paths it was all of them.

    ``budget`` is in seconds for each implementation.
    """

    implementations: tuple[str, ...]
    device: str
    dtypes: tuple[str, ...]
    properties: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    budget: float = 0.0

    def covers(self, cell: Cell) -> bool:
        """Tell whether a cell was asked for."""
        return (
            cell.implementation in self.implementations
            and cell.device == self.device
            and cell.dtype in self.dtypes
            and (not self.properties or cell.property in self.properties)
            and (not self.paths or cell.path in self.paths)
        )


@dataclass(frozen=True)
class CauseChange:
    """A cause that came, went or explains other cells: how many it explained ``before``, and how many ``now``.

    ``fingerprint`` is the same in every run; ``case`` names the finding that shows it, where it is there.
    """

    fingerprint: str
    implementation: str
    title: str
    level: Level
    before: int
    now: int
    case: str = ""


@dataclass(frozen=True)
class CellChange:
    """A cell that is otherwise: what is told of it before and now, and its level."""

    cell: Cell
    before: str
    now: str
    level: Level = Level.MUST


@dataclass(frozen=True)
class PowerChange:
    """A wrong formula that was noticed and lives now."""

    variant: str
    mutant: str
    now: str


@dataclass(frozen=True)
class Difference:
    """What is otherwise in a run than in one before it.

    ``compared`` counts cells of both; ``unjudged`` those of the one before that nobody asked for now.  ``vanished``
    are deviations that stand in the ledger and showed in cells that were judged again.  ``otherwise`` fails in both
    with another number of values outside.  ``environment`` maps a name to two versions.
    """

    new_causes: tuple[CauseChange, ...] = ()
    changed_causes: tuple[CauseChange, ...] = ()
    gone_causes: tuple[CauseChange, ...] = ()
    newly_failing: tuple[CellChange, ...] = ()
    stopped: tuple[CellChange, ...] = ()
    power_lost: tuple[PowerChange, ...] = ()
    coverage_lost: tuple[CellChange, ...] = ()
    vanished: tuple[str, ...] = ()
    ratios: tuple[CellChange, ...] = ()
    otherwise: tuple[CellChange, ...] = ()
    repaired: tuple[CellChange, ...] = ()
    power_compared: bool = True
    compared: int = 0
    unjudged: int = 0
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def worse(self) -> bool:
        """Tell whether something is worse: what only should hold, or is legal arithmetic as a ratio is, makes none."""
        levels = {*(cause.level for cause in self.new_causes), *(cell.level for cell in self.newly_failing)}
        return Level.MUST in levels or any((self.stopped, self.power_lost, self.coverage_lost, self.vanished))


class BaselineStatus(enum.StrEnum):
    """What a run did with its baseline: it wrote one, or was held against it."""

    RECORDED = "recorded"
    COMPARED = "compared"


@dataclass(frozen=True)
class BaselineEntry:
    """The baseline of a run.  ``known`` maps a gate to how much of what it counts the baseline has too."""

    file: str
    status: BaselineStatus
    known: dict[str, int] = field(default_factory=dict)
    difference: Difference = field(default_factory=Difference)

    def knows(self, cause: Cause) -> bool:
        """Tell whether a cause of the report stands in the baseline too."""
        new = {change.case for change in self.difference.new_causes}
        return self.status is BaselineStatus.COMPARED and cause.case not in new
