"""Wrong optimizers, each with one mistake; loaded by path in a worker, with torch alone."""

from __future__ import annotations

import os
import signal
import sys
import time

import torch


class AdamW(torch.optim.Optimizer):
    """A right AdamW in plain tensor operations, with places for mistakes."""

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        defaults = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        for name, value in [*defaults.items(), *(("beta", beta) for beta in betas)]:
            if name != "betas" and not 0 <= value < (1 if name == "beta" else float("inf")):
                raise ValueError(f"{name} is {value}; give 0 or more, and betas below 1")
        super().__init__(params, defaults)

    def count(self, t):
        return t

    def beta_of_square(self, group):
        return group["betas"][1]

    def weight_of_square(self, group):
        return 1 - self.beta_of_square(group)

    def denominator(self, v, correction, eps):
        return v.sqrt() / correction**0.5 + eps

    def decay(self, p, gradient, group):
        p.mul_(1 - group["lr"] * group["weight_decay"])
        return gradient

    def decay_late(self, p, group):
        return None

    def rate(self, group):
        return group["lr"]

    @torch.no_grad()
    def step(self, closure=None):
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    self.update(p, p.grad, group)
        return loss

    def update(self, p, gradient, group):
        state = self.state[p]
        if not state:
            state["step"] = torch.tensor(0.0)
            state["exp_avg"], state["exp_avg_sq"] = torch.zeros_like(p), torch.zeros_like(p)
        state["step"] += 1
        t = self.count(state["step"].item())
        beta1, beta2 = group["betas"][0], self.beta_of_square(group)
        gradient = self.decay(p, gradient, group)
        state["exp_avg"].mul_(beta1).add_(gradient, alpha=1 - beta1)
        weight = self.weight_of_square(group)
        state["exp_avg_sq"].mul_(beta2).addcmul_(gradient, gradient, value=weight)
        first, second = 1 - beta1**t, 1 - group["betas"][1] ** t
        denominator = self.denominator(state["exp_avg_sq"], second, group["eps"])
        p.addcdiv_(state["exp_avg"], denominator, value=-self.rate(group) / first)
        self.decay_late(p, group)


class EpsilonInside(AdamW):
    def denominator(self, v, correction, eps):
        return (v / correction + eps).sqrt()


class StepMinusOne(AdamW):
    def count(self, t):
        return max(t - 1, 1)


class Beta1ForSquare(AdamW):
    def beta_of_square(self, group):
        return group["betas"][0]


class DecayAfter(AdamW):
    def decay(self, p, gradient, group):
        return gradient

    def decay_late(self, p, group):
        p.mul_(1 - group["lr"] * group["weight_decay"])


class DecayAfterInLaterGroups(AdamW):
    def decay(self, p, gradient, group):
        return super().decay(p, gradient, group) if group is self.param_groups[0] else gradient

    def decay_late(self, p, group):
        if group is not self.param_groups[0]:
            super().decay(p, None, group)


class EpsilonInsideWithAmsgrad(AdamW):
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01, amsgrad=False):
        super().__init__(params, lr, betas, eps, weight_decay)
        self.amsgrad = amsgrad

    def update(self, p, gradient, group):
        self.stepped = p
        super().update(p, gradient, group)

    def denominator(self, v, correction, eps):
        if not self.amsgrad:
            return super().denominator(v, correction, eps)
        largest = self.state[self.stepped].setdefault("max_exp_avg_sq", torch.zeros_like(v))
        return self.denominator_of_largest(torch.maximum(largest, v, out=largest), correction, eps)

    def denominator_of_largest(self, v, correction, eps):
        return (v / correction + eps).sqrt()


class UncorrectedEpsilonInsideWithAmsgrad(EpsilonInsideWithAmsgrad):
    def denominator_of_largest(self, v, correction, eps):
        return (v + eps).sqrt() / correction**0.5


class Coupled(AdamW):
    def decay(self, p, gradient, group):
        return gradient + group["weight_decay"] * p


class WeightInFloat32(AdamW):
    def weight_of_square(self, group):
        return (torch.tensor(1.0) - torch.tensor(group["betas"][1], dtype=torch.float32)).item()


class OneCountAGroup(AdamW):
    """A count of the group corrects what a parameter has begun to add up later."""

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            group["step"] = group.get("step", 0) + 1
        return super().step(closure)

    def update(self, p, gradient, group):
        self.now = group["step"]
        if self.state[p]:
            self.state[p]["step"] = torch.tensor(0.0)
        super().update(p, gradient, group)
        del self.state[p]["step"]

    def count(self, t):
        return self.now


class SecondGroup(AdamW):
    def rate(self, group):
        return self.param_groups[0]["lr"]


class Killed(AdamW):
    def update(self, p, gradient, group):
        os.kill(os.getpid(), signal.SIGKILL)


class Exits(AdamW):
    def update(self, p, gradient, group):
        sys.exit(4)


class Hangs(AdamW):
    def update(self, p, gradient, group):
        time.sleep(600)


class Raises(AdamW):
    def update(self, p, gradient, group):
        raise ValueError("no step today")


class Lion(torch.optim.Optimizer):
    """A right Lion, as its authors write it."""

    def __init__(self, params, lr=1e-4, betas=(0.9, 0.99), weight_decay=0.0):
        super().__init__(params, {"lr": lr, "betas": betas, "weight_decay": weight_decay})

    def rates(self, group):
        return group["betas"]

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            beta1, beta2 = self.rates(group)
            for p in group["params"]:
                state = self.state[p]
                m = state.setdefault("exp_avg", torch.zeros_like(p))
                p.mul_(1 - group["lr"] * group["weight_decay"])
                p.add_((m * beta1 + p.grad * (1 - beta1)).sign_(), alpha=-group["lr"])
                m.mul_(beta2).add_(p.grad, alpha=1 - beta2)


class LionWithSwappedRates(Lion):
    """beta2 in the update and beta1 in the momentum."""

    def rates(self, group):
        return group["betas"][::-1]
