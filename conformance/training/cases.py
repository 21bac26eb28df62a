"""A course of training as a case, and a value of one that is wrong as a failure."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from conformance.engine.evidence import RAISED
from conformance.optimizers.agreement import Outside


@dataclasses.dataclass(frozen=True)
class TrainingCase:
    """A problem trained for some steps with settings, by the name of their symbol."""

    problem: str
    steps: int
    settings: Mapping[str, float]


@dataclasses.dataclass(frozen=True)
class TrainingFailure:
    """A value of a course outside what a step, or all steps from the start, can return."""

    case: TrainingCase
    seen: Outside
    said: str = ""

    @property
    def quantity(self) -> str:
        """The quantity that was outside."""
        return RAISED if self.said else self.seen.quantity

    @property
    def count(self) -> int:
        """How many values were."""
        return self.seen.count

    @property
    def likeness(self) -> str:
        """The quantity: its values are wrong for one reason."""
        return self.quantity

    @property
    def told(self) -> str:
        """The step and the quantity."""
        return self.said or self.seen.told
