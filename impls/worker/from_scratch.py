"""Updates written out as a notebook does: plain tensors, a loop over the parameters, no framework."""

from __future__ import annotations

from typing import Any

import torch


class FromScratch:
    """Parameters with their state; a subclass writes one rule's update out."""

    def __init__(self, parameters: list[torch.Tensor], **settings: Any) -> None:
        self.parameters, self.settings, self.t = list(parameters), settings, 0
        self.state: dict[torch.Tensor, dict[str, torch.Tensor]] = {p: {} for p in self.parameters}

    def zero_grad(self) -> None:
        """Gradients are forgotten."""
        for p in self.parameters:
            p.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """Every parameter makes one step along its gradient."""
        self.t += 1
        for p in self.parameters:
            if p.grad is not None:
                self.update(p, p.grad, self.state[p])

    def update(self, p: torch.Tensor, g: torch.Tensor, state: dict[str, torch.Tensor]) -> None:
        """One rule changes a parameter in place."""
        raise NotImplementedError


class SGD(FromScratch):
    """Gradient descent."""

    def update(self, p: torch.Tensor, g: torch.Tensor, state: dict[str, torch.Tensor]) -> None:
        """The parameter moves against its gradient."""
        p -= self.settings["lr"] * g


class RMSprop(FromScratch):
    """RMSProp."""

    def update(self, p: torch.Tensor, g: torch.Tensor, state: dict[str, torch.Tensor]) -> None:
        """The step is divided by the root of the average square."""
        alpha = self.settings["alpha"]
        v = state["square_avg"] = alpha * state.get("square_avg", torch.zeros_like(p)) + (1 - alpha) * g**2
        p -= self.settings["lr"] * g / (torch.sqrt(v) + self.settings["eps"])


class Adam(FromScratch):
    """Adam; with a weight decay, AdamW."""

    def update(self, p: torch.Tensor, g: torch.Tensor, state: dict[str, torch.Tensor]) -> None:
        """The corrected moments give the step; the decay comes first."""
        beta1, beta2 = self.settings["betas"]
        zero = torch.zeros_like(p)
        p *= 1 - self.settings["lr"] * self.settings.get("weight_decay", 0.0)
        m = state["exp_avg"] = beta1 * state.get("exp_avg", zero) + (1 - beta1) * g
        v = state["exp_avg_sq"] = beta2 * state.get("exp_avg_sq", zero) + (1 - beta2) * g**2
        m_hat, v_hat = m / (1 - beta1**self.t), v / (1 - beta2**self.t)
        p -= self.settings["lr"] * m_hat / (torch.sqrt(v_hat) + self.settings["eps"])
