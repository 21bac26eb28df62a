"""One observation that breaks a clause of the contract: what was seen, and what the clause asks for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from conformance.contract.case import ClauseCase
from conformance.engine.evidence import RAISED

NAN = float("nan")
STEP, SEARCH = "by the enclosure of the step", "by the reference on balls"
"""How an observation is compared that is not compared exactly."""
EXACTLY = "compared exactly"
"""How all else is compared."""
BESIDE = " beside it"
"""Ends the quantity of a value that a second run made, with which the first is compared."""
ACT = re.compile(r"act (\d+), ")


@dataclass(frozen=True)
class Breach:
    """An observation outside what a clause allows; where nothing is a number ``legal`` and ``value`` are NaN.

    ``scalars`` and ``before`` are what entered the failing value, ``place`` is its element; ``compared``
    says how it was judged, ``count`` how many values of the observation are outside.
    """

    case: ClauseCase
    quantity: str
    place: int = 0
    scalars: Mapping[str, float] | None = None
    before: Mapping[str, float] | None = None
    legal: tuple[float, float] = (NAN, NAN)
    value: float = NAN
    expected: str = ""
    got: str = ""
    compared: str = ""
    count: int = 1
    stopped: bool = False
    """Whether the worker ended, or the experiment could not go on."""

    @property
    def likeness(self) -> tuple[bool, str]:
        """Whether it raised, and if so what and where: another exception is another fault."""
        raised = self.quantity == RAISED
        return raised, f"{self.got.partition(':')[0]} {self.compared}" if raised else ""

    @property
    def told(self) -> str:
        """What was seen in one line: what an exception says, in a life the acts up to it, the variant."""
        what = f"{self.quantity}: {self.got}" if self.quantity == RAISED else self.quantity
        acts = self.case.arguments.get("acts", ())
        number = ACT.match(what)
        made = dict.fromkeys(act[0] for act in (acts[: int(number[1])] if number else acts))
        told = f"{what}, after {', '.join(made)}" if made else what
        return f"{told}, with {', '.join(self.case.switches)}" if self.case.switches else told
