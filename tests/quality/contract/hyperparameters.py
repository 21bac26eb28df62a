"""Optimizers that each break one clause about hyperparameters."""

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


class RateOnce(Kept):
    """hyperparameters/read-anew, and with it whole/differentiable"""

    def rate(self, p, group):
        self.rates_seen = getattr(self, "rates_seen", {})
        return self.rates_seen.setdefault(p, super().rate(p, group))


class DecayOff(Kept):
    """hyperparameters/switched-on"""

    def decay(self, p, group):
        self.off = getattr(self, "off", {})
        return 0 if self.off.setdefault(p, not group["weight_decay"]) else group["weight_decay"]


class TensorRateWrong(Kept):
    """hyperparameters/tensor-lr"""

    def rate(self, p, group):
        rate = super().rate(p, group)
        return rate * WRONG if isinstance(group["lr"], torch.Tensor) and isinstance(rate, float) else rate


class TensorBetasWrong(Kept):
    """hyperparameters/tensor-betas"""

    def rates(self, group):
        beta1, beta2 = super().rates(group)
        return (beta1, beta1) if isinstance(group["betas"][1], torch.Tensor) else (beta1, beta2)


class EpsilonUnchecked(Kept):
    """hyperparameters/refused"""

    def check(self, settings):
        whole = len(settings) > 3
        super().check({k: v for k, v in settings.items() if not (whole and k == "eps")})


class GroupUnchecked(Kept):
    """hyperparameters/refused-in-group"""

    def check_group(self, group):
        return None


class ErrorWithoutValue(Kept):
    """hyperparameters/error-names-value"""

    def complaint(self, name, value, legal):
        return f"{name} is not in {legal}"


class ErrorWithoutRange(Kept):
    """hyperparameters/error-names-range"""

    def complaint(self, name, value, legal):
        return f"{name} of {value} is wrong"


class DocumentedOtherwise(Kept):
    """hyperparameters/defaults-documented"""

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01, *, maximize=False):
        """
        lr (float): the learning rate (default: 1e-3)
        betas (tuple): the decay rates (default: (0.9, 0.999))
        eps (float): keeps the denominator from zero (default: 1e-6)
        """
        super().__init__(params, lr, betas, eps, weight_decay, maximize=maximize)


class ZeroRateMoves(Kept):
    """hyperparameters/zero-lr"""

    def update(self, p, x, gradient, group):
        super().update(p, x, gradient, group)
        if float(group["lr"]) == 0:
            x.mul_(WRONG)


class MaximizeGrows(Kept):
    """hyperparameters/maximize"""

    def decay(self, p, group):
        return -group["weight_decay"] if group["maximize"] else group["weight_decay"]


class RefusesZeroRate(Kept):
    """hyperparameters/whole-domain"""

    def check(self, settings):
        super().check(settings)
        if "lr" in settings and not settings["lr"] > 0:
            raise ValueError(self.complaint("lr", settings["lr"], "(0, ∞)"))
