"""Checkpoints: what is loaded is checked first, and shares no memory with where it comes from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch

from .members import COUNT, state_dtype
from .rounding import REMAINDER, rounding_of
from .rule import Group, Rule
from .settings import own

TELLING = frozenset(
    {
        *("alpha", "amsgrad", "beta2_decay", "betas", "centered", "d", "dampening", "eps", "etas", "final_lr", "gamma"),
        *("initial_accumulator", "initial_accumulator_value", "lambd", "line_search_fn", "lr_decay", "momentum"),
        *("momentum_decay", "nesterov", "ns_coefficients", "rho", "step_sizes", "t0"),
    }
)
"""The settings by which the rules of torch and of this package are told apart."""


def checked_groups(rule: Rule, defaults: Group, saved: Sequence[Group], groups: Sequence[Group]) -> None:
    """Raise a ValueError for saved groups that are of other sizes than these, or of another rule."""
    sizes, wanted = ([len(group["params"]) for group in each] for each in (saved, groups))
    if sizes != wanted:
        raise ValueError(f"the checkpoint has groups of {sizes} parameters; this optimizer's are of {wanted}")
    needed = {setting.name for setting in rule.settings} | (TELLING & defaults.keys())
    for place, group in enumerate(saved):
        missing, foreign = needed - group.keys(), (TELLING & group.keys()) - defaults.keys()
        if missing or foreign:
            told = f"it lacks {sorted(missing)}" if missing else f"it has {sorted(foreign)}"
            what = f"group {place} of the checkpoint is not of {rule.name}: {told}"
            raise ValueError(f"{what}; load it with the optimizer that saved it")


def loaded_groups(defaults: Group, saved: Sequence[Group], groups: Sequence[Group]) -> Iterator[dict[str, Any]]:
    """Yield the saved groups with the parameters and, where none were saved, the names of these."""
    for kept, group in zip(saved, groups, strict=True):
        names = {key: group[key] for key in ("param_names",) if key in group and key not in kept}
        yield {**defaults, **{key: own(value) for key, value in kept.items()}, **names, "params": group["params"]}


def loaded_states(
    rule: Rule, state: Mapping[Any, Any], saved: Sequence[Group], groups: Sequence[Group]
) -> Iterator[tuple[Any, Any]]:
    """Yield each parameter with copies of its saved states, in the formats in which the rule keeps them."""
    found = set()
    for kept, group in zip(saved, groups, strict=True):
        for identifier, p in zip(kept["params"], group["params"], strict=True):
            found.add(identifier)
            if identifier in state:
                of = {**group, **kept}
                single = {COUNT, *(item.key for item in rule.states(of, p) if item.single)}
                yield p, {key: _loaded(value, key, single, p, of) for key, value in state[identifier].items()}
    yield from ((key, value) for key, value in state.items() if key not in found)


def _loaded(value: Any, key: str, singles: set[str], p: torch.Tensor, group: Group) -> Any:
    if key in singles and value is not None:
        device = p.device if group.get("capturable") else "cpu"
        number = value.detach() if isinstance(value, torch.Tensor) else torch.tensor(float(value), dtype=torch.float64)
        return number.clone().to(device=device, dtype=torch.float64)
    if not isinstance(value, torch.Tensor):
        return own(value)
    copied = value.detach().clone(memory_format=torch.preserve_format)
    wanted = rounding_of(group, p.dtype).kept if key == REMAINDER else state_dtype(group, p.dtype)
    return copied.to(device=p.device, dtype=wanted if copied.is_floating_point() else copied.dtype)
