"""The JSON schema of a configuration, for editors: ``schema.json`` holds it."""

from __future__ import annotations

from pathlib import Path

import msgspec

from conformance.configuration.settings import Configuration

SCHEMA = Path(__file__).with_name("schema.json")


def schema_text() -> str:
    """Return the schema as ``schema.json`` holds it."""
    _, definitions = msgspec.json.schema_components((Configuration,), ref_template="#/$defs/{name}")
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "stepproof-configuration-1",
        "title": "stepproof.toml, or [tool.stepproof] in pyproject.toml",
        "$ref": "#/$defs/Configuration",
        "$defs": definitions,
    }
    return msgspec.json.format(msgspec.json.encode(document, order="deterministic"), indent=2).decode() + "\n"
