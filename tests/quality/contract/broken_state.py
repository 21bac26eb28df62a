"""Optimizers that each break one clause about state, scaling, the whole and a life."""

from __future__ import annotations

import copy
import importlib.util
import sys
import threading
import time
from collections import defaultdict
from pathlib import Path

import torch

spec = importlib.util.spec_from_file_location("kept", Path(__file__).with_name("kept.py"))
kept = importlib.util.module_from_spec(spec)
sys.modules["kept"] = kept
spec.loader.exec_module(kept)
Kept = kept.Kept
WRONG = 1 + 1 / 16


class LoadForgetsMoment(Kept):
    """state/round-trip"""

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
    """state/settings-loaded"""

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


class CountsSkipped(Kept):
    """scaling/found-inf"""

    def skipped(self, loss):
        for state in self.state.values():
            state["step"] += 1
        return loss


class DividesTwice(Kept):
    """scaling/grad-scale"""

    def gradient(self, p):
        gradient = super().gradient(p)
        return gradient / self.grad_scale if getattr(self, "grad_scale", None) is not None else gradient


class IgnoresScaler(Kept):
    """scaling/scaler"""

    def step(self, closure=None, grad_scaler=None):
        return super().step(closure)


class AutocastRounds(Kept):
    """scaling/autocast"""

    def gradient(self, p):
        gradient = super().gradient(p)
        return gradient * WRONG if torch.is_autocast_enabled("cpu") else gradient


class SlowPath(Kept):
    """whole/paths-agree"""

    def rate(self, p, group):
        return super().rate(p, group) * (WRONG if group["foreach"] else 1)


class Wanders(Kept):
    """whole/deterministic"""

    count = 0

    def update(self, p, x, gradient, group):
        super().update(p, x, gradient, group)
        if p.numel() == 999:
            Wanders.count += 1
            x.mul_(1 + Wanders.count / 64)


class ThreadsMatter(Kept):
    """whole/threads"""

    def rate(self, p, group):
        return super().rate(p, group) * torch.get_num_threads()


class SeedsTheWorld(Kept):
    """whole/surroundings"""

    def step(self, closure=None):
        torch.manual_seed(0)
        return super().step(closure)


class LeavesAThread(Kept):
    """whole/leaves-nothing"""

    thread = None

    def finish(self, betas):
        if LeavesAThread.thread is None:
            LeavesAThread.thread = threading.Thread(target=time.sleep, args=(600,), daemon=True)
            LeavesAThread.thread.start()


class DefaultDtype(Kept):
    """whole/default-dtype"""

    def rate(self, p, group):
        rate = super().rate(p, group)
        if group["capturable"] or isinstance(rate, torch.Tensor):
            return rate
        return float(torch.tensor(rate * 1.01, device="cpu") / 1.01)


class DefaultDevice(Kept):
    """whole/default-device"""

    def rate(self, p, group):
        rate = super().rate(p, group)
        if group["capturable"] or isinstance(rate, torch.Tensor):
            return rate
        return float(torch.tensor(rate, dtype=torch.float64))


class ForgetsLoss(Kept):
    """whole/closure"""

    def step(self, closure=None):
        super().step(closure)


class NoPostHook(Kept):
    """whole/step-hooks"""

    def register_step_post_hook(self, hook):
        handle = super().register_step_post_hook(hook)
        handle.remove()
        return handle


class DropsHookArguments(Kept):
    """whole/hook-arguments"""

    def register_step_pre_hook(self, hook):
        def without_result(*given):
            hook(*given)

        return super().register_step_pre_hook(without_result)


class AlwaysNone(Kept):
    """whole/zero-grad"""

    def zero_grad(self, set_to_none=True):
        super().zero_grad(set_to_none=True)


class NewMemory(Kept):
    """whole/in-place"""

    def update(self, p, x, gradient, group):
        super().update(p, x, gradient, group)
        if p.is_leaf:
            p.data = p.data.clone()


class KeepsALog(Kept):
    """whole/memory"""

    def update(self, p, x, gradient, group):
        super().update(p, x, gradient, group)
        self.log = [*getattr(self, "log", []), gradient.clone()]


class ForgetsADerivative(Kept):
    """whole/differentiable"""

    def write(self, p, x, average, denominator, decay, lr, size):
        super().write(p, x, average, denominator.detach(), decay, lr, size)


class ReadsTheGradient(Kept):
    """whole/no-synchronisation"""

    def gradient(self, p):
        gradient = super().gradient(p)
        finite = not self.defaults["capturable"] or bool(gradient.isfinite().all())
        return gradient if finite else gradient.nan_to_num()


class Distributed(Kept):
    """Steps too far in a group of processes, where `wrong` says so."""

    def rate(self, p, group):
        together = torch.distributed.is_initialized() and self.wrong(p, len(group["params"]))
        return super().rate(p, group) * (WRONG if together else 1)


class AveragedWrong(Distributed):
    """distributed/data-parallel"""

    def wrong(self, p, count):
        return count == 2 and type(p) is torch.nn.Parameter


class OneShardWrong(Distributed):
    """distributed/zero-redundancy"""

    def wrong(self, p, count):
        return count == 1


class ShardsWrong(Distributed):
    """distributed/sharded"""

    def wrong(self, p, count):
        return type(p.data) is not torch.Tensor


class ZeroGradDoubles(Kept):
    """life/interleaved"""

    def zero_grad(self, set_to_none=True):
        super().zero_grad(set_to_none)
        self.cleared = True

    def rate(self, p, group):
        return super().rate(p, group) * (WRONG if getattr(self, "cleared", False) else 1)
