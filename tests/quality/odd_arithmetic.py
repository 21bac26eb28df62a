"""Right optimizers that compute their formula in some other order or precision; loaded by path, with torch alone."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import torch

_spec = importlib.util.spec_from_file_location("wrong_optimizers", Path(__file__).with_name("wrong_optimizers.py"))
_beside = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_beside)


class Odd(_beside.AdamW):
    """A right AdamW of which the whole arithmetic is a subclass's."""

    def update(self, p, gradient, group):
        state = self.state[p]
        if not state:
            state["step"] = torch.tensor(0.0)
            state["exp_avg"], state["exp_avg_sq"] = torch.zeros_like(p), torch.zeros_like(p)
        state["step"] += 1
        self.average(state["exp_avg"], state["exp_avg_sq"], gradient, *group["betas"])
        settings = (group["lr"], *group["betas"], group["eps"], group["weight_decay"])
        self.move(p, state["exp_avg"], state["exp_avg_sq"], state["step"].item(), *settings)

    def average(self, m, v, g, beta1, beta2):
        m.mul_(beta1).add_(g, alpha=1 - beta1)
        v.mul_(beta2).addcmul_(g, g, value=1 - beta2)

    def move(self, p, m, v, t, lr, beta1, beta2, eps, decay):
        p.mul_(1 - lr * decay)
        p.addcdiv_(m, (v.sqrt() / (1 - beta2**t) ** 0.5).add_(eps), value=-lr / (1 - beta1**t))


class ScaledEpsilon(Odd):
    def move(self, p, m, v, t, lr, beta1, beta2, eps, decay):
        scale = (1 - beta2**t) ** 0.5
        p.mul_(1 - lr * decay)
        p.addcdiv_(m, v.sqrt().add_(eps * scale), value=-lr * scale / (1 - beta1**t))


class RateOverItself(Odd):
    """A warm-up that is over: the rate times the count by the count, which need not be the rate to the last digit."""

    def move(self, p, m, v, t, lr, beta1, beta2, eps, decay):
        super().move(p, m, v, t, lr * t / max(t, 1.0), beta1, beta2, eps, decay)


class RateOffByMore(Odd):
    def move(self, p, m, v, t, lr, beta1, beta2, eps, decay):
        super().move(p, m, v, t, lr * (1 + 1e-6), beta1, beta2, eps, decay)


class OldDecay(Odd):
    def move(self, p, m, v, t, lr, beta1, beta2, eps, decay):
        old = p.clone()
        p.addcdiv_(m, (v.sqrt() / (1 - beta2**t) ** 0.5).add_(eps), value=-lr / (1 - beta1**t))
        p.sub_(old, alpha=lr * decay)


class AnotherOrderFarIn(ScaledEpsilon):
    """From element 9,000 on the quotient is taken first, as by a kernel that has another loop for what is left over."""

    def move(self, p, m, v, t, lr, beta1, beta2, eps, decay):
        rest = [x.reshape(-1)[9000:] for x in (p, m, v)]
        kept = rest[0].clone()
        super().move(p, m, v, t, lr, beta1, beta2, eps, decay)
        rest[0].copy_(kept)
        FoldedStepSize.move(self, *rest, t, lr, beta1, beta2, eps, decay)


class FoldedStepSize(Odd):
    def move(self, p, m, v, t, lr, beta1, beta2, eps, decay):
        scale = (1 - beta2**t) ** 0.5
        p.mul_(1 - lr * decay)
        p.sub_((v.sqrt() + eps * scale).reciprocal_().mul_(m).mul_(lr * scale / (1 - beta1**t)))


class Lerp(Odd):
    def average(self, m, v, g, beta1, beta2):
        m.lerp_(g, 1 - beta1)
        v.lerp_(g * g, 1 - beta2)


class MirroredLerp(Odd):
    def average(self, m, v, g, beta1, beta2):
        m.copy_(torch.lerp(g, m, beta1))
        v.copy_(torch.lerp(g * g, v, beta2))


class Float64Inside(Odd):
    def update(self, p, gradient, group):
        state = self.state[p]
        if not state:
            state["step"] = torch.tensor(0.0)
            state["exp_avg"], state["exp_avg_sq"] = torch.zeros_like(p), torch.zeros_like(p)
        state["step"] += 1
        wide = [x.double() for x in (p, state["exp_avg"], state["exp_avg_sq"], gradient)]
        self.average(*wide[1:], *group["betas"])
        settings = (group["lr"], *group["betas"], group["eps"], group["weight_decay"])
        self.move(*wide[:3], state["step"].item(), *settings)
        for kept, value in zip((p, state["exp_avg"], state["exp_avg_sq"]), wide, strict=False):
            kept.copy_(value)


