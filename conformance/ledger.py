"""The ledger of known deviations: each with its condition, reason, link and smallest case."""

from __future__ import annotations

import fnmatch
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from conformance.cases import Case, from_plain
from conformance.verdict import Cell

KEYS = frozenset(
    [
        "id",
        "property",
        "implementation",
        "path",
        "device",
        "dtype",
        "version",
        "reason",
        "link",
        "profile",
        "case",
    ]
)
REQUIRED = frozenset({"id", "property", "implementation", "reason"})


@dataclass(frozen=True)
class Entry:
    """A finding that is known: where it applies, why, and under which profile the rest is judged.

    Without ``profile`` nothing else of the cell can be judged.  ``case`` is replayed first.
    """

    identifier: str
    properties: tuple[str, ...]
    implementations: tuple[str, ...]
    paths: tuple[str, ...]
    devices: tuple[str, ...]
    dtypes: tuple[str, ...]
    version: str
    reason: str
    link: str
    profile: Mapping[str, Any] = field(default_factory=dict)
    case: Case | None = None

    def matches(self, cell: Cell, framework: str) -> bool:
        """Tell whether the entry speaks of a cell judged with a version of the framework."""
        return (
            _any(cell.property, self.properties)
            and _any(cell.implementation, self.implementations)
            and _any(cell.path, self.paths)
            and _any(cell.device, self.devices)
            and _any(cell.dtype, self.dtypes)
            and fnmatch.fnmatchcase(framework, self.version)
        )

    @property
    def condition(self) -> str:
        """The condition in one line."""
        parts = [*self.properties, *self.paths, *self.devices, *self.dtypes, self.version]
        return ", ".join(part for part in parts if part != "*") or "always"


def _any(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def load(path: Path | None = None) -> tuple[Entry, ...]:
    """Read a ledger; raises ``ValueError`` for an unknown or missing key."""
    text = path.read_text() if path else files("conformance").joinpath("ledger.toml").read_text()
    return tuple(_entry(item) for item in tomllib.loads(text).get("deviation", []))


def _entry(item: Mapping[str, Any]) -> Entry:
    name = item.get("id", "?")
    for key in item.keys() - KEYS:
        known = ", ".join(sorted(KEYS))
        raise ValueError(f"ledger entry `{name}` has an unknown key `{key}`; known: {known}")
    for key in REQUIRED - item.keys():
        raise ValueError(f"ledger entry `{name}` lacks `{key}`; add it")

    def patterns(key: str) -> tuple[str, ...]:
        value = item.get(key, "*")
        return (value,) if isinstance(value, str) else tuple(value)

    case = from_plain(json.loads(item["case"])) if "case" in item else None
    return Entry(
        name,
        patterns("property"),
        patterns("implementation"),
        patterns("path"),
        patterns("device"),
        patterns("dtype"),
        item.get("version", "*"),
        item["reason"],
        item.get("link", ""),
        item.get("profile", {}),
        case,
    )
