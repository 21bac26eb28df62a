"""Right optimizers whose counts or states are where few keep them; one forgets its count with its checkpoint."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch


class CountInTensorOfGroup(torch.optim.Optimizer):
    """Adam whose groups hold their count of steps as a tensor from the start."""

    def __init__(
        self, params: Iterable[Any], lr: float = 1e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8
    ) -> None:
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps})

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        super().add_param_group({**param_group, "step": torch.tensor(0.0)})

    def counted(self, group: dict[str, Any]) -> float:
        group["step"] += 1
        return float(group["step"])

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:  # type: ignore[override]
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            own = [p for p in group["params"] if p.grad is not None]
            count = self.counted(group) if own else 0.0
            for p in own:
                state = self.state[p]
                if not state:
                    state["m"], state["v"] = torch.zeros_like(p), torch.zeros_like(p)
                beta1, beta2 = group["betas"]
                state["m"].mul_(beta1).add_(p.grad, alpha=1 - beta1)
                state["v"].mul_(beta2).addcmul_(p.grad, p.grad, value=1 - beta2)
                root = (state["v"] / (1 - beta2**count)).sqrt().add_(group["eps"])
                p.addcdiv_(state["m"], root, value=-group["lr"] / (1 - beta1**count))
        return loss


class CountOfAll(CountInTensorOfGroup):
    """The same with one count of steps, kept beside the states of its parameters."""

    def __init__(
        self, params: Iterable[Any], lr: float = 1e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8
    ) -> None:
        super().__init__(params, lr, betas, eps)
        self.state["all"] = {"count": 0}

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        torch.optim.Optimizer.add_param_group(self, param_group)

    def step(self, closure: Callable[[], Any] | None = None) -> Any:  # type: ignore[override]
        self.state["all"]["count"] += 1
        return super().step(closure)

    def counted(self, group: dict[str, Any]) -> float:
        return float(self.state["all"]["count"])


class Hurries(CountInTensorOfGroup):
    """The same with steps that are twice as long."""

    def step(self, closure: Callable[[], Any] | None = None) -> Any:  # type: ignore[override]
        for group in self.param_groups:
            group["lr"] *= 2
        loss = super().step(closure)
        for group in self.param_groups:
            group["lr"] /= 2
        return loss


class ForgetsItsCount(torch.optim.Adam):
    """Adam of which a checkpoint has no count of steps."""

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        super().load_state_dict(state_dict)
        for state in self.state.values():
            state.pop("step", None)


class WithoutGroups:
    """Adam that is no optimizer of torch: it has no param groups, and a checkpoint of its own."""

    def __init__(self, params: Iterable[Any], stepsize: float = 1e-3, beta1: float = 0.9, beta2: float = 0.999) -> None:
        self.params = list(params)
        self.stepsize, self.beta1, self.beta2 = stepsize, beta1, beta2
        self.m: dict[int, Any] = {}
        self.v: dict[int, Any] = {}
        self.t = 0

    def zero_grad(self) -> None:
        for p in self.params:
            p.grad = None

    def state_dict(self) -> dict[str, Any]:
        return {"m": dict(self.m), "v": dict(self.v), "t": self.t}

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        self.m, self.v, self.t = dict(saved["m"]), dict(saved["v"]), saved["t"]

    @torch.no_grad()
    def step(self) -> None:
        self.t += 1
        for place, p in enumerate(self.params):
            if p.grad is not None:
                zero = torch.zeros_like(p)
                self.m[place] = self.beta1 * self.m.get(place, zero) + (1 - self.beta1) * p.grad
                self.v[place] = self.beta2 * self.v.get(place, zero) + (1 - self.beta2) * p.grad * p.grad
                root = (self.v[place] / (1 - self.beta2**self.t)).sqrt() + 1e-8
                p.sub_(self.stepsize / (1 - self.beta1**self.t) * self.m[place] / root)