class CountInFloat32(Odd):
    def move(self, p, m, v, t, lr, beta1, beta2, eps, decay):
        t = torch.tensor(t, dtype=torch.float32)
        p.mul_(1 - lr * decay)
        p.sub_(lr / (1 - beta1**t) * m / (v.sqrt() / (1 - beta2**t) ** 0.5 + eps))


class ScalarsInFloat32(Odd):
    def average(self, m, v, g, beta1, beta2):
        one, two = torch.tensor(beta1, dtype=torch.float32), torch.tensor(beta2, dtype=torch.float32)
        m.mul_(one).add_(g * (1 - one))
        v.mul_(two).add_(g * g * (1 - two))

    def move(self, p, m, v, t, *settings):
        lr, beta1, beta2, eps, decay = (torch.tensor(x, dtype=torch.float32) for x in settings)
        p.mul_(1 - lr * decay)
        p.sub_(lr / (1 - beta1**t) * m / (v.sqrt() / (1 - beta2**t) ** 0.5 + eps))


class CorrectedAverages(Odd):
    def update(self, p, gradient, group):
        self.t = self.state[p].get("step", torch.tensor(0.0)).item() + 1
        super().update(p, gradient, group)

    def average(self, m, v, g, beta1, beta2):
        share1, share2 = (1 - beta1) / (1 - beta1**self.t), (1 - beta2) / (1 - beta2**self.t)
        m.lerp_(g, share1)
        v.mul_(1 - share2).addcmul_(g, g, value=share2)

    def move(self, p, m, v, t, lr, beta1, beta2, eps, decay):
        p.mul_(1 - lr * decay)
        p.addcdiv_(m, v.sqrt().add_(eps), value=-lr)


class ShareLeftOver(Odd):
    """It keeps the corrected averages, by what float32 leaves of one after the rest of a share is taken away."""

    def update(self, p, gradient, group):
        state = self.state[p]
        if not state:
            state.update(step=0, exp_avg=torch.zeros_like(p), exp_avg_sq=torch.zeros_like(p))
        state["step"] += 1
        shares = []
        for beta in group["betas"]:
            one = torch.tensor(beta, dtype=p.dtype)
            rest = 1 - (1 - one) / (1 - one ** state["step"])
            shares.append(1 - rest)
        m, v = state["exp_avg"], state["exp_avg_sq"]
        m.lerp_(gradient, shares[0])
        v.lerp_(gradient * gradient, shares[1])
        p.mul_(1 - group["lr"] * group["weight_decay"])
        p.addcdiv_(m, v.sqrt().add_(group["eps"]), value=-group["lr"])


class ScaledByTheWrongCorrection(Odd):
    def move(self, p, m, v, t, lr, beta1, beta2, eps, decay):
        scale = (1 - beta2**t) ** 0.5
        p.mul_(1 - lr * decay)
        p.addcdiv_(m, v.sqrt().add_(eps * (1 - beta1**t)), value=-lr * scale / (1 - beta1**t))


class SettingsInTensors(_beside.AdamW):
    """Its constructor makes a float32 tensor of every setting, as one does whose steps are captured."""

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        single = [torch.tensor(float(value)) for value in (lr, *betas, eps, weight_decay)]
        super().__init__(params, single[0], tuple(single[1:3]), single[3], single[4])


class LionByMirroredLerp(torch.optim.Optimizer):
    """Lion whose averages begin at the gradient: float32 keeps of a weight near one what it leaves."""

    def __init__(self, params, lr=1e-4, betas=(0.9, 0.99), weight_decay=0.0):
        super().__init__(params, {"lr": lr, "betas": betas, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure=None):
        loss = None if closure is None else torch.enable_grad()(closure)()
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for p in (p for p in group["params"] if p.grad is not None):
                m = self.state[p].setdefault("exp_avg", torch.zeros_like(p))
                direction = torch.sign(torch.lerp(p.grad, m, beta1))
                p.copy_(p * (1 - group["lr"] * group["weight_decay"]) - group["lr"] * direction)
                m.copy_(torch.lerp(p.grad, m, beta2))
        return loss
