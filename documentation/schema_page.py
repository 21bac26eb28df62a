"""The page of the objects of the report's JSON, from its schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from conformance.report.document import schema, schema_text
from conformance.report.model import SCHEMA_VERSION

PATH, SCHEMA = "reference/report-objects.md", "reference/schema.json"
HEAD = f"""# The objects of the report

The schema of `report.json`, version {SCHEMA_VERSION}, is [schema.json](schema.json); this page is written from it when
the site is built. What may change of it, and what not, [is promised](../report-json.md).
"""


def pages() -> tuple[tuple[str, str], ...]:
    """Return the page and the schema itself."""
    return (PATH, page()), (SCHEMA, schema_text())


def page() -> str:
    """Return the page: a table of keys for every object, the report first."""
    objects: Mapping[str, Any] = schema()["$defs"]
    return "\n".join((HEAD, *(_section(name, objects[name]) for name in sorted(objects, key=_report_first))))


def _report_first(name: str) -> tuple[bool, str]:
    return name != "Report", name


def _section(name: str, entry: Mapping[str, Any]) -> str:
    said = f"{entry['description']}\n\n" if entry.get("description") else ""
    if "enum" in entry:
        return f"## {name}\n\n{said}One of {', '.join(f'`{value}`' for value in entry['enum'])}.\n"
    rows = (f"| `{key}` | {type_of(part)} |" for key, part in sorted(entry.get("properties", {}).items()))
    table = "\n".join(("| key | value |", "| --- | --- |", *rows))
    return f"## {name}\n\n{said}{table}\n"


def type_of(part: Mapping[str, Any], titles: Mapping[str, str] | None = None) -> str:
    """Return what a value is, in words; ``titles`` are the headings of objects that have another than their name."""

    def inside(each: Mapping[str, Any]) -> str:
        return type_of(each, titles)

    if "$ref" in part:
        name = part["$ref"].rpartition("/")[2]
        title = (titles or {}).get(name, name)
        return f"[{title}](#{title.lower().replace(' ', '-')})"
    if "anyOf" in part:
        return " or ".join(map(inside, part["anyOf"]))
    if "enum" in part:
        return "one of " + ", ".join(f"`{value}`" for value in part["enum"])
    if part.get("type") == "array":
        items = part.get("items") or (part.get("prefixItems") or [{}])[0]
        return f"list of {inside(items)}" if items else "list"
    if part.get("type") == "object":
        values = part.get("additionalProperties")
        return f"object of {inside(values)}" if isinstance(values, Mapping) and values else "object"
    return str(part.get("type", "anything"))
