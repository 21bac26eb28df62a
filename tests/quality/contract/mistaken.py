"""Optimizers with a mistake beside that of another file, and one that cannot be called as the contract calls it."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

spec = importlib.util.spec_from_file_location("kept", Path(__file__).with_name("kept.py"))
kept = importlib.util.module_from_spec(spec)
sys.modules["kept"] = kept
spec.loader.exec_module(kept)
Kept = kept.Kept


class RaisesItself(Kept):
    """Its own line raises."""

    def update(self, p, x, gradient, group):
        return {}["exp_avg"]


class AsksForMore(Kept):
    """Its step has an argument that no other has."""

    def step(self, closure=None, *, loss_scale):
        return super().step(closure)


class BucketsByTheRest(Kept):
    """Groups that are alike but for their learning rates step with that of the first of them."""

    def rate(self, p, group):
        rest = {key: value for key, value in group.items() if key not in {"params", "lr"}}
        first = next(g for g in self.param_groups if {k: v for k, v in g.items() if k not in {"params", "lr"}} == rest)
        return super().rate(p, first)


class NamesAPlace(Kept):
    """Its errors have a number that is no end of a range."""

    def complaint(self, name, value, legal):
        return f"Invalid {name} parameter at index 0: {value}"


class ForgetsWhatWasLoaded(Kept):
    """Loaded, it goes on as if it had made no step."""

    def load_state_dict(self, state_dict):
        super().load_state_dict(state_dict)
        self.state.clear()


class BreaksItsProgram(Kept):
    """In a program in which there is nothing else it raises, and in any other it does not."""

    def step_group(self, group):
        if "pathlib" in sys.modules and not any("stepproof" in name for name in sys.modules):
            raise RuntimeError("there is nobody else here")
        super().step_group(group)
