"""Documentation: what it states of the defaults, held against the signature."""

from __future__ import annotations

import ast
import inspect
import re
from typing import TYPE_CHECKING, Any

from .harness import Observation, Trial, condition

if TYPE_CHECKING:
    from collections.abc import Iterator

ENTRY = re.compile(r"^\s*(?::param\s+)?(\w+)(?:\s*\(.*?\))?\s*:")
STATED = re.compile(r"\(default:\s*(.*)$")


def defaults(trial: Trial) -> Iterator[Observation]:
    """A setting's default in the signature is the one that its documentation states."""
    keywords = inspect.signature(trial.make).parameters
    for keyword, value in stated(trial.make).items():
        got = keywords[keyword].default
        yield condition(f"the default of {keyword}", same_setting(got, value), got, value)


def stated(make: Any) -> dict[str, Any]:
    """What the documentation states as `(default: value)`, by keyword, where the value is a literal."""
    keywords = inspect.signature(make).parameters
    found: dict[str, Any] = {}
    current = ""
    for line in f"{inspect.getdoc(make) or ''}\n{inspect.getdoc(make.__init__) or ''}".splitlines():
        entry = ENTRY.match(line)
        if entry and entry[1] in keywords:
            current = entry[1]
        said = STATED.search(line)
        if current and said and current not in found:
            found.update((current, value) for value in literal(said[1]))
        current = current if line.strip() else ""
    return found


def literal(text: str) -> list[Any]:
    """The literal with which a text begins, if nothing follows in its parenthesis: none, or one."""
    text = text.lstrip("`")
    for end in range(len(text), 0, -1):
        try:
            value = ast.literal_eval(text[:end])
        except (ValueError, SyntaxError):
            continue
        return [value] if text[end:].lstrip("` ").startswith(")") else []
    return []


def same_setting(one: Any, other: Any) -> bool:
    """A tuple and a list of the same numbers are the same setting."""
    several = isinstance(one, (list, tuple)) and isinstance(other, (list, tuple))
    return bool(list(one) == list(other) if several else one == other)
