"""Optimizers that each break one clause about the step as it is called."""

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


class KeepsFirstRate(torch.optim.AdamW):
    """whole/captured-settings"""

    KEPT = "lr"

    def step(self, closure=None):
        given = [group[self.KEPT] for group in self.param_groups]
        self.first = getattr(self, "first", None) or [kept.own(value) for value in given]
        self.put(self.first)
        super().step(closure)
        self.put(given)

    def put(self, values):
        for group, value in zip(self.param_groups, values, strict=True):
            group[self.KEPT] = value


class KeepsFirstDecay(KeepsFirstRate):
    """whole/captured-settings"""

    KEPT = "weight_decay"

    @torch.no_grad()
    def put(self, values):
        super().put(values)
        for group in self.param_groups if values is self.first else ():
            for p in (p for p in group["params"] if p.grad is not None):
                p.mul_(1 - group["lr"] * group["weight_decay"])
            group["weight_decay"] = 0.0  # torch's own reads no Tensor there


class KeepsFirstBetas(KeepsFirstRate):
    """whole/captured-settings"""

    KEPT = "betas"


class CountsBesides(torch.optim.AdamW):
    """whole/captured-settings"""

    def step(self, closure=None):
        counts = self.__dict__.setdefault("counts", {})
        for p, state in self.state.items():
            state["step"].copy_(counts.setdefault(p, state["step"].clone()))
        super().step(closure)
        for p, state in self.state.items():
            counts.setdefault(p, state["step"].clone()).copy_(state["step"])


class OwnStream(torch.optim.AdamW):
    """whole/streams"""

    WAITS = False

    def step(self, closure=None):
        module = getattr(torch, self.param_groups[0]["params"][0].device.type)
        current, own = module.current_stream(), self.__dict__.setdefault("own", module.Stream())
        if self.WAITS:
            own.wait_stream(current)
        with module.stream(own):
            super().step(closure)
        if self.WAITS:
            current.wait_stream(own)


class OwnStreamThatWaits(OwnStream):
    WAITS = True
