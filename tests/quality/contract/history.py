"""Optimizers that each break one clause about an optimizer with a past."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

spec = importlib.util.spec_from_file_location("kept", Path(__file__).with_name("kept.py"))
kept = importlib.util.module_from_spec(spec)
sys.modules["kept"] = kept
spec.loader.exec_module(kept)
Kept = kept.Kept


class KeepsWhatWasThere(Kept):
    """history/loaded-over, and with it history/went-back, history/step-raises"""

    def load_state_dict(self, state_dict):
        before = [s["exp_avg"] for s in self.state.values()] if self.__dict__.get("stepped") else []
        super().load_state_dict(state_dict)
        for state, average in zip(self.state.values(), before, strict=False):
            state["exp_avg"] = average

    def step_group(self, group):
        super().step_group(group)
        self.stepped = True


class LoadsCountsOnce(Kept):
    """history/loaded-again"""

    def load_state_dict(self, state_dict):
        counts = {p: state["step"] for p, state in self.state.items()} if self.__dict__.get("loaded") else {}
        super().load_state_dict(state_dict)
        for p, count in counts.items():
            self.state[p]["step"] = count
        self.loaded = True


class TrustsWhatItSaved(Kept):
    """history/went-back, and with it history/step-raises"""

    def state_dict(self):
        self.saved = True
        return super().state_dict()

    def load_state_dict(self, state_dict):
        own = {p: dict(state) for p, state in self.state.items()} if self.__dict__.get("saved") else {}
        super().load_state_dict(state_dict)
        for p, state in own.items():
            self.state[p].update(state)


class RemembersWhereDataLay(Kept):
    """history/data-replaced"""

    def write(self, p, x, average, denominator, decay, lr, size):
        if x is p and not self.defaults["differentiable"]:
            x = self.__dict__.setdefault("places", {}).setdefault(p, p.data)
        super().write(p, x, average, denominator, decay, lr, size)


class SwallowsErrors(Kept):
    """history/closure-raises"""

    def step(self, closure=None):
        return super().step(None if closure is None else lambda: self.loss_of(closure))

    def loss_of(self, closure):
        try:
            return closure()
        except RuntimeError:
            return None


class SwallowsErrorsOfHooks(Kept):
    """history/hook-raises"""

    def register_step_pre_hook(self, hook):
        def quiet(*given):
            try:
                return hook(*given)
            except RuntimeError:
                return None

        return super().register_step_pre_hook(quiet)


class BusyForEver(Kept):
    """history/step-raises"""

    def step(self, closure=None):
        if self.__dict__.get("busy"):
            return None
        self.busy = closure is None
        loss = super().step(closure)
        self.busy = False
        return loss


class IgnoresMisfits(Kept):
    """history/misfit-refused"""

    def load_state_dict(self, state_dict):
        try:
            super().load_state_dict(state_dict)
        except ValueError:
            return


class SavesItsOwnSettings(Kept):
    """history/others-settings"""

    def state_dict(self):
        saved = super().state_dict()
        known = {*self.defaults, "params"}
        saved["param_groups"] = [{k: v for k, v in g.items() if k in known} for g in saved["param_groups"]]
        return saved


class LoadsNothingIntoEmptyGroups(Kept):
    """history/empty-group"""

    def load_state_dict(self, state_dict):
        super().load_state_dict(state_dict)
        for group in self.param_groups:
            if not group["params"]:
                group.update(self.defaults)


class CountsInBusyGroups(Kept):
    """history/empty-group-counts, and with it gradients/late"""

    def step_group(self, group):
        if group["params"]:
            group["step"] = group.get("step", 0) + 1
        super().step_group(group)

    def update(self, p, x, gradient, group):
        state = self.state[p]
        if not state:
            state.update({key: value for key, value in self.start(p, x).items() if key != "step"})
        state["step"] = group["step"] - 1
        super().update(p, x, gradient, group)
        del state["step"]


class EndsAtAnEmptyTensor(Kept):
    """history/empty-beside"""

    def step_group(self, group):
        if len(group["params"]) > 1 and not group["params"][-1].numel():
            return
        super().step_group(group)


class FindsMomentsAtTheParameter(Kept):
    """history/rebuilt, and with it history/loaded-over, whole/memory"""

    def start(self, p, x):
        begun = super().start(p, x)
        return {**begun, "exp_avg": getattr(p, "left", begun["exp_avg"])}

    def write(self, p, x, average, denominator, decay, lr, size):
        super().write(p, x, average, denominator, decay, lr, size)
        p.left = average
