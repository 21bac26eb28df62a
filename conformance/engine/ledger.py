"""The ledger of known deviations, each with its reason and the smallest cases that show it."""

from __future__ import annotations

import dataclasses
import fnmatch
import functools
import json
import tomllib
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec

from conformance.engine.verdict import Cell

FOLDER = Path(str(files("conformance"))) / "ledger"
OPTIMIZERS, SCHEDULERS = "optimizers", "schedulers"
CHAPTERS = {"optimizer": OPTIMIZERS, "scheduler": SCHEDULERS}
"""The tables of a ledger file: what their entries speak of."""
EVERY = ("*",)


class Stored(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A stored case: its kind, the case as that kind writes it, and the one property that it is of, if any."""

    kind: str
    case: dict[str, Any]
    property: str = ""


@dataclasses.dataclass(frozen=True)
class Entry:
    """A finding that is known: where it applies, why, and under which profile the rest is judged.

    The rest is judged on tensors whose number of dimensions is within ``ranks`` and with settings, by
    keyword, within ``domains``, where they are named (equal ends leave that one value); ``observed``
    names what is seen of it, as failures tell it.  Without these and ``profile`` nothing else of the cell
    can be judged.  ``cases`` are replayed first.
    """

    identifier: str
    chapter: str
    properties: tuple[str, ...]
    implementations: tuple[str, ...]
    reason: str
    paths: tuple[str, ...] = EVERY
    devices: tuple[str, ...] = EVERY
    dtypes: tuple[str, ...] = EVERY
    version: str = "*"
    link: str = ""
    profile: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    observed: tuple[str, ...] = ()
    ranks: tuple[int, int] | None = None
    domains: Mapping[str, tuple[float, float]] = dataclasses.field(default_factory=dict)
    cases: tuple[Stored, ...] = ()

    @property
    def narrows(self) -> bool:
        """Tell whether it gives a wider profile, ranks or domains, under which the rest of a cell is judged."""
        return bool(self.profile) or bool(self.domains) or self.ranks is not None

    @property
    def of_everybody(self) -> bool:
        """Tell whether it is about the framework's base class: a subclass may have fixed it."""
        return self.implementations == EVERY

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

    def matches(self, cell: Cell, version: str) -> bool:
        """Tell whether the entry speaks of a cell judged with a version of the library."""
        return (
            _any(cell.property, self.properties)
            and _any(cell.implementation, self.implementations)
            and _any(cell.path, self.paths)
            and _any(cell.device, self.devices)
            and _any(cell.dtype, self.dtypes)
            and fnmatch.fnmatchcase(version, self.version)
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


class _Written(msgspec.Struct, forbid_unknown_fields=True, rename={"identifier": "id"}):
    """An entry as its file has it; one name may stand for a list of one."""

    identifier: str
    property: str | list[str]
    implementation: str | list[str]
    reason: str
    path: str | list[str] = "*"
    device: str | list[str] = "*"
    dtype: str | list[str] = "*"
    version: str = "*"
    link: str = ""
    profile: dict[str, Any] = {}
    observed: str | list[str] = []
    ranks: tuple[int, int] | None = None
    domains: dict[str, tuple[float, float]] = {}


def _any(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def _patterns(value: str | list[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


@functools.cache
def load(path: Path | None = None) -> tuple[Entry, ...]:
    """Read the ledger's files, or the one at ``path``; raises ``ValueError`` for a malformed entry."""
    return tuple(entry for file in _files(path) for entry in _entries(_read(file)))


def named(chapter: str) -> tuple[Entry, ...]:
    """Return the entries about optimizers, or those about schedulers."""
    return tuple(entry for entry in load() if entry.chapter == chapter)


def recorded(library: str, version: str) -> bool:
    """Tell whether the ledger was recorded with this version of a library: its entries must show there."""
    file = FOLDER / f"{library}.toml"
    wanted = _read(file)["recorded"] if file.is_file() else "*"
    return fnmatch.fnmatchcase(version, wanted)


def _files(path: Path | None) -> list[Path]:
    if path is not None:
        return [path]
    return sorted(FOLDER.glob("*.toml"))


@functools.cache
def _read(path: Path) -> Mapping[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _entries(data: Mapping[str, Any]) -> Iterator[Entry]:
    for key in data.keys() - {*CHAPTERS, "recorded"}:
        raise ValueError(f"the ledger has a table `{key}`; known: {', '.join(CHAPTERS)}, recorded")
    for table, chapter in CHAPTERS.items():
        yield from (_entry(item, chapter) for item in data.get(table, []))


def _entry(item: Mapping[str, Any], chapter: str) -> Entry:
    name = item.get("id", "?")
    try:
        known = msgspec.convert(item, _Written)
    except msgspec.ValidationError as error:
        keys = ", ".join(field.encode_name for field in msgspec.structs.fields(_Written))
        raise ValueError(f"ledger entry `{name}`: {error}; its keys are {keys}") from None
    return Entry(
        name,
        chapter,
        _patterns(known.property),
        _patterns(known.implementation),
        known.reason,
        _patterns(known.path),
        _patterns(known.device),
        _patterns(known.dtype),
        known.version,
        known.link,
        known.profile,
        _patterns(known.observed),
        known.ranks,
        known.domains,
        _stored(name),
    )


def place_of(name: str) -> Path:
    """Return the file of an entry's stored cases."""
    return FOLDER / "cases" / f"{name}.json"


def _stored(name: str) -> tuple[Stored, ...]:
    file = place_of(name)
    return msgspec.json.decode(file.read_bytes(), type=tuple[Stored, ...]) if file.is_file() else ()


def written(cases: tuple[Stored, ...]) -> str:
    """Return the text of a file of stored cases, a line for each."""
    lines = ",\n".join(json.dumps(msgspec.to_builtins(case)) for case in cases)
    return f"[\n{lines}\n]\n"
