"""What a format says of a run that its report does not hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path


@dataclass(frozen=True)
class SourcePlace:
    """A file of the code under test: its path from the occasion's root, and the SHA-256 of what it holds, in hex.

    ``line`` is that at which the step begins, as far as it is known.
    """

    path: str
    sha256: str
    line: int = 1


@dataclass(frozen=True)
class Occasion:
    """When a report is written and where its paths are read from.

    ``root`` is the folder that a reader of the formats has before him, as a rule that of a repository; ``sources``
    maps an implementation to the file in which it is written, where that is known.
    """

    date: datetime
    root: Path
    sources: Mapping[str, SourcePlace] = field(default_factory=dict)

    @property
    def timestamp(self) -> str:
        """The date in UTC, to the second."""
        return self.date.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
