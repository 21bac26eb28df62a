"""Schedulers as strangers write them."""

from __future__ import annotations

import math

import torch


class WarmsUp(torch.optim.lr_scheduler.LRScheduler):
    """Up from 0 and down to 0 in straight lines; the length is that of the whole."""

    def __init__(self, optimizer, rise, whole, last_epoch=-1):
        self.rise, self.whole = rise, whole
        super().__init__(optimizer, last_epoch)

    def get_lr(self):
        t = self.last_epoch
        share = t / self.rise if t < self.rise else max(0.0, (self.whole - t) / (self.whole - self.rise))
        return [base * share for base in self.base_lrs]


class Wobbles(torch.optim.lr_scheduler.LRScheduler):
    """A sine of the square of t: no schedule of the book."""

    def __init__(self, optimizer, size=0.5, last_epoch=-1):
        self.size = size
        super().__init__(optimizer, last_epoch)

    def get_lr(self):
        return [base * (1 + self.size * math.sin(self.last_epoch**2)) for base in self.base_lrs]


class LengthThenRate(torch.optim.lr_scheduler.LRScheduler):
    """A decay by a share over a number of steps, a part of it at each."""

    def __init__(self, optimizer, over, keep, last_epoch=-1):
        self.over, self.keep = over, keep
        super().__init__(optimizer, last_epoch)

    def get_lr(self):
        return [base * self.keep ** (self.last_epoch / self.over) for base in self.base_lrs]


class TakesFive(WarmsUp):
    """It must be given three things more, of which it makes nothing."""

    def __init__(self, optimizer, rise, whole, title, author, year):
        self.notes = (title, author, year)
        super().__init__(optimizer, rise, whole)


class LosesPatience:
    """It is told the epoch, and decays when the metric beside it has stopped falling."""

    def __init__(self, optimizer, factor=0.5, patience=3):
        self.inner = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=factor, patience=patience)

    def step(self, epoch, metric=None):
        if metric is not None:
            self.inner.step(metric)

    def state_dict(self):
        return self.inner.state_dict()

    def load_state_dict(self, state):
        self.inner.load_state_dict(state)


class EveryFewEpochs(torch.optim.lr_scheduler.LRScheduler):
    """A decay every few epochs of so many steps each: with long epochs a trial sees none."""

    def __init__(self, optimizer, epochs, length, decay=0.5):
        self.every, self.decay = epochs * length, decay
        super().__init__(optimizer)

    def get_lr(self):
        return [base * self.decay ** (self.last_epoch // self.every) for base in self.base_lrs]
