"""What code under test says is shown as text: no control reaches a terminal, and none of it is endless."""

from __future__ import annotations

import re

LONGEST = 1000
"""Characters of a message; of a longer one the length is said."""
MOST_LINES = 20
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # controls, but for tab and newline
    "\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"  # line separators, and what turns the direction of text
    "\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"  # lone surrogates and what is no character
)


def escaped(text: str) -> str:
    """Return the text with everything that is no visible character written as Python writes it."""
    return _UNSAFE.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def safe_text(text: str, longest: int = LONGEST) -> str:
    """Return the text escaped and cut to a few lines; what is safe already is returned as it is."""
    lines = text[: longest + 1].split("\n", MOST_LINES)
    shown = escaped("\n".join(lines[:MOST_LINES]))
    if len(lines) <= MOST_LINES and len(shown) <= longest:
        return shown
    tail = f"… ({len(text):,} characters)"
    return shown[: longest - len(tail)] + tail
