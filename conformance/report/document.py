"""The report as JSON, written byte for byte the same for equal reports, and its schema.

``schema_text`` is what ``schema.json`` holds.
"""

from __future__ import annotations

import dataclasses
import inspect
from typing import Any

import msgspec

from conformance.engine.verdict import CellResult, Figures
from conformance.report.finding_files import script_path
from conformance.report.model import SCHEMA_NAME, SCHEMA_VERSION, Report

SPARED = {
    CellResult: ("reason", "deviation", "further", "digest", "seconds", "crash", "level", "profile"),
    Figures: tuple(field.name for field in dataclasses.fields(Figures)),
}
"""What is left out of a cell and its figures where it is what it is by default; a report has many of them."""
SHARED = {"program": ("lines", "AssignmentEntry"), "mutants": ("mutants", "MutantEntry")}
"""What the variants of a rule have in common: each has numbers, which count in a list of the rule, of such entries."""
_DEFAULTS = {
    kind: {field.name: field.default for field in dataclasses.fields(kind) if field.name in names}
    for kind, names in SPARED.items()
}


def json_text(report: Report) -> str:
    """Return the document on one line, with sorted keys and a final newline.

    A number that is not finite is null.  A script stands in its file, and here where its cell is no known deviation;
    a printed profile stands once, in ``cell_profiles``, and a cell has its key; lines and mutants that variants of a
    rule share stand once in the rule.
    """
    whole = msgspec.to_builtins(report)
    for rule in whole["rules"]:
        rule |= {own: _once(rule["variants"], name) for name, (own, _) in SHARED.items()}
    keys: dict[str, str] = {"": ""}
    for result in whole["results"]:
        for finding in result["findings"]:
            finding["script_file"] = script_path(finding["identifier"]) if finding["script"] else ""
            if result["deviation"]:
                finding["script"] = ""
        result["profile"] = keys.setdefault(result["profile"], f"profile {len(keys)}")
        _spare(result, _DEFAULTS[CellResult])
        if not result["figures"]["ratio_sample"]:
            result["figures"]["ratio_histogram"] = ()
        _spare(result["figures"], _DEFAULTS[Figures])
    whole["cell_profiles"] = {key: text for text, key in keys.items() if text}
    return msgspec.json.encode(whole, order="sorted").decode() + "\n"


def _once(variants: list[dict[str, Any]], name: str) -> list[Any]:
    """Return what variants hold under a name, each of it once, and put its place there into them."""
    places: dict[bytes, int] = {}
    for variant in variants:
        written = (msgspec.json.encode(entry, order="sorted") for entry in variant[name])
        variant[name] = [places.setdefault(text, len(places)) for text in written]
    return [msgspec.Raw(text) for text in places]


def _spare(entry: dict[str, Any], defaults: dict[str, Any]) -> None:
    for name, default in defaults.items():
        if entry[name] == default:
            del entry[name]


def schema() -> dict[str, Any]:
    """Return the JSON schema of a report: what it requires is always there.

    Other keys are allowed: a later release of the same version may write them (docs/report-json.md).
    """
    _, definitions = msgspec.json.schema_components((Report,), ref_template="#/$defs/{name}")
    definitions["Finding"]["properties"]["script_file"] = {"type": "string"}
    definitions["Report"]["properties"]["cell_profiles"] = {
        "type": "object",
        "additionalProperties": {"type": "string"},
    }
    for name, (own, entry_name) in SHARED.items():
        entries = {"type": "array", "items": {"$ref": f"#/$defs/{entry_name}"}}
        definitions["RuleEntry"]["properties"][own] = entries
        definitions["VariantEntry"]["properties"][name] = {"type": "array", "items": {"type": "integer", "minimum": 0}}
    spared = {kind.__name__: names for kind, names in SPARED.items()}
    for name, entry in definitions.items():
        if entry.get("type") == "object":
            entry.update(required=sorted(entry["properties"].keys() - spared.get(name, ())))
            for part in (part for key, part in entry["properties"].items() if key not in spared.get(name, ())):
                part.pop("default", None)  # it is never left out, and releases of msgspec write different ones
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
