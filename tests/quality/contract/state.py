"""Optimizers that each break one clause about state."""

from __future__ import annotations

import copy
import importlib.util
import sys
from collections import defaultdict
from pathlib import Path

import torch

spec = importlib.util.spec_from_file_location("kept", Path(__file__).with_name("kept.py"))
kept = importlib.util.module_from_spec(spec)
sys.modules["kept"] = kept
spec.loader.exec_module(kept)
Kept = kept.Kept


class LoadForgetsMoment(Kept):
    """state/round-trip, and with it state/other-path, state/weights-only, history/closure-raises,
    history/data-replaced, history/empty-group, history/hook-raises, history/misfit-refused"""

    def load_state_dict(self, state_dict):
        super().load_state_dict(state_dict)
        for state in self.state.values():
            state["exp_avg"] = torch.zeros_like(state["exp_avg"])


class Mark:
    pass


class KeepsAnObject(Kept):
    """state/weights-only"""

    def start(self, p, x):
        return {**super().start(p, x), "mark": Mark}


class DeepcopyShares(Kept):
    """state/deepcopy"""

    def __deepcopy__(self, memo):
        other = copy.copy(self)
        other.state = copy.copy(self.state)
        return other


class PickleForgetsCount(Kept):
    """state/pickle"""

    def __deepcopy__(self, memo):
        other = copy.copy(self)
        other.state, other.param_groups = copy.deepcopy((self.state, self.param_groups), memo)
        return other

    def __reduce__(self):
        state = self.__getstate__()
        kept = {p: {**s, "step": 0} for p, s in self.state.items()}
        return object.__new__, (type(self),), {**state, "state": kept}


class LoadAliases(Kept):
    """state/not-aliased"""

    def load_state_dict(self, state_dict):
        torch.optim.Optimizer.load_state_dict(self, state_dict)

    def store(self, state, key, value):
        state[key].copy_(value)


class CastsAnInteger(Kept):
    """state/dtypes-kept"""

    def start(self, p, x):
        return {**super().start(p, x), "note": torch.tensor([1, 2])}


class CountInBfloat16(Kept):
    """state/count-kept"""

    def load_state_dict(self, state_dict):
        super().load_state_dict(state_dict)
        for state in self.state.values():
            state["step"] = int(torch.tensor(float(state["step"])).bfloat16())


class OldSettings(Kept):
    """state/settings-loaded, and with it state/round-trip, state/weights-only, history/closure-raises,
    history/data-replaced, history/empty-group, history/hook-raises, history/loaded-over, history/misfit-refused,
    history/step-raises, history/went-back"""

    def load_state_dict(self, state_dict):
        before = [group["weight_decay"] for group in self.param_groups]
        super().load_state_dict(state_dict)
        for group, value in zip(self.param_groups, before, strict=True):
            group["weight_decay"] = value


class StateOfAPath(Kept):
    """state/other-path"""

    def start(self, p, x):
        return {**super().start(p, x), "way": int(bool(self.defaults["foreach"]))}

    def update(self, p, x, gradient, group):
        state = self.state[p]
        if state and state["way"] != int(bool(self.defaults["foreach"])):
            raise RuntimeError("the state is of another path")
        super().update(p, x, gradient, group)


class ForgetsANumber(Kept):
    """state/plain-numbers"""

    def start(self, p, x):
        return {**super().start(p, x), "seen": torch.tensor(0.0)}

    def load_state_dict(self, state_dict):
        super().load_state_dict(state_dict)
        for state in self.state.values():
            if not isinstance(state["seen"], torch.Tensor):
                state["exp_avg"] = torch.zeros_like(state["exp_avg"])
                state["seen"] = torch.tensor(0.0)


class TakesAnyCheckpoint(Kept):
    """state/other-rule"""

    def load_state_dict(self, state_dict):
        super().load_state_dict(state_dict)
        for group in self.param_groups:
            for key, value in self.defaults.items():
                group.setdefault(key, value)
        self.state = {p: s for p, s in self.state.items() if "exp_avg" in s}
        self.state = defaultdict(dict, self.state)


class NoStateHooks(Kept):
    """state/hooks"""

    def register_state_dict_post_hook(self, hook, *, prepend=False):
        return None
