"""Finds and reads the configuration of a gate."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import msgspec

from conformance.configuration.settings import (
    Configuration,
    FileFormat,
    Format,
    Level,
    OptimizerTable,
    SchedulerTable,
    Table,
)

TABLE = "tool.stepproof"
OWN_FILE, PROJECT_FILE = "stepproof.toml", "pyproject.toml"
LEGAL: Mapping[str, tuple[str, ...]] = {
    "dtypes": get_args(Format),
    "levels": get_args(Level),
    "formats": get_args(FileFormat),
}
LARGEST = 1 << 20
"""Bytes of a configuration that are read at most."""


class ConfigurationError(Exception):
    """The configuration of a gate cannot be used; the message says why and what to do."""


@dataclass(frozen=True)
class Located:
    """A configuration, and the file that holds it: its paths are meant from the folder of that file."""

    file: Path
    settings: Configuration


def find(start: Path) -> Path | None:
    """Return the nearest file, in a folder or above it, that configures a gate."""
    for folder in (start, *start.parents):
        own, project = folder / OWN_FILE, folder / PROJECT_FILE
        if own.is_file():
            return own
        if project.is_file() and _table(_parsed(project), project) is not None:
            return project
    return None


def read(file: Path) -> Located:
    """Return what a file configures; raises ``ConfigurationError`` for what it may not say."""
    table = _table(_parsed(file), file)
    if table is None:
        raise ConfigurationError(f"{file} has no table [{TABLE}]; `stepproof init` writes one")
    return Located(file, converted(table, str(file), f"[{TABLE}]" if file.name == PROJECT_FILE else "the top level"))


def converted(table: Mapping[str, Any], source: str, place: str) -> Configuration:
    """Return a table as settings; raises ``ConfigurationError`` for an unknown key or a value that may not be."""
    for problem in _unknown(table, place):
        raise ConfigurationError(f"{source}: {problem}")
    try:
        settings = msgspec.convert(table, Configuration)
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"{source}: {_told(error, table)}") from None
    _named_once(settings, source)
    return settings


def _parsed(file: Path) -> Mapping[str, Any]:
    try:
        if file.stat().st_size > LARGEST:
            raise ConfigurationError(f"{file} has more than {LARGEST:,} bytes; a configuration is smaller")
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be read: {error.strerror}; give another with --config") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file} is no TOML: {error}") from None


def _table(parsed: Mapping[str, Any], file: Path) -> Mapping[str, Any] | None:
    """Return the part of a file that is ours; a file of another name holds nothing else."""
    if file.name != PROJECT_FILE:
        return parsed
    tool = parsed.get("tool")
    table = tool.get("stepproof") if isinstance(tool, dict) else None
    return table if isinstance(table, dict) else None


def _unknown(table: Mapping[str, Any], place: str) -> Iterator[str]:
    """Yield a sentence for each key that is none, with the nearest that is one."""
    yield from _unknown_of(table, Configuration, place)
    for key, of in (("optimizers", OptimizerTable), ("schedulers", SchedulerTable)):
        items = table.get(key, ())
        for number, item in enumerate(items if isinstance(items, list) else (), 1):
            if isinstance(item, dict):
                yield from _unknown_of(item, of, f"{key} {number} ({item.get('target', 'without a target')})")


def _unknown_of(table: Mapping[str, Any], of: type[msgspec.Struct], place: str) -> Iterator[str]:
    known = [field.encode_name for field in msgspec.structs.fields(of)]
    for key in table:
        if key not in known:
            close = difflib.get_close_matches(key, known, n=1, cutoff=0.4)
            hint = f"did you mean `{close[0]}`?" if close else f"known: {', '.join(known)}"
            yield f"{place} has no key `{key}`; {hint}"


def _told(error: msgspec.ValidationError, table: Mapping[str, Any]) -> str:
    """Return what is wrong, with the value given."""
    said, _, where = str(error).partition(" - at `$")
    value: Any = table
    for part in where.rstrip("`").replace("[", ".").replace("]", "").strip(".").split("."):
        try:
            value = value[int(part)] if isinstance(value, list) else value[part]
        except (KeyError, IndexError, ValueError, TypeError):
            return f"{where.strip('.`') or 'the table'}: {said}"
    legal = next((values for key, values in LEGAL.items() if f".{key}[" in where), ())
    hint = f"; give one of {', '.join(legal)}" if legal else ""
    hint += "; formats of numbers are the key `dtypes`" if value in LEGAL["dtypes"] else ""
    return f"`{where.strip('.`')} = {value!r}`: {said[:1].lower()}{said[1:]}{hint}"


def _named_once(settings: Configuration, source: str) -> None:
    """Raise for two that the report could not tell apart."""
    seen: set[tuple[str, ...]] = set()
    for item in entries(settings):
        claims = (item.schedule, *map(str, item.options.items())) if isinstance(item, SchedulerTable) else ()
        if (item.called, *claims) in seen:
            more = "leave one out" if claims else "give one of them a `name` of its own"
            raise ConfigurationError(f"{source}: `{item.called}` stands there twice; {more}")
        seen.add((item.called, *claims))


def entries(settings: Configuration) -> tuple[Table, ...]:
    """Return all that a gate judges."""
    return (*settings.optimizers, *settings.schedulers)
