"""Optimizers that each break one clause about gradients."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import torch

spec = importlib.util.spec_from_file_location("kept", Path(__file__).with_name("kept.py"))
kept = importlib.util.module_from_spec(spec)
sys.modules["kept"] = kept
spec.loader.exec_module(kept)
Kept = kept.Kept
WRONG = 1 + 1 / 16


class WritesGradient(Kept):
    """gradients/not-modified"""

    def update(self, p, x, gradient, group):
        super().update(p, x, gradient, group)
        if p.grad.is_contiguous() and not p.grad.requires_grad:
            p.grad.data.mul_(2)


class TakesGradient(Kept):
    """gradients/not-taken"""

    def update(self, p, x, gradient, group):
        super().update(p, x, gradient, group)
        p.grad = None


class KeepsGradient(Kept):
    """gradients/not-kept"""

    def update(self, p, x, gradient, group):
        super().update(p, x, gradient, group)
        self.state[p]["last"] = p.grad.detach() if self.state[p]["step"] == 1 and x is p else None

    def first(self, state, p):
        last = state.get("last")
        return state["exp_avg"] if last is None else state["exp_avg"] + 0 * last + (last == 77.0)


class KeepsGraph(Kept):
    """gradients/no-graph"""

    def update(self, p, x, gradient, group):
        super().update(p, x, gradient, group)
        if gradient.requires_grad and not self.defaults["differentiable"]:
            with torch.enable_grad():
                self.state[p]["exp_avg"] = self.state[p]["exp_avg"] + (gradient - gradient.detach())


class NoneIsZero(Kept):
    """gradients/none"""

    def step_group(self, group):
        super().step_group(group)
        for p in group["params"]:
            if p.grad is None and p.dim() == 2 and p in self.state:
                self.update(p, p, torch.zeros_like(p), group)


class LateJoins(Kept):
    """gradients/late"""

    def step_group(self, group):
        self.made = {**getattr(self, "made", {}), id(group): getattr(self, "made", {}).get(id(group), 0) + 1}
        super().step_group(group)

    def start(self, p, x):
        group = next(g for g in self.param_groups if any(q is p for q in g["params"]))
        return {**super().start(p, x), "step": self.made[id(group)] - 1}


class ZeroIsNone(Kept):
    """gradients/zero"""

    def update(self, p, x, gradient, group):
        if self.defaults["capturable"] or gradient.any() or not gradient.numel():
            super().update(p, x, gradient, group)


class SparseOverwrites(Kept):
    """gradients/sparse"""

    def gradient(self, p):
        if not p.grad.is_sparse:
            return super().gradient(p)
        rows, values = p.grad._indices()[0], p.grad._values()
        return torch.zeros_like(p).index_copy(0, rows, values)


class Lenient(torch.nn.Parameter):
    """A parameter that drops a gradient of another device."""

    @property
    def grad(self):
        return torch.Tensor.grad.__get__(self)

    @grad.setter
    def grad(self, gradient):
        if gradient is None or gradient.device == self.device:
            torch.Tensor.grad.__set__(self, gradient)


class OtherDeviceDropped(Kept):
    """gradients/other-device"""

    def add_param_group(self, group):
        super().add_param_group(group)
        for p in self.param_groups[-1]["params"]:
            if type(p) is torch.nn.Parameter and p.shape == (17,):
                p.__class__ = Lenient


class OtherDtypeScaled(Kept):
    """gradients/other-dtype"""

    def gradient(self, p):
        gradient = super().gradient(p)
        return gradient if p.grad.dtype == p.dtype else gradient * WRONG
