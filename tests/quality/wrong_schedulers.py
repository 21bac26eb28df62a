"""Schedulers with one mistake each, and one without, built on torch's base class."""

from __future__ import annotations

import math
from typing import Any

from torch.optim.lr_scheduler import LRScheduler


class Cosine(LRScheduler):
    """Cosine annealing by its closed form, without a mistake."""

    def __init__(self, optimizer: Any, T_max: int, eta_min: float = 0.0, last_epoch: int = -1) -> None:
        self.T_max, self.eta_min = T_max, eta_min
        super().__init__(optimizer, last_epoch)

    def share(self) -> float:
        return (1 + math.cos(math.pi * self.last_epoch / self.T_max)) / 2

    def get_lr(self) -> list[float]:
        return [self.eta_min + (base - self.eta_min) * self.share() for base in self.base_lrs]

    _get_closed_form_lr = get_lr


class OneLate(Cosine):
    def share(self) -> float:
        return (1 + math.cos(math.pi * max(0, self.last_epoch - 1) / self.T_max)) / 2


class EndsOneEarly(Cosine):
    def share(self) -> float:
        return (1 + math.cos(math.pi * self.last_epoch / max(1, self.T_max - 1))) / 2


class Degrees(Cosine):
    def share(self) -> float:
        return (1 + math.cos(180 * self.last_epoch / self.T_max)) / 2


class SinglePrecision(Cosine):
    def share(self) -> float:
        import struct

        return float(struct.unpack("f", struct.pack("f", super().share()))[0])


class OneBaseForAll(Cosine):
    def get_lr(self) -> list[float]:
        return [self.eta_min + (self.base_lrs[0] - self.eta_min) * self.share() for _ in self.base_lrs]


class ForgetsItsState(Cosine):
    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        super().load_state_dict({**state_dict, "last_epoch": 0})


class TellsTheBase(Cosine):
    def get_last_lr(self) -> list[float]:
        return list(self.base_lrs)


class ChangesTheDecay(Cosine):
    def step(self, epoch: int | None = None) -> None:
        super().step(epoch)
        for group in self.optimizer.param_groups:
            group["weight_decay"] = 0.01


class CountsOptimizerSteps(Cosine):
    def share(self) -> float:
        taken = getattr(self, "taken", None)
        if taken is None:
            taken = self.taken = [0]
            self.optimizer.register_step_post_hook(lambda *_: taken.__setitem__(0, taken[0] + 1))
        return (1 + math.cos(math.pi * taken[0] / self.T_max)) / 2


class ForgetsTheEpoch(Cosine):
    def step(self, epoch: int | None = None) -> None:
        before = self.last_epoch
        super().step(epoch)
        if epoch is not None:
            self.last_epoch = before + 1


class StopsAtANewGroup(Cosine):
    def get_lr(self) -> list[float]:
        together = zip(self.base_lrs, self.optimizer.param_groups, strict=True)
        return [self.eta_min + (base - self.eta_min) * self.share() for base, _ in together]


class ReplacesTheTensor(Cosine):
    def step(self, epoch: int | None = None) -> None:
        super().step(epoch)
        for group in self.optimizer.param_groups:
            group["lr"] = group["lr"] * 1.0
