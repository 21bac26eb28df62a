"""Optimizers that each break one clause about hyperparameters and groups."""

from __future__ import annotations

import importlib.util
import sys
import warnings
from pathlib import Path

import torch

spec = importlib.util.spec_from_file_location("kept", Path(__file__).with_name("kept.py"))
kept = importlib.util.module_from_spec(spec)
sys.modules["kept"] = kept
spec.loader.exec_module(kept)
Kept, own = kept.Kept, kept.own
WRONG = 1 + 1 / 16
COMMON: dict = {}


class RateOnce(Kept):
    """hyperparameters/read-anew"""

    def rate(self, p, group):
        self.rates_seen = getattr(self, "rates_seen", {})
        return self.rates_seen.setdefault(p, super().rate(p, group))


class DecayOff(Kept):
    """hyperparameters/switched-on"""

    def decay(self, p, group):
        self.off = getattr(self, "off", {})
        return 0 if self.off.setdefault(p, not group["weight_decay"]) else group["weight_decay"]


class TensorRateWrong(Kept):
    """hyperparameters/tensor-lr"""

    def rate(self, p, group):
        rate = super().rate(p, group)
        return rate * WRONG if isinstance(group["lr"], torch.Tensor) and isinstance(rate, float) else rate


class TensorBetasWrong(Kept):
    """hyperparameters/tensor-betas"""

    def rates(self, group):
        beta1, beta2 = super().rates(group)
        return (beta1, beta1) if isinstance(group["betas"][1], torch.Tensor) else (beta1, beta2)


class EpsilonUnchecked(Kept):
    """hyperparameters/refused"""

    def check(self, settings):
        whole = len(settings) > 3
        super().check({k: v for k, v in settings.items() if not (whole and k == "eps")})


class GroupUnchecked(Kept):
    """hyperparameters/refused-in-group"""

    def check_group(self, group):
        return None


class ErrorWithoutValue(Kept):
    """hyperparameters/error-names-value"""

    def complaint(self, name, value, legal):
        return f"{name} is not in {legal}"


class ErrorWithoutRange(Kept):
    """hyperparameters/error-names-range"""

    def complaint(self, name, value, legal):
        return f"{name} of {value} is wrong"


class DocumentedOtherwise(Kept):
    """hyperparameters/defaults-documented"""

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01, *, maximize=False):
        """
        lr (float): the learning rate (default: 1e-3)
        betas (tuple): the decay rates (default: (0.9, 0.999))
        eps (float): keeps the denominator from zero (default: 1e-6)
        """
        super().__init__(params, lr, betas, eps, weight_decay, maximize=maximize)


class ZeroRateMoves(Kept):
    """hyperparameters/zero-lr"""

    def update(self, p, x, gradient, group):
        super().update(p, x, gradient, group)
        if float(group["lr"]) == 0:
            x.mul_(WRONG)


class MaximizeGrows(Kept):
    """hyperparameters/maximize"""

    def decay(self, p, group):
        return -group["weight_decay"] if group["maximize"] else group["weight_decay"]


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
    """groups/empty"""

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
    """groups/instances-share-nothing"""

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
