"""The AdamW from which the right optimizers of odd build are made."""

from __future__ import annotations

import torch

NOT_NEGATIVE, BELOW_ONE = "[0, inf)", "[0, 1)"


def within(name, value, legal=NOT_NEGATIVE):
    if not (value >= 0.0 and (legal == NOT_NEGATIVE or value < 1.0)):
        raise ValueError(f"{name} of {value} is not in {legal}")


def adamw(x, gradient, first, second, count, lr, beta1, beta2, eps, decay):
    first.mul_(beta1).add_(gradient, alpha=1 - beta1)
    second.mul_(beta2).addcmul_(gradient, gradient, value=1 - beta2)
    below = second.sqrt().div_((1 - beta2**count) ** 0.5).add_(eps)
    x.mul_(1 - lr * decay).addcdiv_(first, below, value=-lr / (1 - beta1**count))


def numbers(*settings):
    return [float(setting) for setting in settings]


class AdamW(torch.optim.Optimizer):
    """Its step count is a Python number."""

    rule = ("adamw", {})

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2):
        self.checked(lr, *betas, eps, weight_decay)
        self.begin()
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay})

    def begin(self):
        """Make what belongs to the optimizer and to no parameter."""

    def checked(self, lr, beta1, beta2, eps, decay):
        within("lr", lr)
        within("betas[0]", beta1, BELOW_ONE)
        within("betas[1]", beta2, BELOW_ONE)
        within("eps", eps)
        within("weight_decay", decay)

    @torch.no_grad()
    def step(self, closure=None):
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    self.update(p, self.gradient(p), group)
        return loss

    def gradient(self, p):
        if p.grad.is_sparse:
            raise RuntimeError("sparse gradients are not supported")
        if p.is_complex():
            raise RuntimeError("complex parameters are not supported")
        return p.grad.to(p.dtype)

    def settings(self, group):
        return numbers(group["lr"], *group["betas"], group["eps"], group["weight_decay"])

    def kept(self, p, group):
        state = self.state[p]
        if not state:
            state.update(step=0, exp_avg=torch.zeros_like(p), exp_avg_sq=torch.zeros_like(p))
        state["step"] += 1
        return state["exp_avg"], state["exp_avg_sq"], state["step"]

    def update(self, p, gradient, group):
        adamw(p, gradient, *self.kept(p, group), *self.settings(group))
