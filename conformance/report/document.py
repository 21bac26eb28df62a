"""The report as JSON, written byte for byte the same for equal reports, and its schema.

``schema_text`` is what ``schema.json`` holds.
"""

from __future__ import annotations

import inspect
from typing import Any

import msgspec

from conformance.report.model import SCHEMA_NAME, SCHEMA_VERSION, Report


def json_text(report: Report) -> str:
    """Return the document with sorted keys, one blank of indent and a final newline.

    A number that is not finite is null.
    """
    return msgspec.json.format(msgspec.json.encode(report, order="sorted"), indent=1).decode() + "\n"


def schema() -> dict[str, Any]:
    """Return the JSON schema of a report: every key of every object is there, and no other."""
    whole = msgspec.json.schema(Report)
    for entry in whole["$defs"].values():
        if entry.get("type") == "object":
            entry.update(additionalProperties=False, required=sorted(entry["properties"]))
            for part in entry["properties"].values():
                part.pop("default", None)  # none is ever left out, and releases of msgspec write different ones
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
