"""Optimizers whose source has the words of something that they do not do."""

from __future__ import annotations

import torch


class Descent(torch.optim.Optimizer):
    """A step against the gradient."""

    def __init__(self, params, lr=0.125):
        super().__init__(params, {"lr": lr})

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    self.update(p, group)

    def update(self, p, group):
        p.sub_(p.grad, alpha=float(group["lr"]))


class RealNumbersAlone(Descent):
    """Pairs of numbers would be too complex."""

    def update(self, p, group):
        if not p.dtype.is_floating_point:
            raise TypeError("real numbers alone")
        super().update(p, group)
