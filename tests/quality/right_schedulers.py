"""Schedulers that are right, each in its own way: other names, other forms, other ways to be stepped."""

from __future__ import annotations

import bisect
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from torch import Tensor
from torch.optim.lr_scheduler import LambdaLR, LRScheduler


def positive(steps: int) -> int:
    """A number of steps, which is 1 or more."""
    if steps < 1:
        raise ValueError(f"a number of steps cannot be {steps}; give 1 or more")
    return steps


def put(group: dict[str, Any], lr: Any) -> None:
    """A learning rate that is a tensor is filled in place."""
    if isinstance(group["lr"], Tensor):
        group["lr"].fill_(lr)
    else:
        group["lr"] = float(lr)


def rates(optimizer: Any) -> list[float]:
    """The learning rates of the groups, as numbers."""
    return [float(group["lr"]) for group in optimizer.param_groups]


def with_later(bases: list[float], optimizer: Any) -> list[float]:
    """The learning rates at which groups begin, with those of groups that have come since."""
    return [*bases, *rates(optimizer)[len(bases) :]]


class HalfAngleCosine(LRScheduler):
    """Cosine annealing as the square of the cosine of half the angle."""

    def __init__(self, optimizer: Any, total_steps: int, min_lr: float = 0.0, last_epoch: int = -1) -> None:
        self.total_steps, self.min_lr = positive(total_steps), min_lr
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        share = math.cos(math.pi * self.last_epoch / (2 * self.total_steps)) ** 2
        return [self.min_lr + (base - self.min_lr) * share for base in self.base_lrs]


