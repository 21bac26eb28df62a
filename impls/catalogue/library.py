"""What a library of optimizers and schedulers is to the judge."""

from __future__ import annotations

from dataclasses import dataclass

from impls.catalogue.entries import Implementation
from impls.catalogue.scheduler_entries import Scheduler


@dataclass(frozen=True)
class Library:
    """A library: its name, the module a worker must import, its package, and what it implements.

    `source` is the folder of this project that holds it, where it is our own.
    """

    name: str
    module: str
    package: str
    implementations: tuple[Implementation, ...] = ()
    schedulers: tuple[Scheduler, ...] = ()
    source: str = ""

    @property
    def requirement(self) -> str:
        """What pip is asked to install."""
        return self.source or f"'stepproof[{self.name}]'"
