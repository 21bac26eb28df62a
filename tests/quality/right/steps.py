"""Right optimizers that step in their own way."""

from __future__ import annotations

import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parent))  # a worker loads each file by itself

from right_adamw import AdamW, adamw, numbers, within


class ConsumesGradients(AdamW):
    """A step takes the gradients away: after it `.grad` is None."""

    def update(self, p, gradient, group):
        super().update(p, gradient, group)
        p.grad = None


class WritesAndRestores(AdamW):
    """While it steps it turns the sign of a gradient that has memory of its own, and then turns it back."""

    def update(self, p, gradient, group):
        if not p.grad.is_contiguous():
            return super().update(p, gradient, group)
        p.grad.neg_()
        super().update(p, -self.gradient(p), group)
        p.grad.neg_()
        return None


class BoundsFollowTheRate(AdamW):
    """AdaBound as its authors wrote it: its bounds move with the learning rate, by today's over the first."""

    rule = ("adabound", {"end": "rescaled"})

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, final_lr=0.1, gamma=1e-3):
        self.checked(lr, *betas, eps, 0.0)
        within("final learning rate", final_lr)
        if not gamma > 0.0:
            raise ValueError(f"gamma of {gamma} is not in (0, inf)")
        own = {"lr": lr, "betas": betas, "eps": eps, "final_lr": final_lr, "gamma": gamma, "first": 0.0}
        torch.optim.Optimizer.__init__(self, params, own)

    def add_param_group(self, param_group):
        super().add_param_group(param_group)
        self.param_groups[-1]["first"] = float(self.param_groups[-1]["lr"])

    def update(self, p, gradient, group):
        first, second, count = self.kept(p, group)
        lr, beta1, beta2, eps = numbers(group["lr"], *group["betas"], group["eps"])
        group["first"] = group["first"] or lr
        final = group["final_lr"] * lr / group["first"] if group["first"] else 0.0
        first.mul_(beta1).add_(gradient, alpha=1 - beta1)
        second.mul_(beta2).addcmul_(gradient, gradient, value=1 - beta2)
        rate = torch.full_like(p, lr * (1 - beta2**count) ** 0.5 / (1 - beta1**count))
        rate.div_(second.sqrt().add_(eps))
        rate.clamp_(final * (1 - 1 / (group["gamma"] * count + 1)), final * (1 + 1 / (group["gamma"] * count)))
        p.sub_(rate.mul_(first))


class RequiresClosure(AdamW):
    """A step must be given a closure."""

    def step(self, closure):
        return super().step(closure)


class WrapsAnother(AdamW):
    """It lets another optimizer step, which has its groups and states."""

    inner = None

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2):
        super().__init__(params, lr, betas, eps, weight_decay)
        given = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        self.inner = torch.optim.AdamW(self.param_groups, **given, foreach=False)
        self.joined()

    def joined(self):
        self.inner.param_groups, self.inner.state = self.param_groups, self.state

    def add_param_group(self, param_group):
        super().add_param_group(param_group)
        for key, value in self.inner.defaults.items() if self.inner else ():
            self.param_groups[-1].setdefault(key, value)

    def step(self, closure=None):
        return self.inner.step(closure)

    def __getstate__(self):
        return {**super().__getstate__(), "inner": self.inner}

    def __setstate__(self, state):
        super().__setstate__(state)
        self.joined()


class ListsAlone(AdamW):
    """It computes with lists of tensors, of all that have a gradient at once."""

    @torch.no_grad()
    def step(self, closure=None):
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            members = [p for p in group["params"] if p.grad is not None]
            if members:
                self.together(members, [self.gradient(p) for p in members], group)
        return loss

    def together(self, members, gradients, group):
        lr, beta1, beta2, eps, decay = self.settings(group)
        firsts, seconds, counts = map(list, zip(*(self.kept(p, group) for p in members), strict=True))
        torch._foreach_mul_(firsts, beta1)
        torch._foreach_add_(firsts, gradients, alpha=1 - beta1)
        torch._foreach_mul_(seconds, beta2)
        torch._foreach_addcmul_(seconds, gradients, gradients, 1 - beta2)
        below = torch._foreach_sqrt(seconds)
        torch._foreach_div_(below, [(1 - beta2**count) ** 0.5 for count in counts])
        torch._foreach_add_(below, eps)
        torch._foreach_mul_(members, 1 - lr * decay)
        torch._foreach_addcdiv_(members, firsts, below, [-lr / (1 - beta1**count) for count in counts])


class RoundsAtRandom(AdamW):
    """It computes a step of a bfloat16 parameter in float32, and rounds it up or down at random."""

    def update(self, p, gradient, group):
        if p.dtype != torch.bfloat16:
            return super().update(p, gradient, group)
        x, (first, second, count) = p.float(), self.kept(p, group)
        adamw(x, gradient.float(), first, second, count, *self.settings(group))
        bits = x.view(torch.int32)
        up = torch.randint(0, 1 << 16, p.shape, dtype=torch.int32, device=p.device)
        p.copy_(bits.add_(up).bitwise_and_(-(1 << 16)).view(torch.float32))
        return None

    def kept(self, p, group):
        state = self.state[p]
        if not state:
            state.update(step=0, exp_avg=self.zeros(p), exp_avg_sq=self.zeros(p))
        state["step"] += 1
        return state["exp_avg"], state["exp_avg_sq"], state["step"]

    def zeros(self, p):
        return torch.zeros_like(p, dtype=torch.float32 if p.dtype == torch.bfloat16 else p.dtype)

    def load_state_dict(self, state_dict):
        super().load_state_dict(state_dict)
        for p, state in self.state.items():
            state.update(exp_avg=state["exp_avg"].to(self.zeros(p)), exp_avg_sq=state["exp_avg_sq"].to(self.zeros(p)))


class ComplexInDouble(torch.optim.Optimizer):
    """Gradient descent that steps complex parameters in double precision, and no others."""

    rule = ("sgd", {})

    def __init__(self, params, lr=1e-3):
        within("lr", lr)
        super().__init__(params, {"lr": lr})

    @torch.no_grad()
    def step(self, closure=None):
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for p in (p for p in group["params"] if p.grad is not None):
                inside = torch.promote_types(p.dtype, torch.float64) if p.is_complex() else p.dtype
                p.copy_(p.to(inside) - p.grad.to(inside) * float(group["lr"]))
        return loss
