"""What `stepproof power` measured when it was last run on all faulty classes, of which every report has a sentence."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

import msgspec

FILE = "stored_power.json"


@dataclass(frozen=True)
class StoredPower:
    """A stored measurement: its date, the version of torch, and of how many faulty classes what was said."""

    date: str
    torch: str
    faults: int
    found: int
    right: int
    other: int

    @property
    def sentence(self) -> str:
        """The measurement in a sentence that says that it is not of this run."""
        return (
            f"{self.found:,} of {self.faults:,} faulty optimizers and schedulers found, {self.right:,} named right, "
            f"{self.other:,} called something else; stored on {self.date} with torch {self.torch}, not of this run"
        )


@functools.cache
def stored_power() -> StoredPower | None:
    """Return the measurement that is shipped; nothing where there is none."""
    file = Path(__file__).with_name(FILE)
    return msgspec.json.decode(file.read_bytes(), type=StoredPower) if file.exists() else None
