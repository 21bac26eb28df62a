"""Writes the configuration of a gate as TOML, for people to read and change."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

BARE = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True)
class Proposal:
    """One table that is proposed, and why: each line of ``remarks`` becomes a comment.

    Where nobody knows what it claims the table leaves that open.
    """

    kind: str
    target: str
    claims: str
    options: Mapping[str, str] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()


def written(
    proposals: Iterable[Proposal], *, nested: bool, general: Mapping[str, object], remarks: Iterable[str]
) -> str:
    """Return the text of a configuration; it is ``nested`` in a project's file below ``tool.stepproof``."""
    prefix = "tool.stepproof." if nested else ""
    lines = ["[tool.stepproof]"] if nested else []
    lines += [f"# {_comment(remark)}" for remark in remarks]
    lines += [f"{_key(key)} = {value(item)}" for key, item in general.items()]
    for one in proposals:
        table = f"{one.kind}s"
        lines += ["", *(f"# {_comment(remark)}" for remark in one.remarks), f"[[{prefix}{table}]]"]
        lines.append(f"target = {value(one.target)}")
        key = "rule" if one.kind == "optimizer" else "schedule"
        lines.append(f"{key} = {value(one.claims)}" if one.claims else f"# {key} = ")
        if one.options:
            lines.append(f"options = {value(dict(one.options))}")
    return "\n".join(lines) + "\n"


def value(item: object) -> str:
    """Return a value as TOML writes it."""
    if isinstance(item, Mapping):
        inner = ", ".join(f"{_key(str(key))} = {value(one)}" for key, one in item.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(item, list | tuple):
        return f"[{', '.join(map(value, item))}]"
    return json.dumps(item, ensure_ascii=True)


def _key(name: str) -> str:
    return name if BARE.fullmatch(name) else json.dumps(name)


def _comment(text: str) -> str:
    """Return a line of a comment, without what would end it or may not stand in one."""
    return "".join(sign if sign.isprintable() else " " for sign in text)
