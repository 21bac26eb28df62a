"""Optimizers that each break one clause about memory layouts."""

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


class Laid(Kept):
    """Moves an element where `wrong` says so."""

    def update(self, p, x, gradient, group):
        super().update(p, x, gradient, group)
        if self.wrong(p, p.grad):
            x[tuple(-1 for _ in x.shape)] *= WRONG


class Transposed(Laid):
    """layout/transposed"""

    def wrong(self, p, g):
        return p.dim() == 2 and not p.is_contiguous() and not g.is_contiguous()


class ChannelsLast(Laid):
    """layout/channels-last"""

    def wrong(self, p, g):
        return p.dim() == 4 and not p.is_contiguous()


class StridedParameter(Laid):
    """layout/strided-parameter"""

    def wrong(self, p, g):
        return p.dim() == 1 and p.stride()[0] == 2


class StorageOffset(Laid):
    """layout/storage-offset"""

    def wrong(self, p, g):
        return p.storage_offset() > 0


class GradientTransposed(Laid):
    """layout/gradient-transposed"""

    def wrong(self, p, g):
        return p.dim() == 2 and p.is_contiguous() and not g.is_contiguous() and 0 not in g.stride()


class GradientChannelsLast(Laid):
    """layout/gradient-channels-last"""

    def wrong(self, p, g):
        return p.dim() == 4 and p.is_contiguous() and not g.is_contiguous()


class GradientStrided(Laid):
    """layout/gradient-strided"""

    def wrong(self, p, g):
        return g.dim() == 1 and g.stride()[0] == 2


class GradientOffset(Laid):
    """layout/gradient-offset"""

    def wrong(self, p, g):
        return g.storage_offset() > 0


class GradientExpanded(Laid):
    """layout/gradient-expanded"""

    def wrong(self, p, g):
        return g.dim() == 2 and g.stride()[0] == 0


class GradientContiguous(Laid):
    """layout/gradient-contiguous"""

    def wrong(self, p, g):
        return p.dim() == 2 and not p.is_contiguous() and g.is_contiguous()
