"""Lists the optimizer contract: ``stepproof clauses``."""

from __future__ import annotations

from rich.console import Console

from conformance.commands.listing import table_of
from conformance.contract.clauses import CLAUSES


def list_clauses(console: Console) -> None:
    """Print every clause of the contract with its level, its sentence and its source."""
    table = table_of(("clause", "level", "says", "source"))
    for clause in CLAUSES:
        table.add_row(clause.identifier, str(clause.level), clause.sentence, clause.source)
    console.print(table)
