"""The case of a clause: switches, settings and the arguments of one experiment, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from conformance.engine.stored_case import PLAIN


@dataclass(frozen=True)
class ClauseCase:
    """One run of an experiment; settings are hyperparameters by the name of their symbol."""

    switches: tuple[str, ...]
    settings: Mapping[str, float]
    arguments: Mapping[str, Any] = field(default_factory=dict, metadata=PLAIN)

    @property
    def steps(self) -> int:
        """The number of steps, where the experiment takes one."""
        return int(self.arguments.get("steps", 1))
