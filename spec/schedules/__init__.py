"""The book of schedules: one module per schedule, each with its ``FAMILY``.

``STEPPROOF_RULES`` names a folder whose ``spec/schedules`` holds schedules of your own.
"""

from __future__ import annotations

from spec.book import Book
from spec.schedule import Schedule

BOOK: Book[Schedule] = Book(__name__, own="spec/schedules")
family, named, families, names, build = BOOK.family, BOOK.named, BOOK.families, BOOK.names, BOOK.build
