"""The report as JSON, written byte for byte the same for equal reports, and its schema.

``schema_text`` is what ``schema.json`` holds.
"""

from __future__ import annotations

import dataclasses
import inspect
import json
from pathlib import Path
from typing import Any

import msgspec

from conformance.report.model import SCHEMA_NAME, SCHEMA_VERSION, Report
from conformance.report.tables import Tables, results_of, tables_of, variants_of


def json_text(report: Report) -> str:
    """Return the document on one line, with sorted keys and a final newline.

    A number that is not finite is null.
    """
    rules = tuple(dataclasses.replace(rule, variants=()) for rule in report.rules)
    head = msgspec.to_builtins(dataclasses.replace(report, results=(), rules=rules))
    for rule in head["rules"]:
        del rule["variants"]
    whole = head | msgspec.to_builtins(tables_of(report.results, report.rules))
    return msgspec.json.encode(whole, order="sorted").decode() + "\n"


def read_report(path: Path) -> Report:
    """Return the report that was written to a file; raises ``ValueError`` for a script that was changed since."""
    whole = msgspec.json.decode(path.read_bytes())
    shared = {item.name: whole.pop(item.name) for item in dataclasses.fields(Tables)}
    tables = msgspec.convert(shared, Tables)
    for rule in whole["rules"]:
        rule["variants"] = []
    report = msgspec.convert({**whole, "results": []}, Report)
    rules = zip(report.rules, variants_of(tables), strict=True)
    return dataclasses.replace(
        report,
        results=results_of(tables, path.parent),
        rules=tuple(dataclasses.replace(rule, variants=variants) for rule, variants in rules),
    )


def schema() -> dict[str, Any]:
    """Return the JSON schema of a report: every key of every object is there, and no other."""
    _, definitions = msgspec.json.schema_components((Report, Tables), ref_template="#/$defs/{name}")
    definitions["Report"]["properties"].update(definitions.pop("Tables")["properties"])
    del definitions["RuleEntry"]["properties"]["variants"]
    definitions = {name: definitions[name] for name in sorted(_used("Report", definitions))}
    for entry in definitions.values():
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
        "$ref": "#/$defs/Report",
        "$defs": definitions,
    }


def _used(name: str, definitions: dict[str, Any]) -> set[str]:
    """Return the definitions that one needs, itself included."""
    found, waiting = set[str](), [name]
    while waiting:
        found.add(next_ := waiting.pop())
        text = json.dumps(definitions[next_])
        waiting += [other for other in definitions if f'"#/$defs/{other}"' in text and other not in found]
    return found


def schema_text() -> str:
    """Return the schema as ``schema.json`` holds it."""
    return msgspec.json.format(msgspec.json.encode(schema()), indent=2).decode() + "\n"
