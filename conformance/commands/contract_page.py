"""Writes docs/contract.md from the clauses: ``python -m conformance.commands.contract_page``."""

from __future__ import annotations

from pathlib import Path

from conformance.contract.clause import Clause
from conformance.contract.clauses import CHAPTERS, state
from conformance.optimizers.properties import COUNTING
from conformance.optimizers.property import Property

PAGE = Path(__file__).parents[2] / "docs" / "contract.md"
HEAD = """# The optimizer contract

What every implementation keeps besides its formula, through its whole life. Each clause is a property:
`stepproof check` and `stepproof report` try it on every optimizer, path and format that it concerns,
`--property IDENTIFIER` tries it alone, and for each there is an optimizer in `tests/quality/contract` that
breaks just that one. A clause that does not apply says why.

A clause **must** hold where breaking it leaves a program that is right with a result that is wrong or lost. It
**should** hold where only a mistake of the program goes unnoticed or is told badly, or where something legal is
refused by an error. What nobody promises of an implementation, as complex numbers of one that is neither torch's
nor inherits from torch's, only should hold of it. Both are judged and shown; what only should hold fails a run that
is `--strict`.

This page is written from the clauses themselves: `python -m conformance.commands.contract_page`.
"""


def page() -> str:
    """Return the page: identifier, level, sentence and source of every clause, by chapter."""
    parts = [HEAD]
    for chapter in CHAPTERS:
        items = (*chapter.CLAUSES, *(COUNTING if chapter is state else ()))
        rows = "\n".join(_row(item) for item in items)
        parts.append(f"## {chapter.TITLE}\n\n| clause | level | says | source |\n| --- | --- | --- | --- |\n{rows}\n")
    return "\n".join(parts)


def _row(clause: Clause | Property) -> str:
    cells = (f"`{clause.identifier}`", str(clause.level), clause.sentence, clause.source)
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def main() -> None:
    """Write the page."""
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page())


if __name__ == "__main__":
    main()
