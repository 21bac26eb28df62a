"""Every call into the code under test: what is raised beyond one of these lines is not the suite's own mistake."""

from __future__ import annotations

import copy
import io
import pickle
import warnings
from typing import Any

import torch

from ..calling import asks_for_closure


def construct(make: Any, params: Any, settings: dict[str, Any]) -> Any:
    """An optimizer is made as any program makes it: parameters first, then keywords."""
    return make(params, **settings)


def take_step(optimizer: Any, *closure: Any) -> Any:
    """A step, with a closure where one is given or where its signature asks for one."""
    if closure or not asks_for_closure(optimizer):
        return optimizer.step(*closure)
    return optimizer.step(unchanged_loss)


def unchanged_loss() -> torch.Tensor:
    """A closure that leaves every gradient as it was set."""
    return torch.zeros(())


def halve_rates(optimizer: Any) -> None:
    """A scheduler of torch halves every learning rate."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for group in optimizer.param_groups:
            group["initial_lr"] = group["lr"]
        torch.optim.lr_scheduler.MultiplicativeLR(optimizer, lambda _: 0.5).step()


def take_scaled_step(scaler: Any, optimizer: Any) -> None:
    """A step that torch.amp.GradScaler makes or skips, and the scale that follows."""
    scaler.step(optimizer)
    scaler.update()


def saved_state(optimizer: Any) -> Any:
    """The state dictionary."""
    return optimizer.state_dict()


def load_state(optimizer: Any, saved: Any) -> None:
    """A state dictionary is loaded."""
    optimizer.load_state_dict(saved)


def resume(optimizer: Any, source: Any) -> None:
    """The checkpoint of another optimizer is loaded."""
    load_state(optimizer, deep_copy(saved_state(source)))


def join_group(trial: Any, optimizer: Any, group: dict[str, Any]) -> None:
    """A group joins, with what every group must say."""
    complete = getattr(trial.make, "completed_group", None)
    optimizer.add_param_group(group if complete is None else complete(group, {**trial.path, **trial.settings}))


def clear_gradients(optimizer: Any, **how: Any) -> None:
    """The gradients are removed, or filled with zeros."""
    optimizer.zero_grad(**how)


def deep_copy(held: Any) -> Any:
    """A deep copy of an optimizer, or of what it saved."""
    return copy.deepcopy(held)


def through_file(saved: Any) -> Any:
    """What torch.load(weights_only=True) gives back of what torch.save wrote."""
    file = io.BytesIO()
    torch.save(saved, file)
    file.seek(0)
    return torch.load(file, weights_only=True)


def pickled_copy(optimizer: Any) -> Any:
    """What comes back from the bytes to which an optimizer is pickled."""
    return pickle.loads(pickle.dumps(optimizer))  # noqa: S301 - our own bytes


def add_hook(optimizer: Any, place: str, hook: Any) -> Any:
    """A hook is registered: `step_pre`, `state_dict_post`."""
    return getattr(optimizer, f"register_{place}_hook")(hook)
