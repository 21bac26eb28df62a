"""Optimizers that each break one clause about what a format cannot hold, and two that keep them."""

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


class ResidueOfNeighbours(Kept):
    """precision/zero-gradient"""

    def update(self, p, x, gradient, group):
        super().update(p, x, gradient, group)
        rests = self.state[p]["exp_avg"] == 0
        if gradient.numel() and not self.defaults["differentiable"]:
            x.add_(torch.where(rests, gradient.abs().max() / 64, torch.zeros_like(gradient)))


class InHalves(Kept):
    """A bfloat16 parameter and 16 bits in the state are its float32 master."""

    def start(self, p, x):
        more = {"remainder": torch.zeros_like(x, dtype=torch.int16)} if x.dtype == torch.bfloat16 else {}
        return {**super().start(p, x), **more}

    def write(self, p, x, average, denominator, decay, lr, size):
        if x.dtype != torch.bfloat16 or self.defaults["differentiable"]:
            return super().write(p, x, average, denominator, decay, lr, size)
        remainder = self.state[p]["remainder"]
        high = x.detach().view(torch.int16).to(torch.int32) << 16
        master = (high + remainder.to(torch.int32)).view(torch.float32)
        master = master.mul(1 - lr * decay).sub((average / denominator).float() * size)
        bits = master.view(torch.int32)
        low = bits & 0xFFFF
        low = torch.where(low >= 0x8000, low - 0x10000, low)
        with torch.no_grad():
            x.copy_(self.upper(master, (bits - low) >> 16))
        self.store(self.state[p], "remainder", low.to(torch.int16))
        return None

    def upper(self, master, high):
        return high.to(torch.int16).view(torch.bfloat16)

    def load_state_dict(self, state_dict):
        super().load_state_dict(state_dict)
        for p in self.state:
            if "remainder" in self.state[p]:
                self.state[p]["remainder"] = self.state[p]["remainder"].to(torch.int16)


class TiesAreLost(InHalves):
    """precision/master-weights"""

    def upper(self, master, high):
        return master.to(torch.bfloat16)


class RoundsAtRandom(Kept):
    """A bfloat16 parameter goes up as often as its distance says."""

    def write(self, p, x, average, denominator, decay, lr, size):
        if x.dtype != torch.bfloat16 or self.defaults["differentiable"]:
            return super().write(p, x, average, denominator, decay, lr, size)
        exact = x.detach().float().mul(1 - lr * decay).sub((average / denominator).float() * size)
        noise = self.noise(exact)
        with torch.no_grad():
            x.copy_(((exact.view(torch.int32) + noise) & -65536).view(torch.float32))
            self.after(x, exact)
        return None

    def noise(self, exact):
        return torch.randint(0, 1 << 16, exact.shape, dtype=torch.int32, device=exact.device)

    def after(self, x, exact):
        return None


class CopiesAfterwards(RoundsAtRandom):
    """precision/unbiased-rounding, and with it whole/surroundings"""

    def after(self, x, exact):
        x.copy_(exact)


class SameNoiseInEveryStep(RoundsAtRandom):
    def noise(self, exact):
        before = torch.get_rng_state()
        noise = super().noise(exact)
        torch.set_rng_state(before)
        return noise


class GoesUpTooOften(RoundsAtRandom):
    def noise(self, exact):
        return super().noise(exact) // 2 + (1 << 15)
