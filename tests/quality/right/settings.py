"""Right optimizers that name, keep or refuse settings in their own way."""

from __future__ import annotations

import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parent))  # a worker loads each file by itself

from right_adamw import BELOW_ONE, AdamW, numbers, within


class RenamedSettings(AdamW):
    """Its learning rate, its epsilon and its decay have names of their own, in the groups too."""

    def __init__(self, params, learning_rate=1e-3, betas=(0.9, 0.999), epsilon=1e-8, decay=1e-2):
        within("learning_rate", learning_rate)
        within("betas[0]", betas[0], BELOW_ONE)
        within("betas[1]", betas[1], BELOW_ONE)
        within("epsilon", epsilon)
        within("decay", decay)
        own = {"learning_rate": learning_rate, "betas": betas, "epsilon": epsilon, "decay": decay}
        torch.optim.Optimizer.__init__(self, params, own)

    def settings(self, group):
        return numbers(group["learning_rate"], *group["betas"], group["epsilon"], group["decay"])


class NumberedBetas(AdamW):
    """It takes two numbers for the betas."""

    def __init__(self, params, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=1e-2):
        within("lr", lr)
        within("beta1", beta1, BELOW_ONE)
        within("beta2", beta2, BELOW_ONE)
        within("eps", eps)
        within("weight_decay", weight_decay)
        own = {"lr": lr, "beta1": beta1, "beta2": beta2, "eps": eps, "weight_decay": weight_decay}
        torch.optim.Optimizer.__init__(self, params, own)

    def settings(self, group):
        return numbers(group["lr"], group["beta1"], group["beta2"], group["eps"], group["weight_decay"])


class BetasInTwo(AdamW):
    """It takes a pair of betas, and its groups hold each by itself."""

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2):
        self.checked(lr, *betas, eps, weight_decay)
        own = {"lr": lr, "beta1": betas[0], "beta2": betas[1], "eps": eps, "weight_decay": weight_decay}
        torch.optim.Optimizer.__init__(self, params, own)

    settings = NumberedBetas.settings


class RefusesZero(AdamW):
    """It takes no learning rate of 0."""

    def checked(self, lr, beta1, beta2, eps, decay):
        if not lr > 0:
            raise ValueError(f"lr of {lr} is not in (0, inf)")
        super().checked(lr, beta1, beta2, eps, decay)


class RefusesHalf(AdamW):
    """It takes float32 and float64 alone."""

    def gradient(self, p):
        if p.dtype not in {torch.float32, torch.float64}:
            raise TypeError(f"parameters of {p.dtype} are not supported; use torch.float32 or torch.float64")
        return super().gradient(p)


class GroupsOfItsOwn(AdamW):
    """It steps through an attribute that is the list of its groups, and shows its rate as a property."""

    @property
    def groups(self):
        return self.param_groups

    @property
    def rate(self):
        return self.groups[0]["lr"]

    def settings(self, group):
        return super().settings(next(own for own in self.groups if own is group))


class Momentum(torch.optim.Optimizer):
    """Stochastic gradient descent whose buffer is None before its first step, and whose momentum is a must."""

    rule = ("sgd", {})

    def __init__(self, params, lr, momentum=0.9):
        within("lr", lr)
        within("momentum", momentum)
        super().__init__(params, {"lr": lr, "momentum": momentum})

    def load_state_dict(self, state_dict):
        if any(state.keys() - {"momentum_buffer"} for state in state_dict["state"].values()):
            raise ValueError("the checkpoint is that of another optimizer")
        super().load_state_dict(state_dict)

    step = AdamW.step
    gradient = AdamW.gradient

    def update(self, p, gradient, group):
        state, momentum = self.state[p], float(group["momentum"])
        state.setdefault("momentum_buffer", None)
        if momentum:
            kept = state["momentum_buffer"]
            state["momentum_buffer"] = gradient = (
                gradient.clone() if kept is None else kept.mul_(momentum).add_(gradient)
            )
        p.sub_(gradient, alpha=float(group["lr"]))


class LionCountedByGroup(torch.optim.Optimizer):
    """Lion whose groups count their steps, which its formula does not read."""

    rule = ("lion", {"decay": "decoupled"})

    def __init__(self, params, lr=1e-4, betas=(0.9, 0.99), weight_decay=0.0):
        within("lr", lr)
        within("betas[0]", betas[0], BELOW_ONE)
        within("betas[1]", betas[1], BELOW_ONE)
        within("weight_decay", weight_decay)
        super().__init__(params, {"lr": lr, "betas": betas, "weight_decay": weight_decay, "step": 0})

    @torch.no_grad()
    def step(self, closure=None):
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            group["step"] += 1
            for p in group["params"]:
                if p.grad is not None:
                    self.update(p, AdamW.gradient(self, p), group)
        return loss

    def update(self, p, gradient, group):
        lr, beta1, beta2, decay = numbers(group["lr"], *group["betas"], group["weight_decay"])
        average = self.state[p].setdefault("exp_avg", torch.zeros_like(p))
        direction = average.mul(beta1).add_(gradient, alpha=1 - beta1).sign_()
        p.mul_(1 - lr * decay).sub_(direction, alpha=lr)
        average.mul_(beta2).add_(gradient, alpha=1 - beta2)


class Inherits(torch.optim.SGD):
    """It is torch's SGD with other defaults and less to set."""

    rule = ("sgd", {})

    def __init__(self, params, lr=1e-2, momentum=0.9, weight_decay=0.0):
        super().__init__(params, lr=lr, momentum=momentum, weight_decay=weight_decay)


class TakesAList(AdamW):
    """It takes a list of parameters and no groups, and keeps them by their size."""

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2):
        if not (isinstance(params, list) and all(isinstance(p, torch.Tensor) for p in params)):
            raise TypeError("params is no list of parameters")
        super().__init__(sorted(params, key=lambda p: -p.numel()), lr, betas, eps, weight_decay)


class TensorSettings(AdamW):
    """Its groups hold every setting as a tensor of one number."""

    def add_param_group(self, param_group):
        super().add_param_group(param_group)
        group = self.param_groups[-1]
        for key in ("lr", "eps", "weight_decay"):
            group[key] = self.held(group[key])
        group["betas"] = tuple(map(self.held, group["betas"]))

    def held(self, number):
        return torch.tensor(float(number), dtype=torch.float64, device="cpu")
