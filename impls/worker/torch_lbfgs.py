"""L-BFGS as an optimizer of single iterations, whose closure is the gradient that stands there.

Each parameter has an L-BFGS of its own.  Its lists are kept as tensors, the newest pair last and zeros
where there is no pair yet, and its direction and step length as their product.
"""

from __future__ import annotations

from typing import Any

import torch

from .target import resolve

PAIRS = ("old_dirs", "old_stps", "ro")


class LBFGS(torch.optim.Optimizer):
    """One iteration a step, without line search and with both tolerances closed."""

    def __init__(
        self, params: Any, lr: float = 1.0, history_size: int = 2, minimiser: str = "torch.optim:LBFGS"
    ) -> None:
        super().__init__(params, {"lr": lr, "history_size": history_size})
        self._make = resolve(minimiser)

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        """Every parameter with a gradient makes one iteration along it."""
        loss = None if closure is None else torch.enable_grad()(closure)()
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    self._iterate(p, group["lr"], group["history_size"])
        return loss

    def _iterate(self, p: torch.Tensor, lr: float, history: int) -> None:
        single = self._make([p], lr=lr, max_iter=1, history_size=history, tolerance_grad=-1.0, tolerance_change=0.0)
        if self.state[p]:
            single.state[p].update(self._given(p, history))
        single.step(lambda: 0.0)
        self.state[p] = self._shown(p, single.state[p], history)

    def _given(self, p: torch.Tensor, history: int) -> dict[str, Any]:
        """The state of torch's optimizer is made of that of this one."""
        mine = self.state[p]
        given: dict[str, Any] = {key: [mine[f"{key}[{n}]"].flatten() for n in range(1, history + 1)] for key in PAIRS}
        given["ro"] = [value.squeeze() for value in given["ro"]]
        return given | {
            "func_evals": 0,
            "n_iter": int(mine["step"]),
            "d": mine["last_step"].flatten(),
            "t": 1.0,
            "H_diag": mine["H_diag"].squeeze(),
            "prev_flat_grad": mine["prev_flat_grad"].flatten(),
        }

    def _shown(self, p: torch.Tensor, given: dict[str, Any], history: int) -> dict[str, Any]:
        """The state of torch's optimizer is kept in the shapes of the parameter."""
        one = (1,) * p.dim()
        shown: dict[str, Any] = {
            "step": given["n_iter"],
            "prev_flat_grad": given["prev_flat_grad"].reshape(p.shape),
            "last_step": given["d"].mul(given["t"]).reshape(p.shape),
            "H_diag": torch.as_tensor(given["H_diag"], dtype=p.dtype, device=p.device).reshape(one),
        }
        missing = history - len(given["ro"])
        for key in PAIRS:
            shape = one if key == "ro" else p.shape
            kept = [torch.zeros(shape, dtype=p.dtype, device=p.device)] * missing + given[key]
            shown |= {f"{key}[{n}]": value.reshape(shape) for n, value in enumerate(kept, start=1)}
        return shown
