"""The rule book: one module per rule, each with its ``FAMILY``.

``STEPPROOF_RULES`` names a folder whose ``spec`` holds rules of your own.
"""

from __future__ import annotations

from spec.book import Book
from spec.rule import UpdateRule

BOOK: Book[UpdateRule] = Book(__name__, own="spec")
family, named, families, names, build = BOOK.family, BOOK.named, BOOK.families, BOOK.names, BOOK.build
