"""What is stepped in another way than a scheduler of torch is stepped as one."""

from __future__ import annotations

from typing import Any

from .timm_scheduler import Counted

TOLD, DAMPENING, METRIC, RATE, MULTIPLIER = "timm", "dampening", "metric", "rate", "multiplier"
FUNCTIONS = frozenset({RATE, MULTIPLIER})
"""Plain functions of the step: their value is the learning rate, or a factor on the optimizer's."""


class Dampened:
    """A warm-up that lowers what another schedule has left, within its own context manager."""

    def __init__(self, warmup: Any) -> None:
        self.warmup = warmup

    def step(self) -> None:
        """The other schedule leaves the learning rate alone."""
        with self.warmup.dampening():
            pass

    def state_dict(self) -> Any:
        """The state is the warm-up's."""
        return self.warmup.state_dict()

    def load_state_dict(self, state: Any) -> None:
        """The state is the warm-up's."""
        self.warmup.load_state_dict(state)


class OfTheStep:
    """A function of the step in a loop that sets the learning rate of every group from it."""

    def __init__(self, function: Any, optimizer: Any, *, multiplies: bool) -> None:
        self.function, self.optimizer = function, optimizer
        self.bases = [float(group["lr"]) if multiplies else 1.0 for group in optimizer.param_groups]
        self.multiplies, self.count = multiplies, 0
        self._set()

    def _set(self) -> None:
        value = self.function(self.count)
        for group, base in zip(self.optimizer.param_groups, self.bases):
            group["lr"] = base * value if self.multiplies else value

    def step(self, epoch: Any = None) -> None:
        """Without an epoch it is the next one."""
        self.count = self.count + 1 if epoch is None else epoch
        self._set()


def stepped(made: Any, interface: str, optimizer: Any) -> Any:
    """The scheduler behind the adapter that its interface asks for, or as it is."""
    if interface == TOLD:
        return Counted(made)
    if interface == DAMPENING:
        return Dampened(made)
    if interface in FUNCTIONS:
        return OfTheStep(made, optimizer, multiplies=interface == MULTIPLIER)
    return made
