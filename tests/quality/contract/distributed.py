"""Optimizers that each break one clause about two processes."""

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


class Distributed(Kept):
    """Steps too far in a group of processes, where `wrong` says so."""

    def rate(self, p, group):
        together = torch.distributed.is_initialized() and self.wrong(p, len(group["params"]))
        return super().rate(p, group) * (WRONG if together else 1)


class AveragedWrong(Distributed):
    """distributed/data-parallel"""

    def wrong(self, p, count):
        return count == 2 and type(p) is torch.nn.Parameter


class OneShardWrong(Distributed):
    """distributed/zero-redundancy"""

    def wrong(self, p, count):
        return count == 1


class ShardsWrong(Distributed):
    """distributed/sharded"""

    def wrong(self, p, count):
        return type(p.data) is not torch.Tensor


class KeepsALogOfShards(Distributed):
    """distributed/memory"""

    def wrong(self, p, count):
        return False

    def update(self, p, x, gradient, group):
        super().update(p, x, gradient, group)
        if type(p.data) is not torch.Tensor:
            self.log = [*getattr(self, "log", []), [tuple(p.shape), float(group["lr"])]]
