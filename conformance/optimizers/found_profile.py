"""The profile of code of which nobody declared one, and what is known of it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

from reference.profile import COMPUTE, NEAREST, Profile

ASPECTS = ("intermediate", "coefficient", "bound")
"""What may be rounded to the format of the tensors, where a kernel computes in a wider one."""


@dataclass
class FoundProfile:
    """The profile of code of which nobody declared one, as far as its results have shown it.

    ``base`` is the widest that is legal but for derived forms; ``recorded`` are the cases that ``profile``
    explains, ``finer`` such of float64.  Where it is ``exhausted`` no other is looked for.  Where none explains
    them all, what the ``alternative`` allows is not wrong either.  ``spared`` holds,
    by formula, the lines of the mutants that it lets live and that the textbook's own profile, or float64, would not.
    """

    base: Profile
    profile: Profile
    recorded: list[Any] = field(default_factory=list)
    finer: list[Any] = field(default_factory=list)
    seed: int = 0
    looks: int = 0
    exhausted: bool = False
    alternative: Profile | None = None
    spared: dict[str, set[str]] = field(default_factory=dict)

    @property
    def widest(self) -> Profile:
        """The profile that was found with every written form, and rounded as tensors may be at most."""
        wide = {aspect: getattr(self.base, aspect) for aspect in ASPECTS}
        return dataclasses.replace(self.profile, forms=self.profile.forms | self.base.forms, **wide)

    @property
    def narrowest(self) -> Profile:
        """The profile of the textbook: the lines as they are written, as the framework's operations round."""
        narrow: dict[str, Any] = dict.fromkeys(ASPECTS, COMPUTE)
        return dataclasses.replace(self.base, forms=frozenset(), stored=NEAREST, **narrow)
