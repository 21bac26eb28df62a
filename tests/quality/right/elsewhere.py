"""Right optimizers that keep other things than others do, and compute elsewhere."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parent))  # a worker loads each file by itself

from right_adamw import AdamW, adamw


class PacksMoments(AdamW):
    """Both moments lie beside each other in one tensor."""

    def kept(self, p, group):
        state = self.state[p]
        if not state:
            state.update(step=0, moments=torch.zeros(2, *p.shape, dtype=p.dtype, device=p.device))
        state["step"] += 1
        return *state["moments"], state["step"]


class KeepsObjects(AdamW):
    """It keeps an object of its own for each parameter, of which a checkpoint has the parts."""

    def kept(self, p, group):
        state = self.state[p]
        if not state:
            state["slots"] = SimpleNamespace(mean=torch.zeros_like(p), square=torch.zeros_like(p), made=0)
        slots = state["slots"]
        slots.made += 1
        return slots.mean, slots.square, slots.made

    def state_dict(self):
        usual = super().state_dict()
        parts = {place: dict(vars(state["slots"])) for place, state in usual["state"].items()}
        return {**usual, "state": parts}

    def load_state_dict(self, state_dict):
        super().load_state_dict(state_dict)
        for p, parts in list(self.state.items()):
            self.state[p] = {"slots": SimpleNamespace(**parts)}


class ByNumpy(AdamW):
    """NumPy computes its step, of a half format in single precision."""

    def update(self, p, gradient, group):
        first, second, count = self.kept(p, group)
        lr, beta1, beta2, eps, decay = self.settings(group)
        wide = torch.float32 if p.dtype in {torch.float16, torch.bfloat16} else p.dtype
        x, g, m, v = (each.detach().to("cpu", wide).numpy().copy() for each in (p, gradient, first, second))
        kind = x.dtype.type
        m = kind(beta1) * m + kind(1 - beta1) * g
        v = kind(beta2) * v + kind(1 - beta2) * g * g
        below = v**0.5 / kind((1 - beta2**count) ** 0.5) + kind(eps)
        x = kind(1 - lr * decay) * x - kind(lr / (1 - beta1**count)) * (m / below)
        for kept, value in ((first, m), (second, v), (p, x)):
            kept.copy_(torch.from_numpy(np.atleast_1d(value)).reshape(kept.shape))


class OnData(AdamW):
    """It writes into the data of parameters, with lists of tensors, and needs no mode without gradients."""

    def step(self, closure=None):
        loss = None if closure is None else torch.enable_grad()(closure)()
        for group in self.param_groups:
            members = [p for p in group["params"] if p.grad is not None]
            for p in members:
                adamw(p.data, self.gradient(p).data, *self.kept(p.data, p, group), *self.settings(group))
        return loss

    def kept(self, data, p, group):
        state = self.state[p]
        if not state:
            state.update(step=0, exp_avg=torch.zeros_like(data), exp_avg_sq=torch.zeros_like(data))
        state["step"] += 1
        return state["exp_avg"], state["exp_avg_sq"], state["step"]


class InDouble(AdamW):
    """Its moments are in double precision, and so is all that it computes."""

    def kept(self, p, group):
        state = self.state[p]
        if not state:
            zeros = torch.zeros_like(p, dtype=torch.float64)
            state.update(step=0, exp_avg=zeros, exp_avg_sq=zeros.clone())
        state["step"] += 1
        return state["exp_avg"], state["exp_avg_sq"], state["step"]

    def update(self, p, gradient, group):
        x = p.double()
        adamw(x, gradient.double(), *self.kept(p, group), *self.settings(group))
        p.copy_(x)

    def load_state_dict(self, state_dict):
        super().load_state_dict(state_dict)
        for p, state in self.state.items():
            saved = state_dict["state"][self.place(p)]
            state.update(exp_avg=saved["exp_avg"].clone(), exp_avg_sq=saved["exp_avg_sq"].clone())

    def place(self, p):
        return next(n for n, q in enumerate(q for group in self.param_groups for q in group["params"]) if q is p)
