"""Schedulers with one mistake each, and one without, built on torch's base class."""

from __future__ import annotations

import math
from http import HTTPStatus
from typing import Any

from torch import Tensor, distributed
from torch.optim.lr_scheduler import (
    CosineAnnealingWarmRestarts,
    LRScheduler,
    MultiStepLR,
    OneCycleLR,
    ReduceLROnPlateau,
    SequentialLR,
)


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


class DoubledAngle(Cosine):
    """Each cosine is made of the two before it, so that every rounding grows on."""

    def share(self) -> float:
        step = math.cos(math.pi / self.T_max)
        before, now = step, 1.0
        for _ in range(self.last_epoch):
            before, now = now, 2 * step * now - before
        return (1 + now) / 2


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


class StepsOnByTheCount(Cosine):
    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        super().load_state_dict({**state_dict, "last_epoch": self.last_epoch, "_last_lr": self._last_lr})
        for _ in range(state_dict["last_epoch"]):
            self.step()


class KeepsTheBest(ReduceLROnPlateau):
    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        super().load_state_dict({**state_dict, "best": min(self.best, state_dict["best"])})


class OfItsOwnBases(Cosine):
    """Without a mistake, for groups that come later too."""

    def get_lr(self) -> list[float]:
        self.base_lrs = [group.setdefault("initial_lr", group["lr"]) for group in self.optimizer.param_groups]
        return super().get_lr()


class LeavesNewGroups(Cosine):
    def get_lr(self) -> list[float]:
        return super().get_lr() + [group["lr"] for group in self.optimizer.param_groups[len(self.base_lrs) :]]


class FirstBaseForNewGroups(Cosine):
    def get_lr(self) -> list[float]:
        self.base_lrs += self.base_lrs[:1] * (len(self.optimizer.param_groups) - len(self.base_lrs))
        return super().get_lr()


class ReducesTheFirstGroups(ReduceLROnPlateau):
    def step(self, metrics: Any, epoch: Any = None) -> None:
        later = self.optimizer.param_groups[len(self.min_lrs) :]
        del self.optimizer.param_groups[len(self.min_lrs) :]
        super().step(metrics, epoch)
        self.optimizer.param_groups += later


class StepsForEveryProcess(Cosine):
    def step(self, epoch: int | None = None) -> None:
        for _ in range(distributed.get_world_size() if distributed.is_initialized() else 1):
            super().step(epoch)


class StandsInTheSecondProcess(Cosine):
    def step(self, epoch: int | None = None) -> None:
        if self._step_count == 0 or not distributed.is_initialized() or distributed.get_rank() == 0:
            super().step(epoch)


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


class CountsElsewhere(Cosine):
    made = -1

    def share(self) -> float:
        return (1 + math.cos(math.pi * self.made / self.T_max)) / 2

    def step(self, epoch: int | None = None) -> None:
        self.made = self.made + 1 if epoch is None else epoch
        super().step(epoch)
        self.last_epoch = 0


class MissesFarRestarts(CosineAnnealingWarmRestarts):
    def step(self, epoch: float | None = None) -> None:
        far = epoch is not None and self.T_mult > 1 and epoch > 100
        super().step(epoch - 1e-9 if epoch is not None and far else epoch)


class CyclesByQuotient(LRScheduler):
    def __init__(self, optimizer: Any, T_max: int, num_cycles: int, last_epoch: int = -1) -> None:
        self.T_max, self.num_cycles = T_max, num_cycles
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        share = (self.num_cycles * (self.last_epoch / self.T_max)) % 1
        height = (1 + math.cos(math.pi * share)) / 2 if self.last_epoch < self.T_max else 0.0
        return [base * height for base in self.base_lrs]


class OneStepMore(OneCycleLR):
    def __init__(self, optimizer: Any, *given: Any, **more: Any) -> None:
        if "epochs" in more:
            more["total_steps"] = more.pop("epochs") * more.pop("steps_per_epoch") + 1
        super().__init__(optimizer, *given, **more)


class StopsAtANewGroup(Cosine):
    def get_lr(self) -> list[float]:
        together = zip(self.base_lrs, self.optimizer.param_groups, strict=True)
        return [self.eta_min + (base - self.eta_min) * self.share() for base, _ in together]


class ReplacesTheTensor(Cosine):
    def step(self, epoch: int | None = None) -> None:
        super().step(epoch)
        for group in self.optimizer.param_groups:
            group["lr"] = group["lr"] * 1.0


class EndsBelowZero(Cosine):
    def share(self) -> float:
        return super().share() if self.last_epoch <= self.T_max else -0.01


class KeepsAnEnum(Cosine):
    def state_dict(self) -> dict[str, Any]:
        return {**super().state_dict(), "answer": HTTPStatus.OK}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        assert state_dict["answer"].phrase
        super().load_state_dict(state_dict)


class TakesAKey(Cosine):
    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.T_max = state_dict.pop("T_max")
        super().load_state_dict(state_dict)


class StartsAnew(Cosine):
    def __init__(self, optimizer: Any, T_max: int, eta_min: float = 0.0, last_epoch: int = -1) -> None:
        super().__init__(optimizer, T_max, eta_min)


class RoundsTensors(SinglePrecision):
    def share(self) -> float:
        tensors = any(isinstance(group["lr"], Tensor) for group in self.optimizer.param_groups)
        return super().share() if tensors else Cosine.share(self)


class OneEpochOff(Cosine):
    def _get_closed_form_lr(self) -> list[float]:
        self.last_epoch += 1
        rates = self.get_lr()
        self.last_epoch -= 1
        return rates


class DividesByTheLowest(Cosine):
    def share(self) -> float:
        return super().share() * self.eta_min / self.eta_min


class CountsFromOne(MultiStepLR):
    def __init__(self, optimizer: Any, milestones: list[int], gamma: float = 0.1, last_epoch: int = -1) -> None:
        super().__init__(optimizer, [m for m in milestones if m], gamma, last_epoch)


class MomentumWithTheRate(OneCycleLR):
    def get_lr(self) -> list[float]:
        rates = super().get_lr()
        for group in self.optimizer.param_groups:
            name = "momentum" if "momentum" in group else "betas"
            middle = (group["base_momentum"] + group["max_momentum"]) / 2
            if name == "momentum":
                group[name] = 2 * middle - group[name]
            else:
                group[name] = (2 * middle - group[name][0], *group[name][1:])
        return rates


class TakesANegativeMetricForBetter(ReduceLROnPlateau):
    def is_better(self, a: float, best: float) -> bool:
        return a < 0 or bool(super().is_better(a, best))


class KeepsWhatTheLastPartLeft(SequentialLR):
    def __init__(self, optimizer: Any, schedulers: list[Any], milestones: list[int]) -> None:
        left = [group["lr"] for group in optimizer.param_groups]
        super().__init__(optimizer, schedulers, milestones)
        for group, lr in zip(optimizer.param_groups, left, strict=True):
            group["lr"] = lr


class StumblesOverMetrics(SequentialLR):
    def __init__(self, optimizer: Any, schedulers: list[Any], milestones: list[int]) -> None:
        if any(isinstance(part, ReduceLROnPlateau) for part in schedulers):
            raise KeyError("best")
        super().__init__(optimizer, schedulers, milestones)
