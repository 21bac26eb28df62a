import torch
from torch.optim import Optimizer


class _Stepping(Optimizer):
    """The steps of both optimizers."""

    def __init__(self, params, **settings):
        if not settings["lr"] >= 0.0:
            raise ValueError(f"lr={settings['lr']} is not in [0, inf)")
        super().__init__(params, settings)

    @torch.no_grad()
    def step(self, closure=None):
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    self._update(p, self.state[p], group)
        return loss


class FastAdamW(_Stepping):
    """AdamW with other names, and with a mistake."""

    def __init__(self, params, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=1e-2):
        super().__init__(params, lr=lr, beta1=beta1, beta2=beta2, eps=eps, weight_decay=weight_decay)

    def _update(self, p, state, group):
        if not state:
            state.update(n=0, m=torch.zeros_like(p), v=torch.zeros_like(p))
        state["n"] += 1
        beta1, beta2 = group["beta1"], group["beta2"]
        p.mul_(1 - group["lr"] * group["weight_decay"])
        state["m"].mul_(beta1).add_(p.grad, alpha=1 - beta1)
        state["v"].mul_(beta2).addcmul_(p.grad, p.grad, value=1 - beta1)
        m = state["m"] / (1 - beta1 ** state["n"])
        v = state["v"] / (1 - beta2 ** state["n"])
        p.addcdiv_(m, v.sqrt().add_(group["eps"]), value=-group["lr"])


class Signed(_Stepping):
    """A rule of its own."""

    def __init__(self, params, lr=1e-3, beta1=0.9):
        super().__init__(params, lr=lr, beta1=beta1)

    def _update(self, p, state, group):
        if not state:
            state["m"] = torch.zeros_like(p)
        state["m"].mul_(group["beta1"]).add_(p.grad, alpha=1 - group["beta1"])
        p.add_(state["m"].sign() * state["m"].abs().sqrt(), alpha=-group["lr"])
