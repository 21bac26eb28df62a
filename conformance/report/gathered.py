"""Cells by what they share: a line names every combination of its implementations, paths, formats and properties."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conformance.engine.verdict import Cell

Names = tuple[str, ...]


@dataclass(frozen=True)
class CellsAlike:
    """Cells that are every combination of these names."""

    implementations: Names
    paths: Names
    devices: Names
    dtypes: Names
    properties: Names

    def beside(self, axis: str) -> CellsAlike:
        """Return it without the names of one axis."""
        return replace(self, **{axis: ()})


MERGED = ("properties", "dtypes", "devices", "paths", "implementations")
"""The axes in the order in which what differs in one alone becomes one."""


def gathered(cells: Iterable[Cell]) -> list[CellsAlike]:
    """Return lines that name each cell once, in the order in which the first of each comes."""
    lines = [CellsAlike((c.implementation,), (c.path,), (c.device,), (c.dtype,), (c.property,)) for c in cells]
    for axis in MERGED:
        alike: dict[CellsAlike, list[str]] = {}
        for line in lines:
            alike.setdefault(line.beside(axis), []).extend(getattr(line, axis))
        lines = [replace(rest, **{axis: tuple(names)}) for rest, names in alike.items()]
    return lines
