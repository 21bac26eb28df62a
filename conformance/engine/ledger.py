"""The ledger of known deviations, each with its reason and the smallest cases that show it.

Over ours lie those of users: the files that the environment variable ``STEPPROOF_LEDGER`` names, in the same format.
"""

from __future__ import annotations

import dataclasses
import fnmatch
import functools
import json
import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from conformance.engine.verdict import Cell
from impls.devices import HOST

Versions: TypeAlias = "str | Mapping[str, str]"
FOLDER = Path(str(files("conformance"))) / "ledger"
OPTIMIZERS, SCHEDULERS = "optimizers", "schedulers"
CHAPTERS = {"optimizer": OPTIMIZERS, "scheduler": SCHEDULERS}
"""The tables of a ledger file: what their entries speak of."""
EVERY = ("*",)
OURS = "stepproof"
"""How the ledger that comes with the suite is called; another one is called by its file."""
VARIABLE = "STEPPROOF_LEDGER"
"""Names the files of users' ledgers, as ``PATH`` names folders; judges inherit it."""
MOST_BYTES = 8_000_000
"""A file of a ledger is no larger: what is read before anything is judged has a bound."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,120}")


class LedgerError(ValueError):
    """A ledger cannot be read; the message names the file and says what is wrong and what to do."""


class Stored(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A stored case: its kind, the case as that kind writes it, and the one property that it is of, if any.

    ``subject`` says how code that no catalogue holds is found again: target, rule, options, what was told of it,
    path, device and format, or the scheduler.
    """

    kind: str
    case: dict[str, Any]
    property: str = ""
    subject: dict[str, Any] = {}


@dataclasses.dataclass(frozen=True)
class Entry:
    """A finding that is known: where it applies, why, and under which profile the rest is judged.

    The rest is judged on tensors whose number of dimensions is within ``ranks`` and with settings, by
    keyword, within ``domains``, where they are named (equal ends leave that one value); ``observed``
    names what is seen of it, as failures tell it.  Without these and ``profile`` nothing else of the cell
    can be judged.  ``cases`` are replayed first.  ``ledger`` is ``stepproof`` or the file of a user, and ``recorded``
    the versions with which that was written, on every device or on each.
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
    ledger: str = OURS
    recorded: Versions = "*"

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


def load(path: Path | None = None) -> tuple[Entry, ...]:
    """Read every layer of the ledger, or the file at ``path`` alone.

    Raises ``LedgerError`` for a file that is not there or too large, and for an entry that is malformed or whose
    identifier another one has.
    """
    if path is not None:
        return _distinct(_entries(path, OURS if path.parent == FOLDER else str(path)))
    return _layered(tuple((path, str(path.resolve()), *_state(path)) for path in users()))


def named(chapter: str) -> tuple[Entry, ...]:
    """Return the entries about optimizers, or those about schedulers."""
    return tuple(entry for entry in load() if entry.chapter == chapter)


def users() -> tuple[Path, ...]:
    """Return the files of users' ledgers, each once, as the environment variable names them."""
    given = (Path(name) for name in os.environ.get(VARIABLE, "").split(os.pathsep) if name)
    return tuple({path.resolve(): path for path in given}.values())


def recorded(library: str, version: str, device: str = HOST) -> bool:
    """Tell whether our ledger was recorded with this version of a library on a device: its entries must show there."""
    file = FOLDER / f"{library}.toml"
    return not file.is_file() or _was_with(_read(file)["recorded"], version, device)


def _was_with(versions: Versions, version: str, device: str) -> bool:
    """Tell whether ``versions`` name a version: one pattern for every device, or a pattern for each."""
    pattern = versions if isinstance(versions, str) else versions.get(device, "")
    return fnmatch.fnmatchcase(version, pattern)


def must_show(entry: Entry, cell: Cell, library: str, version: str, *, catalogued: bool) -> bool:
    """Tell whether an entry that a cell does not show fails it.

    One of ours fails what the catalogue holds, with the version that it was recorded with; one of a user's ledger
    any cell of which it speaks by name.
    """
    if entry.ledger == OURS:
        return catalogued and recorded(library, version, cell.device)
    named_ = not entry.of_everybody and entry.matches(cell, version)
    return named_ and _was_with(entry.recorded, version, cell.device)


def _state(path: Path) -> tuple[int, int]:
    """Return what changes when a file does; nothing for one that is not there."""
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_size


@functools.lru_cache(1)
def _layered(files: tuple[tuple[Path, str, int, int], ...]) -> tuple[Entry, ...]:
    """Return the entries of all layers, remembered until another file is named or one changes."""
    ours = (entry for file in sorted(FOLDER.glob("*.toml")) for entry in _entries(file, OURS))
    theirs = (entry for file, *_ in files for entry in _entries(file, str(file)))
    return _distinct((*ours, *theirs))


