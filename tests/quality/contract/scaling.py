"""Optimizers that each break one clause about loss scaling and autocast."""

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


class CountsSkipped(Kept):
    """scaling/found-inf, and with it scaling/scaler"""

    def skipped(self, loss):
        for state in self.state.values():
            state["step"] += 1
        return loss


class DividesTwice(Kept):
    """scaling/grad-scale, and with it scaling/scaler"""

    def gradient(self, p):
        gradient = super().gradient(p)
        return gradient / self.grad_scale if getattr(self, "grad_scale", None) is not None else gradient


class IgnoresScaler(Kept):
    """scaling/scaler"""

    def step(self, closure=None, grad_scaler=None):
        return super().step(closure)


class AutocastRounds(Kept):
    """scaling/autocast"""

    def gradient(self, p):
        gradient = super().gradient(p)
        return gradient * WRONG if torch.is_autocast_enabled("cpu") else gradient
