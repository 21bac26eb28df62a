"""The gate as tests: one for each property of each target on each path in each format.

``pytest --stepproof`` adds those of the nearest configuration.  In a test file the same is::

    from conformance.testing import each_cell

    @each_cell("mypkg.optim:MyAdamW", rule="adamw")
    def test_my_adamw(cell): cell.check()
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conformance.cli import sentences
from conformance.commands.gate import located
from conformance.commands.gate_cells import GateCell, cells
from conformance.commands.shown_causes import rows_of
from conformance.configuration.reading import OWN_FILE, Located, converted
from conformance.configuration.settings import OptimizerTable, SchedulerTable
from conformance.engine.safe_text import safe_text
from conformance.engine.verdict import CellResult, Level, Verdict

MARK = "stepproof"
"""The mark of the tests, and the word before their names."""


class CellFailure(Exception):  # noqa: N818 - what it tells is a verdict
    """A cell fails, or could not be judged."""


class Checked:
    """A cell that a test is given."""

    def __init__(self, cell: GateCell) -> None:
        self.cell = cell

    def __str__(self) -> str:
        return str(self.cell)

    def check(self) -> None:
        """Judge the cell and end the test as the verdict says: only a pass passes it.

        What is known to deviate, and what fails at the level ``should`` where the configuration is not ``strict``, is
        an expected failure; what does not apply or was not run is skipped.
        """
        result, strict = self.cell.judged(), self.cell.found.settings.strict
        if result is None:
            pytest.skip("it is not about such a thing")
        if result.verdict is Verdict.PASS:
            return
        if result.verdict in {Verdict.NOT_APPLICABLE, Verdict.NOT_RUN}:
            pytest.skip(f"{result.verdict}: {result.reason}")
        if result.verdict is Verdict.DEVIATION:
            pytest.xfail(f"known deviation {result.deviation}: {result.reason}")
        if result.shown is Level.SHOULD and not strict:
            pytest.xfail(f"should: {told(result)}")
        raise CellFailure(told(result))


class CellItem(pytest.Item):
    """The test of one cell."""

    def __init__(self, *, cell: GateCell, **more: Any) -> None:
        super().__init__(**more)
        self.cell = cell
        self.add_marker(MARK)
        self.extra_keyword_matches.update(cell.words)

    def runtest(self) -> None:
        """Judge the cell."""
        Checked(self.cell).check()

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Return the finding alone: the lines of the judge say nothing about it."""
        if isinstance(excinfo.value, CellFailure):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, None, str]:
        """Return the file that asks for the cell, and its name."""
        return self.cell.found.file, None, str(self.cell)


def items_of(session: pytest.Session, config: str | None) -> Iterator[CellItem]:
    """Yield the test of each cell of a configuration; raises ``UsageError`` of pytest for one that cannot be used."""
    collector = _Gate.from_parent(session, name=MARK, nodeid=MARK)
    expected: tuple[type[Exception], ...] = (*sentences(), LookupError)
    try:
        for cell in cells(located(Path(config) if config else None, ())):
            yield CellItem.from_parent(collector, name=str(cell), cell=cell)
    except expected as error:
        raise pytest.UsageError(f"stepproof: {error}") from None


class _Gate(pytest.Collector):
    """The node above all cells, which are collected with the session's other tests."""

    def collect(self) -> Iterator[pytest.Item]:
        yield from ()


def each_cell(target: str, **settings: Any) -> pytest.MarkDecorator:
    """Return the mark that gives a test each cell of a target.

    ``settings`` are keys of the configuration: those of its table, and others for all.  Raises
    ``ConfigurationError`` for one that is none.
    """
    kind = "schedulers" if "schedule" in settings else "optimizers"
    own = {name for of in (OptimizerTable, SchedulerTable) for name in of.__struct_fields__}
    general = {key: value for key, value in settings.items() if key not in own}
    table = {key: value for key, value in settings.items() if key in own}
    found = converted({**general, kind: [{"target": target, **table}]}, "each_cell()", "its arguments")
    every = [Checked(cell) for cell in cells(Located(Path.cwd() / OWN_FILE, found))]
    return pytest.mark.parametrize("cell", every, ids=str)


def told(result: CellResult) -> str:
    """Return what a cell ended as, with its smallest case and the script that shows it."""
    lines = [f"{result.verdict}: {result.cell.property}: {result.reason}"]
    for found in result.findings[:1]:
        lines += [f"{name:9} {text}" for name, text in rows_of(found, "") if text and name != "replay"]
        lines += ["", *found.script.splitlines()]
    return "\n".join(safe_text(line) for line in lines)
