"""What an installed package says that its optimizers and schedulers claim, under an entry point of its own.

Its name stands for a list of tables, or a function without arguments that returns it: what a configuration
has as ``[[optimizers]]`` and ``[[schedulers]]``, in plain data.
"""

from __future__ import annotations

import json
import re
from importlib.metadata import distributions
from typing import Any

from .failures import phase

GROUP = "stepproof.claims"


def shipped(header: dict[str, Any], _buffers: list[memoryview]) -> tuple[dict[str, Any], list[bytes]]:
    """The tables of a package come as JSON has them; none where it ships none."""
    tables: list[Any] = []
    with phase("import"):
        for point in points_of(header["package"]):
            found = point.load()
            tables += found() if callable(found) else found
        return {"tables": json.loads(json.dumps(tables))}, []


def points_of(package: str) -> list[Any]:
    """The entry points under which a package ships claims."""
    found = [one for one in distributions() if plain(one.metadata["Name"] or "") == plain(package)]
    return [point for one in found[:1] for point in one.entry_points if point.group == GROUP]


def plain(name: str) -> str:
    """The name of a package as every tool compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()
