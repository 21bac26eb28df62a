"""Edits the text of a ledger's file: all that an edit is not about stays as it is, byte for byte."""

from __future__ import annotations

import copy
import itertools
import json
import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from conformance.engine.ledger import CHAPTERS, LedgerError, parsed

_HEADER = re.compile(rf"[ \t]*\[\[[ \t]*({'|'.join(CHAPTERS)})[ \t]*\]\][ \t]*(#.*)?\r?\n?")
_ASIDE = re.compile(r"[ \t]*(#.*)?\r?\n?")
_ESCAPED = re.compile("[\x7f\ud800-\udfff]")


def appended(text: str, table: str, fields: Mapping[str, str | list[str]]) -> str:
    """Return the text with one more entry at its end; a field that is empty is left out."""
    end = "\r\n" if "\r\n" in text else "\n"
    lines = [f"[[{table}]]", *(f"{name} = {_value(value)}" for name, value in fields.items() if value)]
    gap = "" if not text else end if text.endswith("\n") else end + end
    return text + gap + end.join(lines) + end


def _value(value: str | list[str]) -> str:
    """Return a string, or a list of them, as TOML writes it."""
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    return _ESCAPED.sub(lambda match: f"\\u{_character(match[0]):04x}", json.dumps(value, ensure_ascii=False))


def _character(text: str) -> int:
    """Return the code of a character; what UTF-8 cannot hold is the replacement character."""
    return 0x7F if text == "\x7f" else 0xFFFD


def cut(text: str, identifiers: Collection[str], path: Path) -> str:
    """Return the text without the entries of these names.

    An entry ends with its last line; comments above it stay.  Raises ``LedgerError`` where an entry is not written
    as a table of its own: a cut is made only if reading the rest gives all the other entries, and nothing else.
    """
    before = parsed(text, path)
    lines = text.splitlines(keepends=True)
    blocks = list(_blocks(lines))
    left_out: set[int] = set()
    for table in CHAPTERS:
        entries = before.get(table, [])
        mine = [block for name, block in blocks if name == table]
        if len(mine) != len(entries):
            continue
        for entry, block in zip(entries, mine, strict=True):
            if entry.get("id") in identifiers:
                left_out |= set(block)
    after = "".join(line for number, line in enumerate(lines) if number not in left_out)
    if _parsed(after) != _without(before, identifiers):
        names = ", ".join(sorted(identifiers))
        raise LedgerError(f"`{path}` is written in a way that cannot be edited in place; remove by hand: {names}")
    return after


def _blocks(lines: list[str]) -> Iterator[tuple[str, range]]:
    """Yield the table and the lines of each entry, with the empty lines after it and no comment of the next one."""
    starts = [number for number, line in enumerate(lines) if _is_header(lines, number, line)]
    for start, end in itertools.pairwise([*starts, len(lines)]):
        last = max(n for n in range(start, end) if n == start or not _ASIDE.fullmatch(lines[n]))
        after = last + 1
        while after < end and not lines[after].strip():
            after += 1
        header = _HEADER.fullmatch(lines[start])
        if header is not None:
            yield header[1], range(start, after)


def _is_header(lines: list[str], number: int, line: str) -> bool:
    """Tell whether a line begins an entry: it looks like it, and what stands above it is a whole document."""
    return _HEADER.fullmatch(line) is not None and _parsed("".join(lines[:number])) is not None


def _parsed(text: str) -> dict[str, Any] | None:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return None


def _without(data: Mapping[str, Any], identifiers: Collection[str]) -> dict[str, Any]:
    left = copy.deepcopy(dict(data))
    for table in CHAPTERS.keys() & left.keys():
        left[table] = [entry for entry in left[table] if entry.get("id") not in identifiers]
        if not left[table]:
            del left[table]
    return left
