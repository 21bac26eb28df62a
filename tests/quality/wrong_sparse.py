"""A SparseAdam whose absent rows do not stay as they are."""

from __future__ import annotations

import torch


class DecaysAbsentRows(torch.optim.SparseAdam):
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                if "exp_avg" in self.state[p]:
                    absent = torch.ones(len(p), dtype=torch.bool)
                    absent[p.grad.coalesce().indices()[0]] = False
                    self.state[p]["exp_avg"][absent] *= group["betas"][0]
        return super().step(closure)
