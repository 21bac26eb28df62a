"""The options of pytest: ``pytest --stepproof`` adds the tests of ``conformance.testing``."""

from __future__ import annotations

import pytest

MARK = "stepproof"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--stepproof`` and ``--stepproof-config``."""
    group = parser.getgroup(MARK)
    group.addoption("--stepproof", action="store_true", help="add the tests of the gate that is configured")
    group.addoption("--stepproof-config", metavar="FILE", help="its configuration (default: the nearest)")


def pytest_configure(config: pytest.Config) -> None:
    """Name the mark."""
    config.addinivalue_line("markers", f"{MARK}: a property of an optimizer or a scheduler, judged by stepproof")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Add the tests of the gate before marks and names choose among all."""
    if config.getoption("--stepproof"):
        from conformance.testing import items_of

        items.extend(items_of(session, config.getoption("--stepproof-config")))
