"""The profile of a scheduler: what may legally differ in its arithmetic."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reference.balls.error_model import ErrorModel
from reference.formats import FORMATS, Format

UNIT = 2.0
"""One unit in the last place is at most so many unit roundoffs, relative."""


@dataclass(frozen=True)
class ScheduleProfile:
    """What a scheduler declares of its arithmetic; narrow by default.

    ``scalar``: the format of arithmetic on its settings. ``functions``: the error of pow and cos in
    units in the last place. ``reciprocal``: a quotient is a product with the reciprocal. ``flush``:
    numbers that are subnormal in that format are zero. Raises ``ValueError`` for another value.
    """

    scalar: str = "float64"
    functions: float = 1.0
    reciprocal: bool = False
    flush: bool = False

    def __post_init__(self) -> None:
        if self.scalar not in FORMATS:
            raise ValueError(f"a scheduler cannot compute in `{self.scalar}`; give {', '.join(FORMATS)}")
        if not 0.5 <= self.functions < math.inf:
            raise ValueError(f"functions cannot be within {self.functions!r} units; give 0.5 or more")
        for name in ("reciprocal", "flush"):
            if not isinstance(getattr(self, name), bool):
                raise TypeError(f"`{name}` of a profile cannot be {getattr(self, name)!r}; give True or False")

    @classmethod
    def from_mapping(cls, declared: Mapping[str, Any]) -> ScheduleProfile:
        """Read a profile from plain data; raises ``ValueError`` for an unknown key or value."""
        legal = {item.name for item in dataclasses.fields(cls)}
        for key in declared:
            if key not in legal:
                raise ValueError(f"a scheduler's profile has no `{key}`; it has: {', '.join(sorted(legal))}")
        return cls(**declared)

    def error_model(self, tensor: Format | None = None) -> ErrorModel:
        """Return how far operations may be off, those on an lr that is a tensor in the format of that."""
        scalar = FORMATS[self.scalar]
        units = round(UNIT * self.functions)
        divisions = 2 if self.reciprocal else 1
        return ErrorModel(tensor or scalar, host=scalar, function_units=units, divisions=divisions, flush=self.flush)

    def __str__(self) -> str:
        parts = [
            f"in {self.scalar}, in any order of its sums and products",
            f"pow and cos within {self.functions:g} unit{'s' if self.functions != 1 else ''}",
        ]
        if self.reciprocal:
            parts.insert(1, "quotients as products with reciprocals")
        if self.flush:
            parts.append("subnormals flushed")
        return "; ".join(parts)
