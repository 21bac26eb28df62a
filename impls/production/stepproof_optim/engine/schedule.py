"""Learning rates from a closed form: they cannot drift, and any step can be asked for at any time."""

from __future__ import annotations

import copy
import math
import warnings
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import torch
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from .settings import Setting, as_number, check

INITIAL = "initial_lr"
"""The key of a group under which the learning rate before any schedule stands, as torch's schedulers write it."""


class ClosedFormLR(LRScheduler):
    """A torch scheduler whose learning rates are a function of the step and of each group's own learning rate.

    A subclass names its `settings` and defines `rate`.  Groups that are added later take part, each from the
    learning rate that it came with; a learning rate that is a Tensor is filled in place.  Raises a ValueError
    that names setting, value and range for what is not legal.
    """

    settings: ClassVar[tuple[Setting, ...]] = ()
    unsaved: ClassVar[frozenset[str]] = frozenset({"optimizer"})
    """Attributes that are no part of a checkpoint."""

    def __init__(self, optimizer: Optimizer, given: Mapping[str, Any], last_epoch: int = -1) -> None:
        check(self.settings, dict(given))
        vars(self).update({name: as_number(value) for name, value in given.items()})
        if isinstance(optimizer, Optimizer):
            with_tensors_of_their_own(optimizer)
        self.time: float = last_epoch
        super().__init__(optimizer, last_epoch)
        self.base_lrs = [float(as_number(value)) for value in self.base_lrs]

    def rate(self, base: float, t: float) -> float:
        """Return the learning rate at step `t`, from 0, of a group that has `base` by itself."""
        raise NotImplementedError

    def rates(self, t: float) -> list[float]:
        """Return the learning rate of each group at step `t`."""
        return [self.rate(base, t) for base in self.bases()]

    def bases(self) -> list[float]:
        """Return the learning rate that each group has by itself, those added later included."""
        for group in self.optimizer.param_groups[len(self.base_lrs) :]:
            self.base_lrs.append(float(as_number(group.setdefault(INITIAL, as_number(group["lr"])))))
        return [float(as_number(base)) for base in self.base_lrs]

    def get_lr(self) -> list[Any]:
        """Return the learning rate of each group now, as Tensors of their own where the groups have Tensors."""
        pairs = zip(self.optimizer.param_groups, self.rates(self.time), strict=True)
        return [_like(group["lr"], rate) for group, rate in pairs]

    def step(self, epoch: float | None = None) -> None:
        """Go on by one step, or to `epoch`, whose share of a step counts and stays in the steps after it."""
        if self._step_count == 1 and not getattr(self.optimizer, "_opt_called", False):
            warnings.warn(
                "a schedule's `step` comes before the optimizer's first one, which so skips the first learning rate; "
                "call `optimizer.step()` first",
                UserWarning,
                stacklevel=2,
            )
        self._step_count += 1
        self.time = self.time + 1 if epoch is None else epoch
        self.last_epoch = math.floor(self.time)
        self.apply(self.time)

    def apply(self, t: float) -> None:
        """Give every group what it has at step `t`."""
        for group, rate in zip(self.optimizer.param_groups, self.rates(t), strict=True):
            if isinstance(group["lr"], torch.Tensor):
                group["lr"].fill_(rate)
            else:
                group["lr"] = rate
        self._last_lr = [_like(group["lr"], group["lr"]) for group in self.optimizer.param_groups]

    def state_dict(self) -> dict[str, Any]:
        """Return a copy of all but the optimizer: numbers, text and lists of them."""
        return copy.deepcopy({key: value for key, value in vars(self).items() if key not in self.unsaved})

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on where a checkpoint was made; the caller's dictionary is shared with nobody.

        Raises a ValueError, and changes nothing, for one that lacks what this schedule keeps, or has illegal settings.
        """
        kept = {"last_epoch", "base_lrs", *(setting.name for setting in self.settings)}
        if missing := sorted(kept - state_dict.keys()):
            raise ValueError(f"the checkpoint lacks {', '.join(missing)}: it is of no {type(self).__name__}")
        saved = {"time": state_dict["last_epoch"], **state_dict}
        check(self.settings, saved)
        vars(self).update(copy.deepcopy({key: value for key, value in saved.items() if key not in self.unsaved}))


def with_tensors_of_their_own(optimizer: Optimizer) -> None:
    """Give each of the groups that took one Tensor for their learning rate one of its own."""
    seen: set[int] = set()
    for group in optimizer.param_groups:
        if isinstance(group["lr"], torch.Tensor):
            if id(group["lr"]) in seen or group["lr"] is optimizer.defaults.get("lr"):
                group["lr"] = group["lr"].detach().clone()
            seen.add(id(group["lr"]))


def _like(kept: Any, value: Any) -> Any:
    """Return a value as what a group keeps: a Tensor of its own, or a number."""
    return torch.full_like(kept, float(as_number(value))) if isinstance(kept, torch.Tensor) else value


Shape = Callable[[float], float]
"""What is left of a height after a share of the way, from 1 at 0 to 0 at 1."""


def line(done: float) -> float:
    """Return what a straight line leaves."""
    return 1.0 - done


def half_cosine(done: float) -> float:
    """Return what half a cosine leaves."""
    return (1.0 + math.cos(math.pi * done)) / 2.0


def one_minus_root(done: float) -> float:
    """Return what one minus a square root leaves (Hägele et al. 2024)."""
    return 1.0 - math.sqrt(done)
