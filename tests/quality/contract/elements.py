"""Optimizers that each break one clause about elements."""

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
spec = importlib.util.spec_from_file_location("kept_muon", Path(__file__).with_name("kept_muon.py"))
kept_muon = importlib.util.module_from_spec(spec)
sys.modules["kept_muon"] = kept_muon
spec.loader.exec_module(kept_muon)
WRONG = 1 + 1 / 16


class NaNSpreads(Kept):
    """elements/own-history"""

    def update(self, p, x, gradient, group):
        super().update(p, x, gradient, group)
        x.add_(0 * gradient.sum())


class ReplacesNaN(Kept):
    """elements/not-finite"""

    def gradient(self, p):
        gradient = super().gradient(p)
        return torch.where(gradient.isfinite(), gradient, torch.zeros_like(gradient))


class FirstElementFavoured(Kept):
    """elements/order"""

    def update(self, p, x, gradient, group):
        super().update(p, x, gradient, group)
        if p.numel() == 67:
            x.view(-1)[0] *= WRONG


class PrimeSizeWrong(Kept):
    """elements/sizes"""

    def update(self, p, x, gradient, group):
        super().update(p, x, gradient, group)
        if p.numel() == 1021:
            x.view(-1)[-1] *= WRONG


class FirstTensorsOnly(Kept):
    """elements/many-tensors"""

    def step_group(self, group):
        super().step_group(group)
        for p in group["params"][256:]:
            p.mul_(WRONG)


class ManyDimensionsWrong(Kept):
    """elements/shapes"""

    def rate(self, p, group):
        return super().rate(p, group) * (WRONG if p.dim() == 5 else 1)


class ComplexSquared(Kept):
    """elements/complex"""

    def step_parameter(self, p, gradient, group):
        self.update(p, p, gradient, group)


class RefusesNumbers(Kept):
    """elements/every-parameter"""

    def unrepeated(self, params):
        params = super().unrepeated(params)
        if any(isinstance(p, torch.Tensor) and p.dim() == 0 for p in params):
            raise ValueError("a parameter of no dimension is not taken; give one of one element")
        return params


class ScaledByTheKernel(kept_muon.KeptMuon):
    """elements/flattened"""

    def scale(self, p, matrix):
        return super().scale(p, p.detach().flatten(0, -3)[0] if p.dim() > 2 else matrix)
