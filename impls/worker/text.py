"""Text of the code under test is made fit to be sent, stored and shown."""

from __future__ import annotations

LINES = 8
CHARACTERS = 1000


def plain(text: str) -> str:
    """Characters that cannot be shown are written out: controls, escapes, lone surrogates, NUL."""
    return "".join(c if c.isprintable() or c in "\n\t" else c.encode("unicode_escape").decode() for c in text)


def cut(text: str, lines: int = LINES, characters: int = CHARACTERS) -> str:
    """The first lines, in plain text; what is left out is said with the full length."""
    kept = "\n".join(text[:characters].split("\n")[:lines])
    left_out = "" if len(kept) == len(text) else f" ... (cut: it has {len(text):,} characters)"
    return plain(kept) + left_out


def shown(value: object) -> str:
    """What a value prints as, whatever its class makes of that."""
    try:
        return cut(repr(value))
    except BaseException:  # noqa: BLE001 - the value may be of any class
        return f"({plain(type(value).__name__)}: its own __repr__ raises)"