def _distinct(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Return the entries; raises ``LedgerError`` where two have one identifier."""
    found: dict[str, Entry] = {}
    for entry in entries:
        before = found.setdefault(entry.identifier, entry)
        if before is not entry:
            where = f"in {_called(before)} and in {_called(entry)}"
            where = f"twice in {_called(entry)}" if before.ledger == entry.ledger else where
            raise LedgerError(f"the ledger has `{entry.identifier}` {where}; give one of them another id")
    return tuple(found.values())


def _called(entry: Entry) -> str:
    return "the ledger of stepproof" if entry.ledger == OURS else f"`{entry.ledger}`"


@functools.cache
def _read(path: Path) -> Mapping[str, Any]:
    return parsed(text_of(path), path)


def text_of(path: Path) -> str:
    """Return the text of a ledger's file; raises ``LedgerError`` for one that is not there, too large or no text."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise LedgerError(f"`{path}` has more than {MOST_BYTES:,} bytes, the most that a ledger's file may have")
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise LedgerError(f"`{path}` is no text in UTF-8: {error.reason} at byte {error.start}") from None
    except OSError as error:
        raise LedgerError(f"the ledger `{path}` cannot be read: {error.strerror}; give a file that exists") from None


def parsed(text: str, path: Path) -> Mapping[str, Any]:
    """Return the tables of a ledger's file; raises ``LedgerError`` for text that is no TOML or has another table."""
    try:
        data = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise LedgerError(f"the ledger `{path}` is no TOML: {error}") from None
    for key in data.keys() - {*CHAPTERS, "recorded"}:
        raise LedgerError(f"the ledger `{path}` has a table `{key}`; known: {', '.join(CHAPTERS)}, recorded")
    versions = data.get("recorded", "")
    if not all(isinstance(one, str) for one in (versions.values() if isinstance(versions, dict) else [versions])):
        said = f"the ledger `{path}` has `recorded = {versions!r}`"
        raise LedgerError(f'{said}; give a version, as "2.13.*", or one for each device, as {{ cpu = "2.13.*" }}')
    return data


def _entries(path: Path, ledger: str) -> Iterator[Entry]:
    data = _read(path) if ledger == OURS else parsed(text_of(path), path)
    for table, chapter in CHAPTERS.items():
        items = data.get(table, [])
        if not isinstance(items, list):
            raise LedgerError(f"the ledger `{path}` has one `[{table}]`; each entry begins with [[{table}]]")
        for item in items:
            yield entry_of(item, chapter, path, ledger, data.get("recorded", "*"))


def entry_of(item: Any, chapter: str, path: Path, ledger: str, versions: Versions = "*") -> Entry:
    """Return an entry as its file has it, with its stored cases; raises ``LedgerError`` for a malformed one."""
    name = str(item.get("id", "?")) if isinstance(item, dict) else "?"
    try:
        known = msgspec.convert(item, _Written)
    except msgspec.ValidationError as error:
        keys = ", ".join(field.encode_name for field in msgspec.structs.fields(_Written))
        raise LedgerError(f"ledger entry `{name}` of `{path}`: {error}; its keys are {keys}") from None
    if not known.reason.strip():
        raise LedgerError(f"ledger entry `{name}` of `{path}` has no reason; say why it deviates")
    if not _NAME.fullmatch(name):
        raise LedgerError(f"ledger entry `{name}` of `{path}`: an id has letters, digits, dots, dashes and underscores")
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
        _stored(place_of(name, None if ledger == OURS else path)),
        ledger,
        versions,
    )


def place_of(name: str, ledger: Path | None = None) -> Path:
    """Return the file of an entry's stored cases: in our folder, or beside the file of a user's ledger."""
    folder = FOLDER / "cases" if ledger is None else ledger.with_name(f"{ledger.stem}.cases")
    return folder / f"{name}.json"


def _stored(file: Path) -> tuple[Stored, ...]:
    if not file.is_file():
        return ()
    try:
        return msgspec.json.decode(text_of(file), type=tuple[Stored, ...])
    except (msgspec.DecodeError, RecursionError) as error:
        raise LedgerError(f"`{file}` is no file of stored cases: {error}") from None


def written(cases: tuple[Stored, ...]) -> str:
    """Return the text of a file of stored cases, a line for each."""
    lines = ",\n".join(json.dumps(msgspec.to_builtins(case)) for case in cases)
    return f"[\n{lines}\n]\n"
