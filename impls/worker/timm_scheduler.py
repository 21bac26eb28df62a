"""The count that a training loop keeps for a scheduler of timm, which is told it at every step."""

from __future__ import annotations

from typing import Any


class Counted:
    """A scheduler of timm, stepped as torch's are: at the end of an epoch it is told the next one."""

    def __init__(self, scheduler: Any) -> None:
        self.scheduler = scheduler
        self.count: float = 0

    def step(self, epoch: float | None = None, metric: float | None = None) -> None:
        """Without an epoch it is the next one."""
        self.count = self.count + 1 if epoch is None else epoch
        if metric is None:
            self.scheduler.step(self.count)
        else:
            self.scheduler.step(self.count, metric)

    def state_dict(self) -> Any:
        """The count is the training loop's, and no part of the state."""
        return self.scheduler.state_dict()

    def load_state_dict(self, state: Any) -> None:
        """The state is the scheduler's own."""
        self.scheduler.load_state_dict(state)
