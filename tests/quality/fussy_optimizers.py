"""Correct optimizers that refuse something that their rule allows."""

from __future__ import annotations

import importlib.util
import math
import sys
from pathlib import Path

import torch

spec = importlib.util.spec_from_file_location("kept", Path(__file__).with_name("contract") / "kept.py")
kept = importlib.util.module_from_spec(spec)
sys.modules["kept"] = kept
spec.loader.exec_module(kept)
Kept = kept.Kept


class Fussy(Kept):
    """Asks ``takes`` of its settings before anything else."""

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01, amsgrad=False):
        self.takes(lr, betas, weight_decay, amsgrad)
        super().__init__(params, lr, betas, eps, weight_decay)

    def takes(self, lr, betas, weight_decay, amsgrad):
        if amsgrad:
            raise NotImplementedError("amsgrad is to come")


class NoAmsgrad(Fussy):
    """Has a keyword for a switch only to refuse it."""


class Plain(Fussy):
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        super().__init__(params, lr, betas, eps, weight_decay)


class NoZeroRate(Plain):
    def takes(self, lr, betas, weight_decay, amsgrad):
        if not lr > 0:
            raise ValueError(f"lr={lr} is not in (0, inf)")


class RateAsserted(Plain):
    def takes(self, lr, betas, weight_decay, amsgrad):
        assert lr > 0.0


class RateAtMostOne(Plain):
    def takes(self, lr, betas, weight_decay, amsgrad):
        if not 0 <= lr <= 1:
            raise ValueError(f"lr={lr} is not in [0, 1]")


class BetaBelow(Plain):
    def takes(self, lr, betas, weight_decay, amsgrad):
        if not 0 <= betas[0] < 0.95:
            raise ValueError(f"betas[0]={betas[0]} is not in [0, 0.95)")


class NoPair(Plain):
    """Refuses two settings together, each of which it takes alone."""

    def takes(self, lr, betas, weight_decay, amsgrad):
        if betas[0] == 0 and weight_decay < 0.1:
            raise ValueError(f"betas[0]=0 beside weight_decay={weight_decay}")


class NoPairAtAll(Plain):
    """Takes one setting that is not its default, and no second one."""

    def takes(self, lr, betas, weight_decay, amsgrad):
        if (lr, betas[0], weight_decay) not in {(1e-3, betas[0], 0.01), (lr, 0.9, 0.01), (1e-3, 0.9, weight_decay)}:
            raise ValueError("two settings are not to be changed at once")


class NoHalf(Plain):
    def unrepeated(self, params):
        params = super().unrepeated(params)
        if any(isinstance(p, torch.Tensor) and p.dtype == torch.float16 for p in params):
            raise TypeError("parameters of float16 are not supported")
        return params


class NoNumbers(Plain):
    def unrepeated(self, params):
        params = super().unrepeated(params)
        if any(isinstance(p, torch.Tensor) and p.dim() == 0 for p in params):
            raise ValueError("a parameter of no dimension is not supported")
        return params


class CrashesAtZero(Plain):
    """An accident at a legal value is no refusal."""

    def takes(self, lr, betas, weight_decay, amsgrad):
        self.logarithm = math.log(lr) if lr else 1 / lr


class DividesByItsRate(Plain):
    """An accident in a step at a legal value, which the constructor takes."""

    def step(self, closure=None):
        for group in self.param_groups:
            self.share = 1 / group["lr"]
        return super().step(closure)


class NoZeroMomentum(torch.optim.SGD):
    def __init__(self, params, lr=1e-3, momentum=0.9):
        if not momentum > 0:
            raise ValueError(f"momentum={momentum} is not above 0")
        super().__init__(params, lr=lr, momentum=momentum)
