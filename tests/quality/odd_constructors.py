"""Right optimizers that are called in ways of their own."""

from __future__ import annotations

import weakref

import torch


def functional_adam(params, grads, states, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
    """One step of Adam, of what it is given."""
    for p, g, state in zip(params, grads, states, strict=True):
        if not state:
            state.update(step=0, m=torch.zeros_like(p), v=torch.zeros_like(p))
        state["step"] += 1
        state["m"].mul_(betas[0]).add_(g, alpha=1 - betas[0])
        state["v"].mul_(betas[1]).addcmul_(g, g, value=1 - betas[1])
        m = state["m"] / (1 - betas[0] ** state["step"])
        v = state["v"] / (1 - betas[1] ** state["step"])
        p.addcdiv_(m, v.sqrt().add_(eps), value=-lr)


def make_adamw(params, **settings):
    return torch.optim.AdamW(params, **settings)


class NeedsModel(torch.optim.AdamW):
    def __init__(self, params, model, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        self.model = model.lower()
        super().__init__(params, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)


class Named(torch.optim.AdamW):
    """Takes names, and has switches: one that it refuses, one without effect, one that halves a tensor."""

    def __init__(
        self,
        named_parameters,
        lr=1e-3,
        betas=(0.9, 0.999),
        eps=1e-8,
        weight_decay=0.01,
        window=3,
        halved=False,
        refused=False,
        verbose=False,
    ):
        if refused:
            raise NotImplementedError("refused")
        self.halved = halved
        super().__init__([p for _, p in named_parameters], lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)

    @torch.no_grad()
    def step(self, closure=None):
        loss = super().step(closure)
        if self.halved:
            self.param_groups[0]["params"][0].mul_(0.5)
        return loss


class NeedsClosure(torch.optim.Adamax):
    def step(self, closure):
        return super().step(closure)


class NotAnOptimizer:
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
        self.inner = torch.optim.Adam(params, lr=lr, betas=betas, eps=eps)

    param_groups = property(lambda self: self.inner.param_groups)
    state = property(lambda self: self.inner.state)

    def step(self, closure=None):
        return self.inner.step(closure)

    def zero_grad(self):
        self.inner.zero_grad()


class Delegates(NotAnOptimizer):
    """It hands on all that is asked of it, and is no subclass."""

    def state_dict(self):
        return self.inner.state_dict()

    def load_state_dict(self, saved):
        self.inner.load_state_dict(saved)

    def add_param_group(self, group):
        self.inner.add_param_group(group)


class HoldsModel(torch.optim.AdamW):
    """Its constructor asks for a class of modules; it writes into gradients."""

    def __init__(self, params, model, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        if not issubclass(model, torch.nn.Module):
            raise TypeError("the model is no module")
        super().__init__(params, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)

    @torch.no_grad()
    def step(self, closure=None):
        loss = super().step(closure)
        for p in (p for group in self.param_groups for p in group["params"] if p.grad is not None):
            p.grad.neg_()
        return loss


class Masters(torch.optim.Optimizer):
    """Steps a copy of each parameter in double precision, and keeps the last gradient."""

    def __init__(self, params, lr=1e-3, momentum=0.9):
        super().__init__(params, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                if not state:
                    state["master"], state["buf"] = p.detach().clone(), torch.zeros_like(p)
                state["old"] = p.grad.clone()
                state["buf"].mul_(group["momentum"]).add_(p.grad)
                state["master"].add_(state["buf"], alpha=-group["lr"])
                p.copy_(state["master"])


class InGroups(torch.optim.Optimizer):
    """Momentum for groups that say so, Adam for the others; settings stand in groups alone."""

    def __init__(self, param_groups):
        for group in param_groups:
            usual = (
                {"lr": 0.02, "momentum": 0.95} if group["heavy"] else {"lr": 1e-3, "betas": (0.9, 0.99), "eps": 1e-8}
            )
            for key, value in usual.items():
                group.setdefault(key, value)
            assert set(group) == {"params", "heavy", *usual}
        super().__init__(param_groups, {})

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                state = self.state[p]
                if p.grad is None:
                    continue
                if not group["heavy"]:
                    functional_adam([p], [p.grad], [state], group["lr"], group["betas"], group["eps"])
                    continue
                if not state:
                    state["b"] = torch.zeros_like(p)
                state["b"].mul_(group["momentum"]).add_(p.grad)
                p.add_(state["b"], alpha=-group["lr"])


class ByShape(torch.optim.Optimizer):
    """Momentum for matrices, Adam for the rest."""

    def __init__(self, params, lr=1e-3, momentum=0.9, betas=(0.9, 0.999), eps=1e-8):
        super().__init__(params, {"lr": lr, "momentum": momentum, "betas": betas, "eps": eps})

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                state = self.state[p]
                if p.grad is None:
                    continue
                if p.ndim < 2:
                    functional_adam([p], [p.grad], [state], group["lr"], group["betas"], group["eps"])
                    continue
                if not state:
                    state["b"] = torch.zeros_like(p)
                state["b"].mul_(group["momentum"]).add_(p.grad)
                p.add_(state["b"], alpha=-group["lr"])


def refuses_to_compile(graph, inputs):
    raise RuntimeError("it was compiled")


@torch.compile(backend=refuses_to_compile)
def compiled_descent(p, gradient, lr):
    p.sub_(gradient * lr)


class CompilesItsStep(torch.optim.Optimizer):
    """Gradient descent that gives its arithmetic to torch.compile, and takes the gradients away."""

    def __init__(self, params, lr=1e-3):
        super().__init__(params, {"lr": lr})

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in (p for p in group["params"] if p.grad is not None):
                compiled_descent(p, p.grad, group["lr"])
                p.grad = None


class TwoCounts(torch.optim.Optimizer):
    """Adam whose groups count its steps, of which the first parameter has a copy."""

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps})

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            group["counted"] = group.get("counted", 0) + 1
            for place, p in enumerate(p for p in group["params"] if p.grad is not None):
                state = self.state[p]
                if not state:
                    state.update(m=torch.zeros_like(p), v=torch.zeros_like(p))
                if place == 0:
                    state["step"] = group["counted"]
                (one, two), count = group["betas"], group["counted"]
                state["m"].mul_(one).add_(p.grad, alpha=1 - one)
                state["v"].mul_(two).addcmul_(p.grad, p.grad, value=1 - two)
                below = state["v"].sqrt().div_((1 - two**count) ** 0.5).add_(group["eps"])
                p.addcdiv_(state["m"], below, value=-group["lr"] / (1 - one**count))


class ShortLived:
    """What is gone when the module is loaded."""


GONE = weakref.proxy(ShortLived())


class BesideADeadProxy(torch.optim.SGD):
    """Its module holds a proxy of what is gone, which raises whatever it is asked."""


class SharesItsWork(torch.optim.AdamW):
    """Takes a list of parameters alone, and asks how many processes there are: it wants a process group."""

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        if not (isinstance(params, list) and all(isinstance(p, torch.nn.Parameter) for p in params)):
            raise TypeError("params is no list of parameters")
        super().__init__(params, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)

    def step(self, closure=None):
        torch.distributed.get_world_size()
        return super().step(closure)


class RequiresWhatItForgets(torch.optim.AdamW):
    """It must be given a model, which no step asks for."""

    def __init__(self, params, model, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        super().__init__(params, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)


class FlatMoments(torch.optim.Optimizer):
    """Adam whose groups keep the moments of all their parameters in one tensor, and their counts in a list."""

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps})

    @torch.no_grad()
    def step(self, closure=None):
        loss = None if closure is None else torch.enable_grad()(closure)()
        for group in self.param_groups:
            sizes = [p.numel() for p in group["params"]]
            if "counts" not in group:
                like = group["params"][0]
                flat = {name: torch.zeros(sum(sizes), dtype=like.dtype, device=like.device) for name in ("m", "v")}
                group.update(flat, counts=[0] * len(sizes))
            (one, two), parts = group["betas"], (torch.split(group["m"], sizes), torch.split(group["v"], sizes))
            for place, p in enumerate(group["params"]):
                if p.grad is None:
                    continue
                group["counts"][place] += 1
                m, v = (part[place].view_as(p) for part in parts)
                t, g = group["counts"][place], p.grad.to(p.dtype)
                m.mul_(one).add_(g, alpha=1 - one)
                v.mul_(two).addcmul_(g, g, value=1 - two)
                below = v.sqrt().div_((1 - two**t) ** 0.5).add_(group["eps"])
                p.addcdiv_(m, below, value=-group["lr"] / (1 - one**t))
        return loss
