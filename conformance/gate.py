"""The gate as a Python call: what ``stepproof gate`` does, from a program of one's own.

::

    from conformance.gate import gate

    report = gate("pyproject.toml", budget=5)
    assert report.outcome == "conforms", [cause.title for cause in report.causes]
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console

from conformance.commands.gate import judged, located
from conformance.configuration.reading import ConfigurationError, Located, converted
from conformance.report.gates import weighed
from conformance.report.model import Report

__all__ = ["ConfigurationError", "Report", "gate"]


def gate(
    config: Path | str | None = None, targets: Sequence[str] = (), *, quiet: bool = True, **settings: Any
) -> Report:
    """Judge what a configuration names and write its report; returns the report.

    ``config`` is a file, else the nearest one counts; ``targets`` are names that it has, or ``module:Class``;
    ``settings`` stand for keys of the file, such as ``budget`` (seconds) or ``dtypes``.  While it runs the process
    works in the folder of the file.  Raises ``ConfigurationError`` for what is no configuration, and where
    nothing could be judged.
    """
    found = located(Path(config) if config is not None else None, targets)
    if settings:
        table = {**msgspec.to_builtins(found.settings), **settings}
        found = Located(found.file, converted(table, "gate()", "its arguments"))
    printed = io.StringIO()
    report, _ = judged(found, Console(file=printed) if quiet else Console())
    if report is None:
        raise ConfigurationError(f"nothing could be judged: {' '.join(printed.getvalue().split())}")
    return weighed(report)
