"""Optimizers that each break one clause about groups."""

from __future__ import annotations

import importlib.util
import sys
import warnings
from pathlib import Path

spec = importlib.util.spec_from_file_location("kept", Path(__file__).with_name("kept.py"))
kept = importlib.util.module_from_spec(spec)
sys.modules["kept"] = kept
spec.loader.exec_module(kept)
Kept = kept.Kept
WRONG = 1 + 1 / 16
COMMON: dict = {}


class FirstGroupsDecay(Kept):
    """groups/own-settings"""

    built = 2

    def finish(self, betas):
        self.built = len(self.param_groups)

    def decay(self, p, group):
        return (self.param_groups[0] if self.built == 2 else group)["weight_decay"]


class LateGroupsDefaults(Kept):
    """groups/defaults-filled"""

    ready = False

    def finish(self, betas):
        self.ready = True

    def add_param_group(self, group):
        super().add_param_group({"eps": 1e-8, **group} if self.ready else group)


class NewGroupResets(Kept):
    """groups/added-mid-run"""

    def add_param_group(self, group):
        super().add_param_group(group)
        for state in self.state.values():
            state["step"] = 0


class EmptyGroupRaises(Kept):
    """groups/empty, and with it history/empty-group"""

    def add_param_group(self, group):
        super().add_param_group(group)
        if not self.param_groups[-1]["params"]:
            raise ValueError("a group has no parameters")


class FirstDtypeForAll(Kept):
    """groups/mixed-dtypes"""

    def update(self, p, x, gradient, group):
        dtype = group["params"][0].dtype
        super().update(p, x, gradient, group)
        if p.dtype != dtype:
            x.mul_(WRONG)


class FirstDeviceForAll(Kept):
    """groups/two-devices"""

    def update(self, p, x, gradient, group):
        super().update(p, x, gradient.to(group["params"][0].device), group)


class TensorTwice(Kept):
    """groups/tensor-twice"""

    def add_param_group(self, group):
        try:
            super().add_param_group(group)
        except ValueError as error:
            if "more than one" not in str(error):
                raise
            self.param_groups.append({**self.defaults, **group, "params": list(group["params"])})


class TensorTwiceInGroup(Kept):
    """groups/tensor-twice-in-a-group"""

    def unrepeated(self, params):
        return params


class TensorTwiceInSilence(TensorTwiceInGroup):
    """It does not even warn."""

    def add_param_group(self, param_group):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            super().add_param_group(param_group)


class SharedTensors(Kept):
    """groups/settings-not-shared"""

    def owned(self, value):
        return value


class SharedDefaults(Kept):
    """groups/instances-share-nothing, and with it whole/differentiable"""

    def finish(self, betas):
        COMMON.update(self.defaults)
        self.defaults = COMMON


class KeepsCallersGroups(Kept):
    """groups/callers-dictionaries"""

    def add_param_group(self, group):
        super().add_param_group(group)
        group.update(self.param_groups[-1])
        self.param_groups[-1] = group


class SortsCallersList(Kept):
    """groups/callers-lists"""

    def finish(self, betas):
        if isinstance(betas, list):
            betas.sort(reverse=True)


class NoNames(Kept):
    """groups/iterables"""

    def add_param_group(self, group):
        if any(isinstance(item, tuple) for item in group["params"]):
            raise TypeError("parameters have no names here")
        super().add_param_group(group)


class ConstructorsMaximize(Kept):
    """Its groups hold a `maximize` that no step reads."""

    def update(self, p, x, gradient, group):
        super().update(p, x, gradient, {**group, "maximize": self.defaults["maximize"]})
