"""The report as JSON: written byte for byte the same for equal reports, and read back strictly."""

from __future__ import annotations

import dataclasses
import enum
import json
import math
import types
import typing
from typing import TYPE_CHECKING, Any

from conformance.report.model import SCHEMA_NAME, SCHEMA_VERSION, Report
from conformance.report.writing import write_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class UnreadableReportError(ValueError):
    """A document that is not a report of this version."""


def to_document(report: Report) -> dict[str, Any]:
    """A report is a tree of JSON values; a float that is not finite becomes null.

    In a finding's case it becomes the text ``nan``, ``inf`` or ``-inf``: there it may be the point.
    """
    document = _encoded(report)
    assert isinstance(document, dict)
    return document


def json_text(report: Report) -> str:
    """The document with sorted keys, one blank of indent and a final newline."""
    document = to_document(report)
    return json.dumps(document, sort_keys=True, indent=1, allow_nan=False) + "\n"


def write_json(report: Report, path: Path) -> None:
    """The JSON file appears whole or not at all."""
    write_text(path, json_text(report))


def read_json(path: Path) -> Report:
    """The report that a file holds."""
    document = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(document, dict):
        raise UnreadableReportError(f"`{path}` holds no report: its top level is no object.")
    return from_document(document)


def from_document(document: Mapping[str, Any]) -> Report:
    """A document of this schema and version is a report; any other is refused with a reason."""
    schema, version = document.get("schema"), document.get("schema_version")
    if schema != SCHEMA_NAME:
        raise UnreadableReportError(f"The document's schema is `{schema}`; only `{SCHEMA_NAME}` can be read.")
    if type(version) is not int or version != SCHEMA_VERSION:
        raise UnreadableReportError(
            f"The document has schema_version `{version}`, and this stepproof reads "
            f"{SCHEMA_VERSION}: read it with the stepproof that wrote it, or run again."
        )
    report = _decoded(Report, document, "report")
    assert isinstance(report, Report)
    return report


def _encoded(value: Any, *, of_case: bool = False) -> Any:
    if dataclasses.is_dataclass(value):
        return {
            item.name: _encoded(getattr(value, item.name), of_case=of_case or item.name == "case")
            for item in dataclasses.fields(value)
        }
    if isinstance(value, dict):
        return {str(name): _encoded(item, of_case=of_case) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_encoded(item, of_case=of_case) for item in value]
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, float) and not math.isfinite(value):
        return str(value) if of_case else None
    if value is None or isinstance(value, str | int | float):
        return value
    raise TypeError(f"A report holds no {type(value).__name__}, but `{value!r}` is one.")


def _decoded(kind: Any, value: Any, place: str) -> Any:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if kind is Any:
        return value
    if origin in {types.UnionType, typing.Union}:
        return None if value is None else _decoded(arguments[0], value, place)
    if dataclasses.is_dataclass(kind):
        return _decoded_fields(kind, value, place)
    if origin is tuple:
        return _decoded_tuple(arguments, value, place)
    if origin is list:
        _expect(list, value, place)
        return [_decoded(arguments[0], item, f"{place}[{i}]") for i, item in enumerate(value)]
    if origin is dict:
        _expect(dict, value, place)
        return {k: _decoded(arguments[1], item, f"{place}.{k}") for k, item in value.items()}
    return _decoded_leaf(kind, value, place)


def _decoded_fields(kind: Any, value: Any, place: str) -> Any:
    _expect(dict, value, place)
    hints = typing.get_type_hints(kind)
    if unknown := sorted(value.keys() - hints.keys()):
        raise UnreadableReportError(f"{place} has a key that is not known: `{unknown[0]}`.")
    if missing := sorted(hints.keys() - value.keys()):
        raise UnreadableReportError(f"{place} lacks the key `{missing[0]}`.")
    return kind(**{name: _decoded(hint, value[name], f"{place}.{name}") for name, hint in hints.items()})


def _decoded_tuple(arguments: tuple[Any, ...], value: Any, place: str) -> tuple[Any, ...]:
    _expect(list, value, place)
    if arguments[-1] is Ellipsis:
        arguments = (arguments[0],) * len(value)
    if len(arguments) != len(value):
        raise UnreadableReportError(f"{place} has {len(value)} entries, not {len(arguments)}.")
    pairs = zip(arguments, value, strict=True)
    return tuple(_decoded(kind, item, f"{place}[{i}]") for i, (kind, item) in enumerate(pairs))


def _decoded_leaf(kind: Any, value: Any, place: str) -> Any:
    if issubclass(kind, enum.Enum):
        if value not in {member.value for member in kind}:
            raise UnreadableReportError(f"{place} is `{value}`, which is no {kind.__name__}.")
        return kind(value)
    if kind is float and type(value) is int:
        return float(value)
    _expect(kind, value, place)
    return value


def _expect(kind: type, value: Any, place: str) -> None:
    if type(value) is not kind:
        found = type(value).__name__
        raise UnreadableReportError(f"{place} is a {found}, where a {kind.__name__} is expected.")
