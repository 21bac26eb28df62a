"""The page of a gate's configuration, from its schema."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from conformance.configuration.schema import schema_text
from documentation.schema_page import type_of

PATH, SCHEMA = "reference/configuration.md", "reference/configuration.schema.json"
TITLES = {"Configuration": "The whole gate", "OptimizerTable": "An optimizer", "SchedulerTable": "A scheduler"}
"""The objects of a configuration, each with its heading."""
WHERE = {
    "Configuration": "The keys of `[tool.stepproof]` in `pyproject.toml`, or of `stepproof.toml`.",
    "OptimizerTable": "Each `[[tool.stepproof.optimizers]]`.",
    "SchedulerTable": "Each `[[tool.stepproof.schedulers]]`.",
}
HEAD = """# Configuration

What `stepproof gate` judges stands in `[tool.stepproof]` of `pyproject.toml`, or in `stepproof.toml`, whose keys have
no prefix. `stepproof init` writes it. An unknown key is an error that names the nearest. Editors read
[the schema](configuration.schema.json), from which this page is written when the site is built.
"""


def pages() -> tuple[tuple[str, str], ...]:
    """Return the page and the schema itself."""
    return (PATH, page()), (SCHEMA, schema_text())


def page() -> str:
    """Return the page: the keys of the gate, of an optimizer and of a scheduler."""
    objects: Mapping[str, Any] = json.loads(schema_text())["$defs"]
    return "\n".join((HEAD, *(_section(name, objects[name]) for name in TITLES)))


def _section(name: str, entry: Mapping[str, Any]) -> str:
    rows = (
        f"| `{key}` | {type_of(part, TITLES)} | {_default(part)} | {part.get('description', '')} |"
        for key, part in entry["properties"].items()
    )
    table = "\n".join(("| key | value | default | meaning |", "| --- | --- | --- | --- |", *rows))
    return f"## {TITLES[name]}\n\n{WHERE[name]}\n\n{table}\n"


def _default(part: Mapping[str, Any]) -> str:
    default = part.get("default")
    return f"`{json.dumps(default)}`" if default or default is False else ""
