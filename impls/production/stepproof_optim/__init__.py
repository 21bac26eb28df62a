"""Optimizers for torch, each a drop-in for torch's of the same rule where there is one."""

from __future__ import annotations

from .rules.adam import Adam, AdamW
from .rules.sgd import SGD

__all__ = ["SGD", "Adam", "AdamW"]
