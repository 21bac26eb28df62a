"""Text of the code under test is made fit to be sent, stored and shown."""

from __future__ import annotations

from typing import Any

LINES = 8
CHARACTERS = 1000


def plain(text: str) -> str:
    """Characters that cannot be shown are written out: controls, escapes, lone surrogates, NUL."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in "\n\t" else c.encode("unicode_escape").decode() for c in text)


def in_plain_text(value: Any) -> Any:
    """The same value with every text in it, at any depth, in plain text."""
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, dict):
        return {in_plain_text(key): in_plain_text(item) for key, item in value.items()}
    return [in_plain_text(item) for item in value] if isinstance(value, (list, tuple)) else value


def cut(text: str, lines: int = LINES, characters: int = CHARACTERS) -> str:
    """The first lines; what is left out is said with the full length."""
    kept = "\n".join(text[:characters].split("\n")[:lines])
    return kept if len(kept) == len(text) else f"{kept} ... (cut: it has {len(text):,} characters)"


def shown(value: object) -> str:
    """What a value prints as, whatever its class makes of that."""
    try:
        return cut(repr(value))
    except BaseException:  # noqa: BLE001 - the value may be of any class
        return f"({type(value).__name__}: its own __repr__ raises)"
