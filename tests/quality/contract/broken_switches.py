"""An optimizer that takes a switch from its constructor, whatever a group says."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

spec = importlib.util.spec_from_file_location("kept", Path(__file__).with_name("kept.py"))
kept = importlib.util.module_from_spec(spec)
sys.modules["kept"] = kept
spec.loader.exec_module(kept)


class ConstructorsMaximize(kept.Kept):
    """Its groups hold a `maximize` that no step reads."""

    def update(self, p, x, gradient, group):
        super().update(p, x, gradient, {**group, "maximize": self.defaults["maximize"]})
