"""Every text of a report is safe before any view of it is written."""

from __future__ import annotations

import dataclasses
import enum
import math
from typing import Any

from conformance.engine.safe_text import LONGEST, escaped, safe_text
from conformance.engine.verdict import CellResult, Finding
from conformance.report.formula_markup import formula
from conformance.report.model import Report

LONGEST_OF_OURS = 20_000
"""Characters of a text that no code under test says, such as a command line."""
_MARKUP = frozenset({"mathml", "formula_mathml", "symbol_mathml"})
"""Formulas, which are empty where they are not written as ours are: each has its text beside it."""
_NEVER_CUT = frozenset({"case", *_MARKUP})
"""What is of no use in part."""
_IN_FILES = frozenset({"script"})
"""What no view shows: it stands in a file of its own, as it is."""


def made_safe(report: Report) -> Report:
    """Return the report, built anew, with every text escaped and what code under test said cut.

    In a finding's case a number that is not finite, since it may be the point, becomes the text ``nan``,
    ``inf`` or ``-inf``.
    """
    return Report(**_fields(report))


def _fields(record: Any) -> dict[str, Any]:
    longest = LONGEST if isinstance(record, CellResult | Finding) else LONGEST_OF_OURS
    built = {
        field.name: _built(
            getattr(record, field.name), None if field.name in _NEVER_CUT else longest, of_case=field.name == "case"
        )
        for field in dataclasses.fields(record)
        if field.name not in _IN_FILES
    }
    markup = {name: text for name, text in built.items() if name in _MARKUP and formula(text) is not None}
    as_it_is = {name: getattr(record, name) for name in _IN_FILES if hasattr(record, name)}
    return built | dict.fromkeys(_MARKUP & built.keys(), "") | markup | as_it_is


def _built(value: Any, longest: int | None, *, of_case: bool) -> Any:
    if dataclasses.is_dataclass(value):
        made: Any = type(value)
        return made(**_fields(value))
    if isinstance(value, str) and not isinstance(value, enum.Enum):
        return escaped(value) if longest is None else safe_text(value, longest)
    if isinstance(value, dict):
        return {escaped(str(name)): _built(item, longest, of_case=of_case) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)([_built(item, longest, of_case=of_case) for item in value])
    if of_case and isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value
