"""Optimizers as strangers write them: right under other names, or like no rule of the book."""

from __future__ import annotations

import torch


class _Plain(torch.optim.Optimizer):
    """Calls `move` for each parameter with a gradient, with what it has in its state."""

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    state = self.state[p]
                    if not state:
                        state["seen"], state["held"] = 0, torch.zeros_like(p)
                    state["seen"] += 1
                    self.move(p, p.grad, state, group)

    def move(self, p, gradient, state, group):
        raise NotImplementedError


class Sign(_Plain):
    """Lion with decoupled decay: the rate is called speed, the decay pull, the betas are two numbers."""

    def __init__(self, params, speed=1e-4, near=0.9, far=0.99, pull=0.0):
        super().__init__(params, {"speed": speed, "near": near, "far": far, "pull": pull})

    def move(self, p, gradient, state, group):
        ahead = group["near"] * state["held"] + (1 - group["near"]) * gradient
        state["held"].mul_(group["far"]).add_(gradient, alpha=1 - group["far"])
        p.mul_(1 - group["speed"] * group["pull"]).sub_(group["speed"] * ahead.sign())


class CoupledSign(Sign):
    """Lion whose decay is in the gradient."""

    def move(self, p, gradient, state, group):
        super().move(p, gradient + group["pull"] * p, state, {**group, "pull": 0.0})


class DecaysByTheSameForAll(_Plain):
    """SGD with momentum whose decay takes lr*lambda from every element, whatever it is."""

    def __init__(self, params, lr=1e-3, momentum=0.0, weight_decay=0.0):
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    def move(self, p, gradient, state, group):
        state["held"].mul_(group["momentum"]).add_(gradient)
        p.sub_(group["lr"] * (state["held"] + group["weight_decay"]))


class ForgetsDecay(_Plain):
    """Gradient descent with a setting that it never reads."""

    def __init__(self, params, lr=1e-3, weight_decay=0.0):
        super().__init__(params, {"lr": lr, "weight_decay": weight_decay})

    def move(self, p, gradient, state, group):
        p.sub_(group["lr"] * gradient)


class ClimbingSign(Sign):
    """Lion that goes up the gradient."""

    def move(self, p, gradient, state, group):
        super().move(p, -gradient, state, group)


class MayHaveMomentum(_Plain):
    """Gradient descent with momentum where it is given: without, it is None."""

    def __init__(self, params, lr=1e-3, momentum=None):
        super().__init__(params, {"lr": lr, "momentum": momentum})

    def move(self, p, gradient, state, group):
        state["held"].mul_(group["momentum"] or 0.0).add_(gradient)
        p.sub_(group["lr"] * state["held"])


class RateOfItsOwn(_Plain):
    """Gradient descent that hears no rate while it has one of its own."""

    def __init__(self, params, lr=None, own_rate=True):
        super().__init__(params, {"lr": lr, "own_rate": own_rate})

    def move(self, p, gradient, state, group):
        p.sub_(gradient * (1e-3 if group["own_rate"] else group["lr"]))


class RefusesARate(_Plain):
    """Gradient descent that refuses a rate while it has one of its own, and None when it has not."""

    def __init__(self, params, lr=None, nothing=False, own_rate=True):
        if (lr is None) is not own_rate:
            raise ValueError(f"lr={lr} beside own_rate={own_rate}")
        super().__init__(params, {"lr": lr, "own_rate": own_rate})

    def move(self, p, gradient, state, group):
        p.sub_(gradient * (1e-3 if group["own_rate"] else group["lr"]))


class OneNumberForAll(_Plain):
    """Divides by the root of an average of the gradient's norm, or of the largest so far: one number for a tensor."""

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, amsgrad=False):
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "amsgrad": amsgrad})

    def move(self, p, gradient, state, group):
        names = ("exp_avg_sq", "max_exp_avg_sq") if group["amsgrad"] else ("exp_avg_sq",)
        for name in names:
            state.setdefault(name, torch.zeros([]))
        state["exp_avg_sq"].mul_(group["betas"][1]).add_(gradient.square().sum(), alpha=1 - group["betas"][1])
        if group["amsgrad"]:
            torch.maximum(state["max_exp_avg_sq"], state["exp_avg_sq"], out=state["max_exp_avg_sq"])
        p.sub_(group["lr"] * gradient / (state[names[-1]].sqrt() + group["eps"]))


class CubeRoot(_Plain):
    """Steps by the cube root of the gradient: no rule of the book."""

    def __init__(self, params, lr=1e-3):
        super().__init__(params, {"lr": lr})

    def move(self, p, gradient, state, group):
        p.sub_(group["lr"] * gradient.sign() * gradient.abs() ** (1 / 3))


class Nesterov(torch.optim.SGD):
    """Nesterov's momentum, which torch takes with a momentum and without dampening alone."""

    def __init__(self, params, lr=1e-3, momentum=0.0, dampening=0.0, weight_decay=0.0):
        super().__init__(params, lr, momentum, dampening, weight_decay, nesterov=True)


class SignOfMomentum(_Plain):
    """The sign of a momentum: near RMSProp without an average, and no rule of the book."""

    def __init__(self, params, lr=1e-3, momentum=0.0, weight_decay=0.0):
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    def move(self, p, gradient, state, group):
        gradient = gradient + group["weight_decay"] * p
        state["held"].mul_(group["momentum"]).add_(gradient.sign())
        p.sub_(group["lr"] * state["held"])


class NesterovBesideDampening(torch.optim.Optimizer):
    """Gradient descent that takes a dampening beside Nesterov's momentum too."""

    def __init__(self, params, lr=0.1, momentum=0.0, dampening=0.0, nesterov=False):
        super().__init__(params, {"lr": lr, "momentum": momentum, "dampening": dampening, "nesterov": nesterov})

    @torch.no_grad()
    def step(self, closure=None):
        loss = None if closure is None else torch.enable_grad()(closure)()
        for group in self.param_groups:
            for p in (p for p in group["params"] if p.grad is not None):
                state = self.state[p]
                if state:
                    buffer = state["momentum_buffer"].mul_(group["momentum"])
                    buffer.add_(p.grad, alpha=1 - group["dampening"])
                else:
                    buffer = state["momentum_buffer"] = p.grad.clone()
                direction = p.grad.add(buffer, alpha=group["momentum"]) if group["nesterov"] else buffer
                p.add_(direction, alpha=-group["lr"])
        return loss
