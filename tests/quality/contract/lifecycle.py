"""Optimizers that each break one clause about a whole life."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

spec = importlib.util.spec_from_file_location("kept", Path(__file__).with_name("kept.py"))
kept = importlib.util.module_from_spec(spec)
sys.modules["kept"] = kept
spec.loader.exec_module(kept)
Kept = kept.Kept
WRONG = 1 + 1 / 16


class ZeroGradDoubles(Kept):
    """life/interleaved"""

    def zero_grad(self, set_to_none=True):
        super().zero_grad(set_to_none)
        self.cleared = True

    def rate(self, p, group):
        return super().rate(p, group) * (WRONG if getattr(self, "cleared", False) else 1)
