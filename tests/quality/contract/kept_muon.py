"""A Muon that keeps every clause of the contract, with places where a violation can enter."""

from __future__ import annotations

import importlib.util
import math
import sys
from pathlib import Path

import torch

spec = importlib.util.spec_from_file_location("kept", Path(__file__).with_name("kept.py"))
kept = importlib.util.module_from_spec(spec)
sys.modules["kept"] = kept
spec.loader.exec_module(kept)

RANGES = {"lr": (0.0, None), "momentum": (0.0, 1.0), "eps": (0.0, None), "weight_decay": (0.0, None)}


class KeptMuon(kept.Kept):
    def __init__(
        self,
        params,
        lr: float | torch.Tensor = 1e-3,
        weight_decay: float = 0.1,
        momentum: float = 0.95,
        ns_coefficients: tuple[float, float, float] = (3.4445, -4.775, 2.0315),
        eps: float = 1e-7,
    ):
        settings = {"lr": lr, "weight_decay": weight_decay, "momentum": momentum, "eps": eps}
        settings |= {"ns_coefficients": ns_coefficients}
        self.check(settings)
        self._step_supports_amp_scaling = False
        torch.optim.Optimizer.__init__(self, params, {key: kept.own(value) for key, value in settings.items()})

    def check(self, settings):
        for name, (low, high) in RANGES.items():
            value = settings.get(name, low)
            if not (value >= low and (high is None or value < high)):
                raise ValueError(self.complaint(name, value, f"[{low}, {'∞' if high is None else high})"))
        for value in settings.get("ns_coefficients", ()):
            if not math.isfinite(value):
                raise ValueError(self.complaint("ns_coefficients", value, "(-inf, inf), all that is finite"))

    def step_parameter(self, p, gradient, group):
        if p.ndim < 2:
            raise ValueError(f"a parameter of {p.ndim} dimensions is no matrix; give it to another optimizer")
        if p.numel():
            self.update(p, p, gradient, group)

    def update(self, p, x, gradient, group):
        state, mu = self.state[p], group["momentum"]
        if not state:
            state["momentum_buffer"] = torch.zeros_like(x)
        self.store(state, "momentum_buffer", self.averaged(state["momentum_buffer"], gradient, 1 - mu))
        ahead = self.averaged(gradient, state["momentum_buffer"], mu)
        matrix = ahead.flatten(1)
        lr = self.rate(p, group)
        direction = self.orthogonal(matrix, group) * (lr * self.scale(p, matrix))
        x.mul_(1 - lr * self.decay(p, group)).sub_(direction.reshape(x.shape))

    def averaged(self, one, other, weight):
        return one.lerp(other, weight)

    def orthogonal(self, matrix, group):
        a, b, c = group["ns_coefficients"]
        x = matrix.bfloat16()
        x = x.mT if matrix.size(0) > matrix.size(1) else x
        x = x / x.norm().clamp(min=group["eps"])
        for _ in range(5):
            gram = x @ x.mT
            x = torch.addmm(x, torch.addmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
        return (x.mT if matrix.size(0) > matrix.size(1) else x).to(matrix.dtype)

    def scale(self, p, matrix):
        return math.sqrt(max(1, matrix.size(0) / matrix.size(1)))
