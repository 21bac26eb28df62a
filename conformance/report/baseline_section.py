"""What a report tells of its baseline, the same on the console, on the page and in the summary: what is new first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from conformance.engine.verdict import Level
from conformance.report.wording import counted, exact

if TYPE_CHECKING:
    from conformance.engine.verdict import Cell
    from conformance.report.difference import CauseChange, CellChange, Difference


@dataclass(frozen=True)
class ToldDifference:
    """One sort of change: a line that counts, a line for each, and whether it is worse."""

    head: str
    lines: tuple[str, ...]
    worse: bool


def told(difference: Difference) -> tuple[ToldDifference, ...]:
    """Return all that is otherwise, what is worse first."""
    it = difference
    sorts = (
        (_causes(it.new_causes), ("new cause", "new causes"), _graver(it.new_causes)),
        (
            _cells(it.newly_failing),
            ("cell that fails and did not", "cells that fail and did not"),
            _graver(it.newly_failing),
        ),
        (_cells(it.stopped), ("cell that stopped running", "cells that stopped running"), True),
        (
            (f"{c.variant}: {c.mutant} {c.now}" for c in it.power_lost),
            ("formula mutant that was noticed and lives", "formula mutants that were noticed and live"),
            True,
        ),
        (_cells(it.coverage_lost), ("cell with fewer cases", "cells with fewer cases"), True),
        (it.vanished, ("deviation that vanished unannounced", "deviations that vanished unannounced"), True),
        (_causes(it.changed_causes), ("cause that explains other cells", "causes that explain other cells"), False),
        (_cells(it.otherwise), ("cell that fails otherwise", "cells that fail otherwise"), False),
        (_cells(it.ratios), ("cell with a larger largest ratio", "cells with a larger largest ratio"), False),
        (_causes(it.gone_causes), ("cause that is gone", "causes that are gone"), False),
        (_cells(it.repaired), ("cell that fails no more", "cells that fail no more"), False),
        ((f"{name}: {change}" for name, change in it.environment.items()), ("other version", "other versions"), False),
    )
    found = ((tuple(lines), what, worse) for lines, what, worse in sorts)
    return tuple(ToldDifference(counted(len(lines), *what), lines, worse) for lines, what, worse in found if lines)


def _graver(changes: Iterable[CauseChange | CellChange]) -> bool:
    """Tell whether one of them is of what must hold."""
    return any(change.level is Level.MUST for change in changes)


def _causes(changes: Iterable[CauseChange]) -> Iterator[str]:
    for change in changes:
        level = ", which only should hold" if change.level is Level.SHOULD else ""
        cells = f"{counted(change.now, 'cell')}"
        if not change.now:
            cells = f"it explained {counted(change.before, 'cell')}"
        elif change.before:
            cells = f"{counted(change.now, 'cell')}, and {exact(change.before)} before"
        yield f"{change.implementation}: {change.title}{level} ({cells})"


def _cells(changes: Iterable[CellChange]) -> Iterator[str]:
    return (f"{_place(change.cell)}: {change.before} → {change.now}" for change in changes)


def _place(cell: Cell) -> str:
    return f"{cell.implementation} {cell.property} on {cell.path}, {cell.device}, {cell.dtype}"


def sentence(difference: Difference) -> str:
    """Return in one sentence how much was compared, and what was not."""
    said = f"{counted(difference.compared, 'cell')} compared"
    if difference.unjudged:
        said += f"; {exact(difference.unjudged)} of the baseline not judged in this run"
    if not difference.power_compared:
        said += "; power is not compared where not all of it was judged again"
    return f"{said}."
