"""Minimisers that each break one clause about searches."""

from __future__ import annotations

import functools

import torch
from torch.optim import lbfgs


class WrongReciprocal(torch.optim.LBFGS):
    """search/iterates"""

    def step(self, closure):
        loss = super().step(closure)
        kept = self.state[self._params[0]].get("ro") or []
        for value in kept[-1:]:
            value.mul_(1 + 2.0**-10)
        return loss


class TakesAnyDecrease(torch.optim.LBFGS):
    """search/iterates"""

    def step(self, closure):
        search = lbfgs._strong_wolfe
        lbfgs._strong_wolfe = functools.partial(search, c1=0.0)
        try:
            return super().step(closure)
        finally:
            lbfgs._strong_wolfe = search


class FirstStepUndamped(torch.optim.LBFGS):
    """search/from-start"""

    def step(self, closure):
        state = self.state[self._params[0]]
        state.setdefault("func_evals", 0)
        if not state.get("n_iter"):  # the first length is lr, whatever the gradient
            with torch.no_grad():
                closure()
                direction = self._gather_flat_grad().neg()
                state.update(
                    d=direction,
                    t=0.0,
                    n_iter=1,
                    old_dirs=[],
                    old_stps=[],
                    ro=[],
                    H_diag=1,
                    prev_flat_grad=direction.neg(),
                )
        return super().step(closure)


class SingleIterationsAreShorter(torch.optim.LBFGS):
    """search/one-by-one"""

    def step(self, closure):
        group = self.param_groups[0]
        full = group["lr"]
        if group["max_iter"] == 1:
            group["lr"] = full / 2
        loss = super().step(closure)
        group["lr"] = full
        return loss


class PiecesInReverse(torch.optim.LBFGS):
    """search/pieces"""

    def _gather_flat_grad(self):
        return torch.cat([p.grad.reshape(-1) for p in reversed(self._params)])


class ClosureWithoutGradients(torch.optim.LBFGS):
    """search/closure"""

    def step(self, closure):
        def quiet():
            with torch.no_grad():
                return closure()

        return super().step(quiet)
