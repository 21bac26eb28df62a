"""An AdamW that keeps every clause of the contract, with places where a violation can enter."""

from __future__ import annotations

import copy

import torch

RANGES = {"lr": (0.0, None), "betas": (0.0, 1.0), "eps": (0.0, None), "weight_decay": (0.0, None)}


def own(value):
    """A copy that shares nothing which can be changed."""
    if isinstance(value, torch.Tensor):
        return value.detach().clone()
    return tuple(own(item) for item in value) if isinstance(value, (list, tuple)) else value


class Kept(torch.optim.Optimizer):
    def __init__(
        self,
        params,
        lr: float | torch.Tensor = 1e-3,
        betas: tuple[float | torch.Tensor, float | torch.Tensor] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
        *,
        maximize: bool = False,
        foreach: bool = False,
        fused: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ):
        settings = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        self.check(settings)
        paths = {"maximize": maximize, "foreach": foreach, "fused": fused, "differentiable": differentiable}
        paths["capturable"] = capturable
        self._step_supports_amp_scaling = bool(fused)
        super().__init__(params, {**{key: own(value) for key, value in settings.items()}, **paths})
        self.finish(betas)

    def finish(self, betas):
        return None

    def check(self, settings):
        for name, (low, high) in RANGES.items():
            values = settings.get(name, ())
            for value in values if isinstance(values, (list, tuple)) else (values,):
                if not (value >= low and (high is None or value < high)):
                    raise ValueError(self.complaint(name, value, f"[{low}, {'∞' if high is None else high})"))

    def complaint(self, name, value, legal):
        return f"{name} of {value} is not in {legal}; give a value that is"

    def add_param_group(self, param_group):
        self.check_group(param_group)
        filled = {**{key: self.owned(value) for key, value in self.defaults.items()}, **param_group}
        filled = {k: v if k == "params" else self.owned(v) for k, v in filled.items()}
        super().add_param_group({**filled, "params": self.unrepeated(filled["params"])})

    def unrepeated(self, params):
        params = [params] if isinstance(params, torch.Tensor) else list(params)
        if len({id(p) for p in params}) < len(params):
            raise ValueError("a tensor is twice in a group; give it once")
        return params

    def check_group(self, group):
        self.check(group)

    def owned(self, value):
        return own(value)

    def load_state_dict(self, state_dict):
        super().load_state_dict(copy.deepcopy(state_dict))

    def step(self, closure=None):
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        if getattr(self, "found_inf", None) is not None and bool(self.found_inf):
            return self.skipped(loss)
        with torch.set_grad_enabled(bool(self.defaults.get("differentiable"))):
            for group in self.param_groups:
                self.step_group(group)
        return loss

    def skipped(self, loss):
        return loss

    def step_group(self, group):
        for p in group["params"]:
            if p.grad is not None:
                self.step_parameter(p, self.gradient(p), group)

    def gradient(self, p):
        if p.grad.is_sparse:
            raise RuntimeError("this optimizer takes no sparse gradients")
        gradient = p.grad.to(p.dtype)
        scale = getattr(self, "grad_scale", None)
        return gradient if scale is None else gradient / scale

    def step_parameter(self, p, gradient, group):
        if torch.is_complex(p):
            pair = torch.view_as_real(p), torch.view_as_real(gradient)
            return self.update(p, *pair, group)
        return self.update(p, p, gradient, group)

    def start(self, p, x):
        return {"step": 0, "exp_avg": torch.zeros_like(x, device=x.device), "exp_avg_sq": torch.zeros_like(x)}

    def update(self, p, x, gradient, group):
        state = self.state[p]
        if not state:
            state.update(self.start(p, x))
        state["step"] += 1
        t, lr, decay = state["step"], self.rate(p, group), self.decay(p, group)
        beta1, beta2 = self.rates(group)
        if group["maximize"]:
            gradient = -gradient
        self.store(state, "exp_avg", self.first(state, p).mul(beta1).add(gradient, alpha=1 - beta1))
        second = state["exp_avg_sq"].mul(beta2).addcmul(gradient, gradient, value=1 - beta2)
        self.store(state, "exp_avg_sq", second)
        denominator = second.sqrt().div((1 - beta2**t) ** 0.5).add(self.epsilon(group))
        self.write(p, x, state["exp_avg"], denominator, decay, lr, lr / (1 - beta1**t))

    def write(self, p, x, average, denominator, decay, lr, size):
        x.mul_(1 - lr * decay).sub_(average / denominator * size)

    def first(self, state, p):
        return state["exp_avg"]

    def store(self, state, key, value):
        state[key] = value

    def rate(self, p, group):
        lr = group["lr"]
        return lr if isinstance(lr, torch.Tensor) and lr.requires_grad else float(lr)

    def rates(self, group):
        return tuple(float(beta) for beta in group["betas"])

    def decay(self, p, group):
        return group["weight_decay"]

    def epsilon(self, group):
        return group["eps"]
