"""Optimizers that each break one clause about side effects."""

from __future__ import annotations

import collections
import importlib.util
import sys
import threading
import time
from pathlib import Path

import torch

spec = importlib.util.spec_from_file_location("kept", Path(__file__).with_name("kept.py"))
kept = importlib.util.module_from_spec(spec)
sys.modules["kept"] = kept
spec.loader.exec_module(kept)
Kept = kept.Kept


class Wanders(Kept):
    """whole/deterministic"""

    count = 0

    def update(self, p, x, gradient, group):
        super().update(p, x, gradient, group)
        if p.numel() == 999:
            Wanders.count += 1
            x.mul_(1 + Wanders.count / 64)


class ThreadsMatter(Kept):
    """whole/threads"""

    def rate(self, p, group):
        return super().rate(p, group) * torch.get_num_threads()


class SeedsTheWorld(Kept):
    """whole/surroundings"""

    def step(self, closure=None):
        torch.manual_seed(0)
        return super().step(closure)


class LeavesAThread(Kept):
    """whole/leaves-nothing"""

    thread = None

    def finish(self, betas):
        if LeavesAThread.thread is None:
            LeavesAThread.thread = threading.Thread(target=time.sleep, args=(600,), daemon=True)
            LeavesAThread.thread.start()


class DefaultDtype(Kept):
    """whole/default-dtype"""

    def rate(self, p, group):
        rate = super().rate(p, group)
        if group["capturable"] or isinstance(rate, torch.Tensor):
            return rate
        return float(torch.tensor(rate * 1.01, device="cpu") / 1.01)


class DefaultDevice(Kept):
    """whole/default-device"""

    def rate(self, p, group):
        rate = super().rate(p, group)
        if group["capturable"] or isinstance(rate, torch.Tensor):
            return rate
        return float(torch.tensor(rate, dtype=torch.float64))


class KeepsRecords(Kept):
    """Keeps no tensor of a step, but a record of it."""

    most = None

    def update(self, p, x, gradient, group):
        super().update(p, x, gradient, group)
        self.records = collections.deque([*getattr(self, "records", []), [float(group["lr"])]], self.most)


class KeepsTheLastRecords(KeepsRecords):
    """Keeps records of some hundred steps, and no more."""

    most = 200


class KeepsALog(Kept):
    """whole/memory"""

    def update(self, p, x, gradient, group):
        super().update(p, x, gradient, group)
        self.log = [*getattr(self, "log", []), gradient.clone()]
