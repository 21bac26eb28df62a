"""Cells are told by what they share."""

from __future__ import annotations

from itertools import product

from conformance.engine.verdict import Cell
from conformance.report.gathered import CellsAlike, gathered


def named(line: CellsAlike) -> list[Cell]:
    """Return the cells that a line names."""
    parts = (line.implementations, line.paths, line.devices, line.dtypes, line.properties)
    return [Cell(*names) for names in product(*parts)]


def test_every_combination_is_one_line() -> None:
    """Two optimizers on two paths in two formats with three properties are told at once."""
    every = [Cell(*names) for names in product("AB", ("fused", "foreach"), ("cpu",), ("float32", "float64"), "xyz")]
    (line,) = gathered(every)
    assert sorted(map(str, named(line))) == sorted(map(str, every))


def test_each_cell_is_named_once_and_no_other() -> None:
    """Where one combination is missing no line names it."""
    every = [Cell(*names) for names in product("AB", ("fused", "foreach"), ("cpu",), ("float32", "float64"), "xyz")]
    left = [cell for place, cell in enumerate(every) if place not in {3, 17}]
    lines = gathered(left)
    assert sorted(str(cell) for line in lines for cell in named(line)) == sorted(map(str, left))
    assert len(lines) < len(left) / 2
