"""Up to a peak and down, once."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

from torch.optim import Optimizer

from ..engine.schedule import ClosedFormLR, half_cosine
from ..engine.schedule_settings import choice, steps
from ..engine.settings import CLOSED_UNIT, NONNEGATIVE, POSITIVE, UNIT, Range, as_number, number


def _on_a_cosine(start: float, goal: float, done: float) -> float:
    return goal + (start - goal) * half_cosine(done)


def _on_a_line(start: float, goal: float, done: float) -> float:
    return start + (goal - start) * done


COURSES: dict[str, Callable[[float, float, float], float]] = {"cos": _on_a_cosine, "linear": _on_a_line}
"""The value after a share of the way from a start to a goal."""


class OneCycleLR(ClosedFormLR):
    """One cycle of the learning rate, and the reverse of the momentum: torch's OneCycleLR in closed form.

    Args:
        optimizer: whose groups are scheduled; their own learning rates do not matter.
        max_lr: learning rate at the peak, in [0, inf), or one for each group.
        total_steps: steps of the cycle, at least 2; or else epochs times steps_per_epoch.
        epochs: epochs, at least 1.
        steps_per_epoch: steps of each, at least 1.
        pct_start: share of the rise, in [0, 1] (default: 0.3).
        anneal_strategy: "cos" or "linear" (default: "cos").
        cycle_momentum: turn `momentum`, or the first of `betas`, the other way (default: True).
        base_momentum: momentum at the peak, in [0, 1), or one for each group (default: 0.85).
        max_momentum: momentum at both ends, in [0, 1), or one for each group (default: 0.95).
        div_factor: the peak over the first learning rate, in (0, inf) (default: 25).
        final_div_factor: the first over the last, in (0, inf) (default: 1e4).
        three_phase: down as long as up, and then to the last (default: False).
        last_epoch: the step after which a run goes on (default: -1, from the start).

    Raises a ValueError for a step after the last one, where the rise has no step but the first, and for a
    momentum that the optimizer does not have.
    """

    settings = (
        steps("total_steps"),
        number("pct_start", CLOSED_UNIT),
        choice("anneal_strategy", *COURSES),
        number("div_factor", POSITIVE),
        number("final_div_factor", POSITIVE),
    )
    total_steps: int
    pct_start: float
    anneal_strategy: str
    cycle_momentum: bool
    base_momentum: list[float]
    max_momentum: list[float]
    div_factor: float
    final_div_factor: float
    three_phase: bool
    max_lrs: list[float]

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float | list[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.85,
        max_momentum: float | list[float] = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ) -> None:
        groups = len(optimizer.param_groups)
        if cycle_momentum and any("betas" not in group and "momentum" not in group for group in optimizer.param_groups):
            raise ValueError(
                f"cycle_momentum is True and {type(optimizer).__name__} has neither momentum nor betas; give False"
            )
        taken: dict[str, Any] = {
            "total_steps": _whole(total_steps, epochs, steps_per_epoch),
            "pct_start": pct_start,
            "anneal_strategy": anneal_strategy,
            "cycle_momentum": bool(cycle_momentum),
            "base_momentum": _of_groups("base_momentum", base_momentum, UNIT, groups),
            "max_momentum": _of_groups("max_momentum", max_momentum, UNIT, groups),
            "div_factor": div_factor,
            "final_div_factor": final_div_factor,
            "three_phase": bool(three_phase),
            "max_lrs": _of_groups("max_lr", max_lr, NONNEGATIVE, groups),
        }
        if taken["total_steps"] * pct_start == 1:
            raise ValueError(
                f"total_steps is {taken['total_steps']} and pct_start {pct_start}: the rise would end where it begins; "
                "give more steps or another share"
            )
        super().__init__(optimizer, taken, last_epoch)

    def rates(self, t: float) -> list[float]:
        """Return the learning rate of each group at step `t`; one that is added later has the first's peak."""
        return [self._of_peak(peak, t) for peak in self._each(self.max_lrs)]

    def _each(self, values: list[float]) -> list[float]:
        """Return a value for each group; one that is added later has the first's."""
        return values + values[:1] * (len(self.optimizer.param_groups) - len(values))

    def _of_peak(self, peak: float, t: float) -> float:
        first = peak / self.div_factor
        return self._between(first, peak, first / self.final_div_factor, t)

    def apply(self, t: float) -> None:
        """Give every group its learning rate and its momentum at step `t`."""
        super().apply(t)
        if self.cycle_momentum:
            ends = zip(self._each(self.max_momentum), self._each(self.base_momentum), strict=True)
            for group, (most, least) in zip(self.optimizer.param_groups, ends, strict=True):
                momentum = self._between(most, least, most, t)
                if "betas" in group:
                    group["betas"] = (momentum, *group["betas"][1:])
                else:
                    group["momentum"] = momentum

    def _between(self, first: float, middle: float, last: float, t: float) -> float:
        end, top = self.total_steps - 1, self.pct_start * self.total_steps - 1
        if t > end:
            raise ValueError(f"step {t} is after the last of a cycle of {self.total_steps} steps; give one up to {end}")
        joints = [(0.0, first), (top, middle), (end, last)]
        if self.three_phase:
            joints[2:] = [(2 * self.pct_start * self.total_steps - 2, first), (end, last)]
        leg = next(((a, b) for a, b in itertools.pairwise(joints) if t <= b[0]), (joints[-2], joints[-1]))
        (begun, start), (until, goal) = leg
        return COURSES[self.anneal_strategy](start, goal, (t - begun) / (until - begun))


def _of_groups(name: str, given: float | list[float], legal: Range, groups: int) -> list[float]:
    """Return what each group has of a setting that may be given once for all."""
    values = list(given) if isinstance(given, (list, tuple)) else [given] * groups
    if len(values) != groups:
        raise ValueError(f"{name} lists {len(values)} numbers for {groups} groups; give one each, or one for all")
    for place, value in enumerate(values):
        number(f"{name}[{place}]", legal).check(value)
    return [as_number(value) for value in values]


def _whole(total: int | None, epochs: int | None, each: int | None) -> int:
    """Return the number of steps, however it is given."""
    if total is not None:
        return total
    if epochs is None or each is None:
        raise ValueError(
            f"total_steps is None, epochs {epochs!r} and steps_per_epoch {each!r}; give total_steps, or both others"
        )
    return math.prod((epochs, each))
