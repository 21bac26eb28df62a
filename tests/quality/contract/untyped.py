"""Optimizers whose betas have no type with a Tensor, whatever else is written beside them."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Annotated

import torch

spec = importlib.util.spec_from_file_location("kept", Path(__file__).with_name("kept.py"))
kept = importlib.util.module_from_spec(spec)
sys.modules["kept"] = kept
spec.loader.exec_module(kept)
Kept = kept.Kept


class TakesTensors(Kept):
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        super().__init__(params, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)


class RefusesTensors(TakesTensors):
    def check(self, settings):
        if any(isinstance(beta, torch.Tensor) for beta in settings.get("betas", ())):
            raise TypeError("betas are numbers alone")
        super().check(settings)


class SaysThatItRefuses(RefusesTensors):
    def __init__(self, params, betas: Annotated[tuple[float, float], "numbers, no Tensor"] = (0.9, 0.999), **settings):
        super().__init__(params, betas=betas, **settings)


class WrongWithTensors(TakesTensors):
    def rates(self, group):
        beta1, beta2 = Kept.rates(self, group)
        return (beta1, beta1) if isinstance(group["betas"][1], torch.Tensor) else (beta1, beta2)


class TypedAndWrong(Kept):
    """Its constructor is written in another module, whose names its types have."""

    def rates(self, group):
        return WrongWithTensors.rates(self, group)
