"""The case of a clause: switches, settings and the arguments of one experiment, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class ClauseCase:
    """One run of an experiment; settings are hyperparameters by the name of their symbol."""

    switches: tuple[str, ...]
    settings: Mapping[str, float]
    arguments: Mapping[str, Any] = field(default_factory=dict)

    @property
    def steps(self) -> int:
        """The number of steps, where the experiment takes one."""
        return int(self.arguments.get("steps", 1))


def to_plain(case: ClauseCase) -> dict[str, Any]:
    """Return the case as JSON-ready data; settings are written exactly."""
    return {
        "switches": list(case.switches),
        "settings": {name: float(value).hex() for name, value in case.settings.items()},
        "arguments": dict(case.arguments),
    }


def from_plain(data: Mapping[str, Any]) -> ClauseCase:
    """Return the case that was written; raises ``KeyError`` or ``ValueError`` for what is none."""
    settings = {name: float.fromhex(value) for name, value in data["settings"].items()}
    return ClauseCase(tuple(data["switches"]), settings, data["arguments"])
