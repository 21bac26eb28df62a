"""Text as the console prints it."""

from __future__ import annotations

from rich import markup

from conformance.engine.safe_text import LONGEST, safe_text


def plain(text: str, longest: int = LONGEST) -> str:
    """Return a text that rich prints as it stands: no mark-up, no control, of a few lines."""
    return markup.escape(safe_text(text, longest))
