"""A worker that imports the optimizers that this project ships from its own tree."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from impls.session import IMPORT_FROM, Session

SOURCE = Path(__file__).parents[2] / "impls" / "production"


@pytest.fixture(scope="session")
def production_session() -> Iterator[Session]:
    """Return one worker for all tests of a process."""
    with Session(environment={IMPORT_FROM: str(SOURCE)}) as started:
        yield started
