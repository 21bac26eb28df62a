"""The users' ledgers of a command: those of the environment, and those that its options name."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from conformance.commands.usage_errors import UsageError
from conformance.engine.ledger import VARIABLE, load, users

USUAL = Path("stepproof-ledger.toml")
"""The ledger of the `ledger` commands where none is named."""


def layer(files: Sequence[Path]) -> None:
    """Lay ledgers over ours, beside those that the environment names already; judges inherit them.

    Raises ``LedgerError`` for one that cannot be read and for an identifier that two have.
    """
    named = {path.resolve(): path for path in (*users(), *files)}
    os.environ[VARIABLE] = os.pathsep.join(str(path) for path in named.values())
    load()


def chosen(given: Path | None) -> Path:
    """Return the ledger that a command is about: the one given, the only one that is named, or the usual one."""
    if given is not None:
        return given
    named = users()
    if len(named) > 1:
        raise UsageError(f"{VARIABLE} names {len(named)} ledgers; say which is meant: --ledger {named[0]}")
    return named[0] if named else USUAL


def existing(given: Path | None) -> tuple[Path, ...]:
    """Return the ledgers that a command reads: the one given, those that are named, or the usual one."""
    found = (given,) if given is not None else users() or (USUAL,)
    for path in found:
        if not path.is_file():
            raise UsageError(
                f"there is no ledger `{path}`; `stepproof ledger add FINDING --reason TEXT` begins one, "
                f"and --ledger FILE or {VARIABLE} names another"
            )
    return found
