"""Options of the tests: the device on which the catalogue is judged."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--device``."""
    parser.addoption("--device", default="cpu", choices=("cpu", "cuda"))


def pytest_sessionstart(session: pytest.Session) -> None:
    """End in plain words where the device asked for is absent."""
    if session.config.getoption("--device") != "cuda" or hasattr(session.config, "workerinput"):
        return
    from impls.session import Session

    with Session() as worker:
        devices = worker.request({"op": "hello"}).header["devices"]
    if "cuda" not in devices:
        pytest.exit("not run: no CUDA device", returncode=0)
