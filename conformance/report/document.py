"""The report as JSON: written byte for byte the same for equal reports, and read back strictly.

``schema_text`` is what ``schema.json`` holds.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import msgspec

from conformance.report.model import SCHEMA_NAME, SCHEMA_VERSION, Report
from conformance.report.safety import made_safe

if TYPE_CHECKING:
    from pathlib import Path


class UnreadableReportError(ValueError):
    """A document that is not a report of this version."""


def json_text(report: Report) -> str:
    """Return the document with sorted keys, one blank of indent and a final newline.

    A number that is not finite is null.
    """
    return msgspec.json.format(msgspec.json.encode(report, order="sorted"), indent=1).decode() + "\n"


def read_report(path: Path) -> Report:
    """Return the report that a file holds; raises ``UnreadableReportError`` with the reason."""
    try:
        document = msgspec.json.decode(path.read_bytes())
    except msgspec.DecodeError as error:
        raise UnreadableReportError(f"`{path}` holds no JSON: {error}; give a report.json") from None
    head = document if isinstance(document, dict) else {}
    if head.get("schema") != SCHEMA_NAME:
        raise UnreadableReportError(
            f"`{path}` has the schema `{head.get('schema')}`, and only `{SCHEMA_NAME}` can be read; "
            "give a report.json"
        )
    if head.get("schema_version") != SCHEMA_VERSION:
        raise UnreadableReportError(
            f"`{path}` has schema_version `{head.get('schema_version')}`, and this stepproof reads "
            f"{SCHEMA_VERSION}: read it with the stepproof that wrote it, or run again"
        )
    try:
        report = made_safe(msgspec.convert(document, Report))
    except msgspec.ValidationError as error:
        raise UnreadableReportError(f"`{path}` is damaged: {error}; run again") from None
    if msgspec.json.decode(msgspec.json.encode(report)) != document:
        raise UnreadableReportError(f"`{path}` is damaged: it has keys too many or too few; run again")
    return report


def schema() -> dict[str, Any]:
    """Return the JSON schema of a report: every key of every object is there, and no other."""
    whole = msgspec.json.schema(Report)
    for entry in whole["$defs"].values():
        if entry.get("type") == "object":
            entry.update(additionalProperties=False, required=sorted(entry["properties"]))
        if "description" in entry:
            entry["description"] = inspect.cleandoc(entry["description"])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"{SCHEMA_NAME}-{SCHEMA_VERSION}",
        "title": "stepproof conformance report",
        **whole,
    }


def schema_text() -> str:
    """Return the schema as ``schema.json`` holds it."""
    return msgspec.json.format(msgspec.json.encode(schema()), indent=2).decode() + "\n"
