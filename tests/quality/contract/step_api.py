"""Optimizers that each break one clause about the step as it is called."""

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


class SlowPath(Kept):
    """whole/paths-agree, and with it state/other-path"""

    def rate(self, p, group):
        return super().rate(p, group) * (WRONG if group["foreach"] else 1)


class ForgetsLoss(Kept):
    """whole/closure"""

    def step(self, closure=None):
        super().step(closure)


class NoPostHook(Kept):
    """whole/step-hooks"""

    def register_step_post_hook(self, hook):
        handle = super().register_step_post_hook(hook)
        handle.remove()
        return handle


class DropsHookArguments(Kept):
    """whole/hook-arguments"""

    def register_step_pre_hook(self, hook):
        def without_result(*given):
            hook(*given)

        return super().register_step_pre_hook(without_result)


class AlwaysNone(Kept):
    """whole/zero-grad"""

    def zero_grad(self, set_to_none=True):
        super().zero_grad(set_to_none=True)


class NewMemory(Kept):
    """whole/in-place"""

    def update(self, p, x, gradient, group):
        super().update(p, x, gradient, group)
        if p.is_leaf:
            p.data = p.data.clone()


class ForgetsADerivative(Kept):
    """whole/differentiable"""

    def write(self, p, x, average, denominator, decay, lr, size):
        super().write(p, x, average, denominator.detach(), decay, lr, size)


class KeepsNewTensors(Kept):
    """whole/captured"""

    def store(self, state, key, value):
        state[key] = value.clone()


class ReadsTheGradient(Kept):
    """whole/no-synchronisation"""

    def gradient(self, p):
        gradient = super().gradient(p)
        finite = not self.defaults["capturable"] or bool(gradient.isfinite().all())
        return gradient if finite else gradient.nan_to_num()
