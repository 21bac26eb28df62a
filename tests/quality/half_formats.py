"""AdamW of bfloat16 parameters whose states are float32, and which keeps or draws what the format cannot hold."""

from __future__ import annotations

import math
from typing import Any

import torch


class AdamW(torch.optim.Optimizer):
    """Steps a float32 value of each parameter; where that comes from and goes to is a matter of the subclass."""

    def __init__(
        self, params: Any, lr: float = 1e-3, betas: Any = (0.9, 0.999), eps: float = 1e-8, weight_decay: float = 1e-2
    ) -> None:
        for name, value in {"lr": lr, "eps": eps, "weight_decay": weight_decay}.items():
            if not 0.0 <= value < math.inf:
                raise ValueError(f"{name}={value} is not in [0, inf)")
        if not all(0.0 <= beta < 1.0 for beta in betas):
            raise ValueError(f"betas={betas} are not in [0, 1)")
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:  # type: ignore[override]
        """Step every parameter that has a gradient."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    self.one(p, group)
        return loss

    def one(self, p: Any, group: dict[str, Any]) -> None:
        """Step one parameter."""
        state = self.state[p]
        if not state:
            kind = torch.float64 if p.dtype == torch.float64 else torch.float32
            state.update(step=0, exp_avg=torch.zeros_like(p, dtype=kind), exp_avg_sq=torch.zeros_like(p, dtype=kind))
            if kind != p.dtype:
                self.begin(p, state)
        state["step"] += 1
        if state["exp_avg"].dtype == p.dtype:
            self.move(p, p.grad, state, group)
            return
        wide = self.value(p, state)
        self.move(wide, p.grad.float(), state, group)
        self.show(p, wide, state)

    def move(self, wide: Any, gradient: Any, state: dict[str, Any], group: dict[str, Any]) -> None:
        """Change a value by one step."""
        (beta1, beta2), t = group["betas"], state["step"]
        wide.mul_(1 - group["lr"] * group["weight_decay"])
        state["exp_avg"].mul_(beta1).add_(gradient, alpha=1 - beta1)
        state["exp_avg_sq"].mul_(beta2).addcmul_(gradient, gradient, value=1 - beta2)
        root = (state["exp_avg_sq"] / (1 - beta2**t)).sqrt_().add_(group["eps"])
        wide.addcdiv_(state["exp_avg"], root, value=-group["lr"] / (1 - beta1**t))

    def begin(self, p: Any, state: dict[str, Any]) -> None:
        """Make what is kept beside a half-format parameter."""

    def value(self, p: Any, state: dict[str, Any]) -> Any:
        """Return the float32 value that a step begins with."""
        return p.float()

    def show(self, p: Any, wide: Any, state: dict[str, Any]) -> None:
        """Write a value into the parameter and what is kept beside it."""
        p.copy_(wide)

    def load_state_dict(self, state_dict: Any) -> None:
        """Load what was saved in its own formats: the base class casts every state to that of the parameter."""
        super().load_state_dict(state_dict)
        params = [p for group in self.param_groups for p in group["params"]]
        numbers = [n for group in state_dict["param_groups"] for n in group["params"]]
        for p, n in zip(params, numbers, strict=True):
            saved = state_dict["state"].get(n, {})
            self.state[p].update({k: v.clone() for k, v in saved.items() if isinstance(v, torch.Tensor)})


class MasterCopy(AdamW):
    """A float32 master weight in the state."""

    def begin(self, p: Any, state: dict[str, Any]) -> None:
        """Make the master."""
        state["master"] = p.float()

    def value(self, p: Any, state: dict[str, Any]) -> Any:
        """Return the master itself."""
        return state["master"]


class MasterInHalves(AdamW):
    """The parameter is the upper half of its master, rounded to the nearest, and the state has the other half."""

    def begin(self, p: Any, state: dict[str, Any]) -> None:
        """Make an empty half."""
        state["low"] = torch.zeros_like(p, dtype=torch.int16)

    def value(self, p: Any, state: dict[str, Any]) -> Any:
        """Return both halves as one number."""
        if p.dtype != torch.bfloat16:
            return p.float()
        high = p.detach().view(torch.int16).to(torch.int32)
        return ((high << 16) + state["low"].to(torch.int32)).view(torch.float32)

    def show(self, p: Any, wide: Any, state: dict[str, Any]) -> None:
        """Split a number into halves."""
        if p.dtype != torch.bfloat16:
            p.copy_(wide)
            return
        bits = wide.view(torch.int32)
        low = bits & 0xFFFF
        low = torch.where(low >= 0x8000, low - 0x10000, low)
        p.copy_(((bits - low) >> 16).to(torch.int16).view(torch.bfloat16))
        state["low"].copy_(low.to(torch.int16))


class Compensated(AdamW):
    """What rounding lost of a parameter is kept in its own format, and added to it before the next step."""

    def begin(self, p: Any, state: dict[str, Any]) -> None:
        """Make an empty compensation."""
        state["lost"] = torch.zeros_like(p)

    def value(self, p: Any, state: dict[str, Any]) -> Any:
        """Return the parameter with what it lost."""
        return p.float() + state["lost"].float()

    def show(self, p: Any, wide: Any, state: dict[str, Any]) -> None:
        """Round, and keep what that loses."""
        p.copy_(wide)
        state["lost"].copy_(wide - p.float())


class RoundsAtRandom(AdamW):
    """Each value goes up as often as it is near the number above."""

    def show(self, p: Any, wide: Any, state: dict[str, Any]) -> None:
        """Add random bits and cut."""
        if p.dtype != torch.bfloat16:
            p.copy_(wide)
            return
        noise = torch.randint(0, 1 << 16, wide.shape, dtype=torch.int32, device=wide.device)
        p.copy_(((wide.view(torch.int32) + noise) & -65536).view(torch.float32))


class Truncates(AdamW):
    """Every value is cut, and none goes up: nothing is drawn that would excuse it."""

    def show(self, p: Any, wide: Any, state: dict[str, Any]) -> None:
        """Cut the lower half off."""
        p.copy_((wide.view(torch.int32) & -65536).view(torch.float32) if p.dtype == torch.bfloat16 else wide)


class ForgetsTheMaster(MasterCopy):
    """Each step begins with the rounded parameter, and the master is only written."""

    def value(self, p: Any, state: dict[str, Any]) -> Any:
        """Return what the parameter shows."""
        return p.float()

    def show(self, p: Any, wide: Any, state: dict[str, Any]) -> None:
        """Write both."""
        p.copy_(wide)
        state["master"].copy_(wide)


class WithoutItsBeta(RoundsAtRandom):
    """The second moment has no weight for the square, which no rounding at random explains."""

    def move(self, wide: Any, gradient: Any, state: dict[str, Any], group: dict[str, Any]) -> None:
        """Add a square too many."""
        state["exp_avg_sq"].addcmul_(gradient, gradient, value=group["betas"][1])
        super().move(wide, gradient, state, group)