class PassesEverythingOn(HalfAngleCosine):
    """It takes what the class above it takes."""

    def __init__(self, optimizer: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(optimizer, *args, **kwargs)


class RootTakenOut(LRScheduler):
    """The smaller of a power of the step and a ramp, brought to its peak by the root of the warm-up."""

    def __init__(self, optimizer: Any, warmup_steps: int, last_epoch: int = -1) -> None:
        self.warmup_steps = positive(warmup_steps)
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        step, warmup = self.last_epoch, self.warmup_steps
        factor = min(step**-0.5, step * warmup**-1.5) * math.sqrt(warmup) if step > 0 else 0.0
        return [base * factor for base in self.base_lrs]


class ExponentOfAProduct(LRScheduler):
    """A decay by gamma at every step, by its logarithm."""

    def __init__(self, optimizer: Any, decay_rate: float, last_epoch: int = -1) -> None:
        self.log = math.log(decay_rate)
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        return [base * math.exp(self.last_epoch * self.log) for base in self.base_lrs]


class FactorKept(LRScheduler):
    """A decay every few steps, by a factor that is kept from step to step."""

    def __init__(self, optimizer: Any, decay_every: int, drop: float = 0.5) -> None:
        self.decay_every, self.drop, self.factor = positive(decay_every), drop, 1.0
        super().__init__(optimizer)

    def get_lr(self) -> list[float]:
        if self.last_epoch and self.last_epoch % self.decay_every == 0:
            self.factor *= self.drop
        return [base * self.factor for base in self.base_lrs]


class RateKept:
    """A decay at every step of what the groups hold, in a class of its own without a state."""

    def __init__(self, opt: Any, gamma: float = 0.9) -> None:
        self.opt, self.gamma = opt, gamma

    def step(self) -> None:
        for group in self.opt.param_groups:
            put(group, group["lr"] * self.gamma)


class SumKept:
    """A straight warm-up, to which a step adds the same every time."""

    def __init__(self, optimizer: Any, num_warmup: int) -> None:
        self.optimizer, self.length, self.count = optimizer, positive(num_warmup), 0
        self.bases = rates(optimizer)
        for group in optimizer.param_groups:
            put(group, 0.0)

    def step(self) -> None:
        self.count += 1
        self.bases = with_later(self.bases, self.optimizer)
        for group, base in zip(self.optimizer.param_groups, self.bases, strict=True):
            if self.count <= self.length:
                put(group, group["lr"] + base / self.length)

    def state_dict(self) -> dict[str, Any]:
        return {"count": self.count, "bases": self.bases}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.count, self.bases = state["count"], list(state["bases"])


class WeightsOfBoth(LRScheduler):
    """Cosine annealing that holds its end, as the weighted sum of the two ends."""

    def __init__(self, optimizer: Any, max_epochs: int, final_lr: float = 0.0, last_epoch: int = -1) -> None:
        self.max_epochs, self.final_lr = positive(max_epochs), final_lr
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        share = (1 + math.cos(math.pi * min(self.last_epoch, self.max_epochs) / self.max_epochs)) / 2
        return [share * base + (1 - share) * self.final_lr for base in self.base_lrs]


class ByMilestones(LRScheduler):
    """A decay at milestones that are counted by bisection."""

    def __init__(self, optimizer: Any, decay_epochs: list[int], decay_rate: float = 0.1, last_epoch: int = -1) -> None:
        self.decay_epochs, self.decay_rate = sorted(decay_epochs), decay_rate
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        decays = bisect.bisect_right(self.decay_epochs, self.last_epoch)
        return [base * self.decay_rate**decays for base in self.base_lrs]


class ToldTheStep:
    """A line to nothing that is told the step, and keeps no count."""

    def __init__(self, optimizer: Any, max_iters: int, power: float = 1.0) -> None:
        self.optimizer, self.max_iters, self.power = optimizer, positive(max_iters), power
        self.bases = rates(optimizer)

    def step(self, num_update: int) -> None:
        left = max(0, self.max_iters - num_update) / self.max_iters
        self.bases = with_later(self.bases, self.optimizer)
        for group, base in zip(self.optimizer.param_groups, self.bases, strict=True):
            put(group, base * left**self.power)

    def state_dict(self) -> dict[str, Any]:
        return {"bases": self.bases}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.bases = list(state["bases"])


class WarmupAround:
    """A straight warm-up, after which another scheduler goes on."""

    def __init__(self, optimizer: Any, warmup_epochs: int, after_scheduler: Any) -> None:
        self.optimizer, self.after, self.count = optimizer, after_scheduler, 0
        self.warmup_epochs = positive(warmup_epochs)
        self.bases = list(after_scheduler.base_lrs)
        self._warm()

    def _warm(self) -> None:
        for group, base in zip(self.optimizer.param_groups, self.bases, strict=True):
            put(group, base * self.count / self.warmup_epochs)

    def step(self) -> None:
        self.count += 1
        self.bases = with_later(self.bases, self.optimizer)
        if self.count < self.warmup_epochs:
            self._warm()
        elif self.count == self.warmup_epochs:
            for group, base in zip(self.optimizer.param_groups, self.bases, strict=True):
                put(group, base * self.after.lr_lambdas[0](0))
        else:
            self.after.step()


class Dampening:
    """A straight warm-up that lowers what another schedule leaves, in a context manager."""

    def __init__(self, optimizer: Any, warmup_period: int) -> None:
        self.optimizer, self.warmup_period, self.count = optimizer, positive(warmup_period), 0
        self.rates = rates(optimizer)
        self._dampen()

    def _dampen(self) -> None:
        for group in self.optimizer.param_groups:
            put(group, group["lr"] * min(1.0, (self.count + 1) / self.warmup_period))

    @contextmanager
    def dampening(self) -> Iterator[None]:
        for group, rate in zip(self.optimizer.param_groups, self.rates, strict=False):
            put(group, rate)
        yield
        self.rates = rates(self.optimizer)
        self.count += 1
        self._dampen()

    def state_dict(self) -> dict[str, Any]:
        return {"count": self.count, "rates": self.rates}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.count, self.rates = state["count"], list(state["rates"])


class OnLoss:
    """A decay when the loss has stopped falling, which step is given by name."""

    def __init__(self, optimizer: Any, decay_factor: float = 0.1, wait: int = 10, min_lr: float = 0.0) -> None:
        self.optimizer, self.factor, self.wait, self.min_lr = optimizer, decay_factor, wait, min_lr
        self.best, self.bad = math.inf, 0

    def step(self, *, loss: float) -> None:
        if loss < self.best * (1 - 1e-4 if self.best > 0 else 1 + 1e-4):
            self.best, self.bad = loss, 0
        else:
            self.bad += 1
        if self.bad > self.wait:
            self.bad = 0
            for group in self.optimizer.param_groups:
                put(group, min(group["lr"], max(group["lr"] * self.factor, self.min_lr)))

    def state_dict(self) -> dict[str, Any]:
        return {"best": self.best, "bad": self.bad}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.best, self.bad = state["best"], state["bad"]


def warmup_then_cosine(optimizer: Any, warmup_steps: int, total_steps: int, last_epoch: int = -1) -> LambdaLR:
    """Half a cosine after a straight warm-up, of a run whose whole length is given."""

    positive(warmup_steps)
    positive(total_steps - warmup_steps)

    def factor(step: int) -> float:
        if step < warmup_steps:
            return step / warmup_steps
        done = min(1.0, (step - warmup_steps) / (total_steps - warmup_steps))
        return 0.5 * (1 + math.cos(math.pi * done))

    return LambdaLR(optimizer, factor, last_epoch)


class PeakOfAllGroups(LRScheduler):
    """One cycle whose peak is one number, and not one of each group."""

    def __init__(
        self,
        optimizer: Any,
        peak: float,
        total_steps: int,
        pct_start: float = 0.3,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        last_epoch: int = -1,
    ) -> None:
        positive(total_steps)
        self.low, self.peak, self.last = peak / div_factor, peak, peak / div_factor / final_div_factor
        self.rise, self.end = pct_start * total_steps - 1, total_steps - 1
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        step = min(self.last_epoch, self.end)
        if step <= self.rise:
            rate = self.between(self.low, self.peak, step / self.rise)
        else:
            rate = self.between(self.peak, self.last, (step - self.rise) / (self.end - self.rise))
        return [rate for _ in self.base_lrs]

    def between(self, first: float, second: float, done: float) -> float:
        return second + (first - second) / 2 * (1 + math.cos(math.pi * done))


def noam(opt: Any, warmup: int) -> LambdaLR:
    """One over the root of the step after a warm-up, as the lesser of the two."""
    positive(warmup)
    return LambdaLR(opt, lambda step: min((step + 1) ** -0.5 * warmup**0.5, (step + 1) / warmup))


def polynomial_factor(max_steps: int, power: float = 1.0) -> Callable[[int], float]:
    """A factor on the learning rate, as a function of the step."""
    positive(max_steps)
    return lambda step: (1 - min(step, max_steps) / max_steps) ** power


def cosine_at(step: int, base_lr: float, max_steps: int, min_lr: float = 0.0) -> float:
    """The learning rate at a step."""
    if step >= max_steps:
        return min_lr
    return min_lr + (base_lr - min_lr) * 0.5 * (1 + math.cos(math.pi * step / max_steps))
