"""The ledger of known deviations, each with its reason; smallest cases lie in known_cases/."""

from __future__ import annotations

import dataclasses
import fnmatch
import functools
import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from conformance.cases import Case, from_plain
from conformance.contract.case import ClauseCase
from conformance.verdict import Cell

KEYS = frozenset(
    {
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
        "observed",
        "ranks",
        "domains",
    }
)
REQUIRED = frozenset({"id", "property", "implementation", "reason"})


@dataclass(frozen=True)
class Entry:
    """A finding that is known: where it applies, why, and under which profile the rest is judged.

    The rest is judged on tensors whose number of dimensions is within ``ranks`` and with settings, by
    keyword, within ``domains``, where they are named (equal ends leave that one value); ``observed``
    names what is seen of it: in a clause its sentence, in a step of the formula ``t=STEP: QUANTITY``,
    with the switches that are on.
    Without these and ``profile`` nothing else of the cell can be judged.  ``cases`` are replayed first.
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
    cases: tuple[Case | ClauseCase, ...] = ()
    observed: tuple[str, ...] = ()
    ranks: tuple[int, int] | None = None
    domains: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    @property
    def judgeable(self) -> bool:
        """Tell whether the rest of a cell can be judged beside the deviation."""
        return bool(self.profile) or bool(self.domains) or self.ranks is not None

    @property
    def of_everybody(self) -> bool:
        """Tell whether it speaks of what everybody inherits: some code may do better."""
        return self.implementations == ("*",)

    @property
    def rest(self) -> str:
        """How the rest of a cell is judged, in words."""
        parts = [", ".join(f"{key} = {value}" for key, value in self.profile.items())]
        if self.ranks:
            parts.append(f"tensors of {self.ranks[0]} dimensions or more")
        parts += [
            f"{name} = {low:g}" if low == high else f"{name} from {low:g} to {high:g}"
            for name, (low, high) in self.domains.items()
        ]
        if self.observed:
            seen = ", ".join(f"“{name}”" for name in self.observed)
            parts.append(f"all that is not {seen} is judged as usual")
        return "; ".join(filter(None, parts)) or "nothing else of the cell"

    def with_cases(self, cases: Sequence[Case | ClauseCase]) -> Entry:
        """Return the entry with other cases."""
        return dataclasses.replace(self, cases=tuple(cases))

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

    def explains(self, told: str) -> bool:
        """Tell whether what was seen is this deviation."""
        return not self.observed or _any(told, self.observed)

    def speaks_of(self, claim: str) -> bool:
        """Tell whether the entry names a property."""
        return _any(claim, self.properties)

    @property
    def condition(self) -> str:
        """The condition in one line."""
        parts = [*self.properties, *self.paths, *self.devices, *self.dtypes, self.version]
        return ", ".join(part for part in parts if part != "*") or "always"


def _any(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


@functools.lru_cache(maxsize=8)
def load(path: Path | None = None) -> tuple[Entry, ...]:
    """Read a ledger; raises ``ValueError`` for an unknown or missing key."""
    return tuple(_entry(item) for item in _read(path).get("deviation", []))


def recorded(library: str, version: str) -> bool:
    """Tell whether the ledger was recorded with this version of a library: its entries must show there."""
    return fnmatch.fnmatchcase(version, _read(None)["recorded"].get(library, "*"))


@functools.lru_cache(maxsize=8)
def _read(path: Path | None) -> Mapping[str, Any]:
    text = path.read_text() if path else files("conformance").joinpath("ledger.toml").read_text()
    return tomllib.loads(text)


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

    stored = files("conformance").joinpath("known_cases", f"{name}.json")
    cases = json.loads(stored.read_text()) if stored.is_file() else []
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
        tuple(from_plain(case) for case in cases),
        patterns("observed") if "observed" in item else (),
        tuple(item["ranks"]) if "ranks" in item else None,
        {keyword: (low, high) for keyword, (low, high) in item.get("domains", {}).items()},
    )
