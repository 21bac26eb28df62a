"""Gradient release: each parameter is stepped in the backward pass, as soon as its gradient is there."""

from __future__ import annotations

from functools import partial

import torch

from .optimizer import RuleOptimizer


class GradientRelease:
    """Steps in the backward pass, from here on until it is removed.

    A parameter is stepped once its gradient is complete, which is then given up, so that the gradients of all are
    never there together.  The step is the one that `optimizer.step()` makes, which finds nothing left to do.  It
    needs the gradient of one backward pass alone: gradients that are added up over several, clipped by the norm of
    all, or scaled by GradScaler are not those of a step in the pass.

    Raises a ValueError for parameters that take no gradient, and for a differentiable group.
    """

    def __init__(self, optimizer: RuleOptimizer) -> None:
        for place, group in enumerate(optimizer.param_groups):
            if group["differentiable"]:
                raise ValueError(f"group {place} is differentiable; give differentiable=False")
            for p in group["params"]:
                if not p.requires_grad or not p.is_leaf:
                    raise ValueError(f"a parameter of group {place} takes no gradient; give leaves that require one")
        self._handles = [
            p.register_post_accumulate_grad_hook(partial(_step_of_one, optimizer, place))
            for place, group in enumerate(optimizer.param_groups)
            for p in group["params"]
        ]

    def remove(self) -> None:
        """Leave gradients where they are from here on."""
        for handle in self._handles:
            handle.remove()
        self._handles = []


def _step_of_one(optimizer: RuleOptimizer, place: int, p: torch.Tensor) -> None:
    optimizer.step_group({**optimizer.param_groups[place], "params": [p]})
    p.grad = None
