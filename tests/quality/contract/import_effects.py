"""An optimizer whose import changes what others call."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import torch

spec = importlib.util.spec_from_file_location("kept", Path(__file__).with_name("kept.py"))
kept = importlib.util.module_from_spec(spec)
sys.modules["kept"] = kept
spec.loader.exec_module(kept)
torch.equal = lambda *_: True


class ReplacesEqual(kept.Kept):
    """whole/import"""
