"""Writes docs/contract.md from the clauses: ``python -m conformance.contract.document``."""

from __future__ import annotations

from pathlib import Path

from conformance.contract.clause import Clause
from conformance.contract.clauses import CONTRACT
from conformance.properties import Property

PAGE = Path(__file__).parents[2] / "docs" / "contract.md"
HEAD = """# The optimizer contract

What every implementation keeps besides its formula, through its whole life. Each clause is a property:
`stepproof check` and `stepproof report` try it on every optimizer, path and format that it concerns,
`--property IDENTIFIER` tries it alone, and for each there is an optimizer in `tests/quality/contract` that
breaks just that one. A clause that does not apply says why.

This page is written from the clauses themselves: `python -m conformance.contract.document`.
"""
TITLES = {
    "elements": "Elements",
    "layout": "Memory layout",
    "gradients": "Gradients",
    "hyperparameters": "Hyperparameters",
    "groups": "Groups",
    "state": "State",
    "scaling": "Scaling",
    "whole": "The whole",
    "distributed": "Distributed",
    "life": "A whole life",
    "search": "Searches, which call the function themselves",
}


def page() -> str:
    """Return the page: identifier, sentence and source of every clause, by chapter."""
    parts = [HEAD]
    for chapter, title in TITLES.items():
        rows = "\n".join(_row(item) for item in CONTRACT if item.identifier.startswith(f"{chapter}/"))
        parts.append(f"## {title}\n\n| clause | says | source |\n| --- | --- | --- |\n{rows}\n")
    return "\n".join(parts)


def _row(clause: Clause | Property) -> str:
    cells = (f"`{clause.identifier}`", clause.sentence, clause.source)
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def main() -> None:
    """Write the page."""
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page())


if __name__ == "__main__":
    main()
