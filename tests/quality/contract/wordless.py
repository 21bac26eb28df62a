"""Optimizers that say nothing of pairs of numbers, and nothing of where a tensor lies."""

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


class ByItsLength(Descent):
    """It moves by the gradient divided by its modulus and one, which the parts have not in common."""

    def update(self, p, group):
        length = p.grad.abs() if not p.dtype.is_floating_point else 0.0
        p.sub_(p.grad * (1 + length), alpha=float(group["lr"]))


class RateWhereverItLies(Descent):
    """It makes its rate a tensor, wherever tensors usually lie."""

    def update(self, p, group):
        p.sub_(p.grad * torch.tensor([float(group["lr"])]).to(p.dtype))


class TorchsByItsLength(torch.optim.SGD):
    """Torch's own descent, after which every parameter is divided by its modulus and one."""

    def __init__(self, params, lr=0.125):
        super().__init__(params, lr=lr)

    @torch.no_grad()
    def step(self, closure=None):
        loss = super().step(closure)
        for p in (p for group in self.param_groups for p in group["params"] if p.grad is not None):
            p.div_(1 + p.abs() if not p.dtype.is_floating_point else 1.0)
        return loss
