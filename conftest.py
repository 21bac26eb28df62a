"""Options of the tests, the workers that they share, and the libraries that are there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest

from conformance.cli import main
from impls.catalogue.torch_optimizers import CATALOGUE
from impls.devices import DEVICES, HOST
from impls.libraries import LIBRARIES
from impls.session import Session

PYTHON = os.environ.get("STEPPROOF_LIBRARIES")
"""An interpreter that has the other libraries; without it, that of the tests."""
KITS = Path("build/kits")
SECONDS_OF_A_KIT = "2"
"""The budget of each kit, which keeps it at some megabytes."""
SIGNALLED = 128
"""A status above it is that of a command that was told to end."""


def absent() -> list[str]:
    """Return the other libraries that the interpreter of the tests does not have."""
    if PYTHON:
        return []
    return [name for name, item in LIBRARIES.items() if not _installed(item.package)]


def _installed(package: str) -> bool:
    """Tell whether a distribution is there; a folder on the path of the tests is not on that of their workers."""
    try:
        distribution(package)
    except PackageNotFoundError:
        return False
    return True


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--device``, and ``--pack`` for where there is none of it."""
    parser.addoption("--device", default=HOST, choices=tuple(DEVICES))
    parser.addoption("--pack", action="store_true", help="make kits of the catalogue for the device, and judge nothing")


def pytest_cmdline_main(config: pytest.Config) -> int | None:
    """Make a kit of every optimizer of torch where that is asked for, in build/kits."""
    if not config.getoption("pack"):
        return None
    KITS.mkdir(parents=True, exist_ok=True)
    statuses = [0]
    for item in CATALOGUE:
        if max(statuses) > SIGNALLED:
            break
        kit = KITS / f"{item.identifier.replace(' ', '-')}.pyz"
        device = ["--device", config.getoption("device"), "--budget", SECONDS_OF_A_KIT]
        statuses.append(main(["pack", item.identifier, *device, "--output", str(kit)]))
    return max(statuses)


def pytest_configure(config: pytest.Config) -> None:
    """Name the marks: of tests that need another library, and of those that are asked for by their mark alone."""
    config.addinivalue_line("markers", "library(name): needs a library beside torch")
    config.addinivalue_line("markers", "thorough: asks all that a sample asks elsewhere; run by -m thorough")


def pytest_report_header() -> str:
    """Say once which libraries are absent."""
    missing = absent()
    return f"not installed, and so left out: {', '.join(missing)}" if missing else ""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what needs a library that is not installed, and what is thorough where no marks are asked for."""
    missing = set(absent())
    left_out = {item for item in items if any(m.args[0] in missing for m in item.iter_markers("library"))}
    if not config.option.markexpr:
        left_out |= {item for item in items if item.get_closest_marker("thorough")}
    config.hook.pytest_deselected(items=list(left_out))
    items[:] = [item for item in items if item not in left_out]


def pytest_sessionstart(session: pytest.Session) -> None:
    """End in plain words where the device asked for is absent."""
    device = session.config.getoption("--device")
    if device == HOST or hasattr(session.config, "workerinput"):
        return
    with Session() as worker:
        present = worker.request({"op": "hello"}).header["devices"]
    if device not in present:
        pytest.exit(DEVICES[device].absent, returncode=0)


@pytest.fixture(scope="session")
def session() -> Iterator[Session]:
    """Return one worker for all tests of a process."""
    with Session() as started:
        yield started


@pytest.fixture(scope="session")
def library_session(session: Session) -> Iterator[Session]:
    """Return one worker that can import the other libraries that are there."""
    if PYTHON is None:
        yield session
        return
    with Session(PYTHON) as started:
        yield started
