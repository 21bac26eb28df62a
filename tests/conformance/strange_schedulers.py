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
