"""The report as JSON, written byte for byte the same for equal reports, and its schema.

``schema_text`` is what ``schema.json`` holds.
"""

from __future__ import annotations

import inspect
from typing import Any

import msgspec

from conformance.report.finding_files import script_path
from conformance.report.model import SCHEMA_NAME, SCHEMA_VERSION, Report


def json_text(report: Report) -> str:
    """Return the document on one line, with sorted keys and a final newline.

    A number that is not finite is null.  A script stands in its file, and here where its cell is no known deviation.
    """
    whole = msgspec.to_builtins(report)
    for result in whole["results"]:
        for finding in result["findings"]:
            finding["script_file"] = script_path(finding["identifier"]) if finding["script"] else ""
            if result["deviation"]:
                finding["script"] = ""
    return msgspec.json.encode(whole, order="sorted").decode() + "\n"


def schema() -> dict[str, Any]:
    """Return the JSON schema of a report: every key of every object is there.

    Other keys are allowed: a later release of the same version may write them (docs/report-json.md).
    """
    _, definitions = msgspec.json.schema_components((Report,), ref_template="#/$defs/{name}")
    definitions["Finding"]["properties"]["script_file"] = {"type": "string"}
    for entry in definitions.values():
        if entry.get("type") == "object":
            entry.update(required=sorted(entry["properties"]))
            for part in entry["properties"].values():
                part.pop("default", None)  # none is ever left out, and releases of msgspec write different ones
        if "description" in entry:
            entry["description"] = inspect.cleandoc(entry["description"])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"{SCHEMA_NAME}-{SCHEMA_VERSION}",
        "title": "stepproof conformance report",
        "$ref": "#/$defs/Report",
        "$defs": definitions,
    }


def schema_text() -> str:
    """Return the schema as ``schema.json`` holds it."""
    return msgspec.json.format(msgspec.json.encode(schema()), indent=2).decode() + "\n"
