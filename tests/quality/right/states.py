"""Right optimizers that keep their state in their own way."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parent))  # a worker loads each file by itself

from right_adamw import AdamW, adamw, numbers

SERIAL = itertools.count(1000)


class CountedByOptimizer(AdamW):
    """Its step counts are an attribute of the optimizer, and a part of its own in a checkpoint."""

    def begin(self):
        self.counts = {}

    def kept(self, p, group):
        state = self.state[p]
        if not state:
            state.update(exp_avg=torch.zeros_like(p), exp_avg_sq=torch.zeros_like(p))
        self.counts[p] = self.counts.get(p, 0) + 1
        return state["exp_avg"], state["exp_avg_sq"], self.counts[p]

    def members(self):
        return [p for group in self.param_groups for p in group["params"]]

    def state_dict(self):
        return {**super().state_dict(), "counts": [self.counts.get(p, 0) for p in self.members()]}

    def load_state_dict(self, state_dict):
        super().load_state_dict({key: value for key, value in state_dict.items() if key != "counts"})
        counted = zip(self.members(), state_dict["counts"], strict=True)
        self.counts = {p: count for p, count in counted if count}

    def __getstate__(self):
        return {**super().__getstate__(), "counts": self.counts}


class RunningProducts(AdamW):
    """It multiplies the powers of the betas step by step, and computes them anew where a beta has changed."""

    def kept(self, p, group):
        state = self.state[p]
        if not state:
            state.update(step=0, exp_avg=torch.zeros_like(p), exp_avg_sq=torch.zeros_like(p))
            state.update(factors=[0.0, 0.0], powers=[1.0, 1.0])
        state["step"] += 1
        betas = numbers(*group["betas"])
        if state["factors"] != betas:
            state.update(factors=betas, powers=[beta ** (state["step"] - 1) for beta in betas])
        state["powers"] = [power * beta for power, beta in zip(state["powers"], betas, strict=True)]
        return state["exp_avg"], state["exp_avg_sq"], state["powers"]

    def update(self, p, gradient, group):
        first, second, (power1, power2) = self.kept(p, group)
        lr, beta1, beta2, eps, decay = self.settings(group)
        first.mul_(beta1).add_(gradient, alpha=1 - beta1)
        second.mul_(beta2).addcmul_(gradient, gradient, value=1 - beta2)
        below = second.sqrt().div_((1 - power2) ** 0.5).add_(eps)
        p.mul_(1 - lr * decay).addcdiv_(first, below, value=-lr / (1 - power1))


class NestedState(AdamW):
    """Its moments are in a dictionary of their own, inside the state of the parameter."""

    def kept(self, p, group):
        state = self.state[p]
        if not state:
            state["count"] = {"steps": 0}
            state["moments"] = {"first": torch.zeros_like(p), "second": torch.zeros_like(p)}
        state["count"]["steps"] += 1
        return *state["moments"].values(), state["count"]["steps"]


class OwnDictionary(AdamW):
    """All its state is in a dictionary of its own, keyed by parameter, that goes into a checkpoint by place."""

    def begin(self):
        self.moments = {}

    def kept(self, p, group):
        mine = self.moments.setdefault(p, {"t": 0, "m": torch.zeros_like(p), "v": torch.zeros_like(p)})
        mine["t"] += 1
        return mine["m"], mine["v"], mine["t"]

    def state_dict(self):
        places = {p: place for place, p in enumerate(q for group in self.param_groups for q in group["params"])}
        moments = {places[p]: {"t": m["t"], "m": m["m"], "v": m["v"]} for p, m in self.moments.items()}
        return {**super().state_dict(), "moments": moments}

    def load_state_dict(self, state_dict):
        super().load_state_dict({key: value for key, value in state_dict.items() if key != "moments"})
        members = [p for group in self.param_groups for p in group["params"]]
        self.moments = {
            members[place]: {"t": kept["t"], "m": kept["m"].clone(), "v": kept["v"].clone()}
            for place, kept in state_dict["moments"].items()
        }

    def __getstate__(self):
        return {**super().__getstate__(), "moments": self.moments}


class MasterWeights(AdamW):
    """Of a parameter in half precision it keeps one in float32, which takes the steps."""

    def kept(self, p, group):
        state = self.state[p]
        if not state:
            state["master"] = p.detach().float() if p.dtype in {torch.float16, torch.bfloat16} else None
            x = p if state["master"] is None else state["master"]
            state.update(step=0, exp_avg=torch.zeros_like(x), exp_avg_sq=torch.zeros_like(x))
        state["step"] += 1
        return state["exp_avg"], state["exp_avg_sq"], state["step"]

    def update(self, p, gradient, group):
        first, second, count = self.kept(p, group)
        master = self.state[p]["master"]
        x = p if master is None else master
        adamw(x, gradient.to(x.dtype), first, second, count, *self.settings(group))
        if master is not None:
            p.copy_(master)


class StateInConstructor(AdamW):
    """Every state is there before the first step."""

    def add_param_group(self, param_group):
        super().add_param_group(param_group)
        for p in self.param_groups[-1]["params"]:
            self.state[p].update(step=0, exp_avg=torch.zeros_like(p), exp_avg_sq=torch.zeros_like(p))


class KeepsMore(AdamW):
    """It keeps the last gradient, a serial number and a count of calls, which no formula reads."""

    def begin(self):
        self.calls = 0

    def kept(self, p, group):
        self.calls += 1
        state = self.state[p]
        state.setdefault("serial", next(SERIAL))
        if "step" not in state:
            state.update(step=0, exp_avg=torch.zeros_like(p), exp_avg_sq=torch.zeros_like(p))
        state["step"] += 1
        state.update(last_gradient=p.grad.clone(), calls=self.calls)
        return state["exp_avg"], state["exp_avg_sq"], state["step"]

    def __getstate__(self):
        return {**super().__getstate__(), "calls": self.calls}


class CachesFactors(AdamW):
    """It caches the factors of a step by settings and count, in an attribute that no checkpoint holds."""

    def begin(self):
        self.factors = {}

    def __setstate__(self, state):
        super().__setstate__(state)
        self.factors = {}

    def update(self, p, gradient, group):
        first, second, count = self.kept(p, group)
        lr, beta1, beta2, eps, decay = key = tuple(self.settings(group))
        if (key, count) not in self.factors:
            self.factors[key, count] = lr / (1 - beta1**count), (1 - beta2**count) ** 0.5
        size, root = self.factors[key, count]
        first.mul_(beta1).add_(gradient, alpha=1 - beta1)
        second.mul_(beta2).addcmul_(gradient, gradient, value=1 - beta2)
        p.mul_(1 - lr * decay).addcdiv_(first, second.sqrt().div_(root).add_(eps), value=-size)


class PlainCheckpoint(AdamW):
    """Its checkpoint has a format of its own: Python numbers alone, a row for each parameter."""

    def state_dict(self):
        usual = super().state_dict()
        rows = {place: self.written(state) for place, state in usual["state"].items()}
        return {"rows": rows, "settings": usual["param_groups"]}

    def written(self, state):
        return [state["step"], *(state[name].flatten().tolist() for name in ("exp_avg", "exp_avg_sq"))]

    def load_state_dict(self, state_dict):
        members = [p for group in self.param_groups for p in group["params"]]
        read = {place: self.read(row, members[place]) for place, row in state_dict["rows"].items()}
        super().load_state_dict({"state": read, "param_groups": state_dict["settings"]})

    def read(self, row, p):
        first, second = (torch.tensor(values, dtype=p.dtype).reshape(p.shape) for values in row[1:])
        return {"step": row[0], "exp_avg": first, "exp_avg_sq": second}


class Slotted(AdamW):
    """Its own attributes are slots."""

    __slots__ = ("longest",)

    def begin(self):
        self.longest = 0

    def kept(self, p, group):
        self.longest = max(self.longest, p.numel())
        return super().kept(p, group)

    def __setstate__(self, state):
        super().__setstate__(state)
        self.longest = 0
