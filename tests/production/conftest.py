"""A worker that imports the optimizers that this project ships from its own tree."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from stepproof_optim.engine import kernel

from impls.session import IMPORT_FROM, Session

SOURCE = Path(__file__).parents[2] / "impls" / "production"


@pytest.fixture(scope="session", autouse=True)
def compiled_steps(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What these tests compile is kept in a folder of their own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(kernel.CACHE, str(tmp_path_factory.mktemp("steps")))
        kernel.folder.cache_clear()
        yield
    kernel.folder.cache_clear()


@pytest.fixture(scope="session")
def production_session() -> Iterator[Session]:
    """Return one worker for all tests of a process."""
    with Session(environment={IMPORT_FROM: str(SOURCE)}) as started:
        yield started
