"""The optimizer that a rule makes: groups, the step, and what is saved and loaded, written once for all rules."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

import torch
from torch.optim import Optimizer

from .loading import checked_groups, loaded_groups, loaded_states
from .members import COUNT, Member, members_of
from .paths import in_one_call, stepped_by
from .rounding import NEAREST, ROUNDINGS
from .rule import SCALE, Group, Rule
from .settings import as_number, check, own

SWITCHES: dict[str, Any] = {
    "maximize": False,
    "foreach": None,
    "capturable": False,
    "differentiable": False,
    "fused": None,
    "rounding": NEAREST,
    "wide_states": False,
}
"""What every group has beside the settings of its rule, and what it is where nobody says."""


class RuleOptimizer(Optimizer):
    """A torch optimizer that steps by its `rule`.

    A subclass names the rule and the arguments of its constructor.  `settings` are the values of the rule's
    settings and of the switches, which a group may set for itself.  Raises a ValueError that names the
    setting, its value and its range for what is not legal, in the constructor, in a group given to it, and
    in `add_param_group`.
    """

    rule: ClassVar[Rule]

    def __init__(self, params: Iterable[Any], settings: dict[str, Any]) -> None:
        settings = SWITCHES | settings
        self._check(settings)
        groups = list(params) if not isinstance(params, torch.Tensor) else params
        super().__init__(groups, settings)

    def _check(self, group: Group) -> None:
        check(self.rule.settings, group)
        if group["foreach"] and group["fused"]:
            raise ValueError("foreach and fused are both True; give one of them, or neither")
        if group["differentiable"] and (group["foreach"] or group["fused"] or group["capturable"]):
            raise ValueError("differentiable is True beside another path; give foreach, fused and capturable as False")
        if group["rounding"] not in ROUNDINGS:
            raise ValueError(f"rounding is {group['rounding']!r}; give one of {', '.join(map(repr, ROUNDINGS))}")
        if group["differentiable"] and group["rounding"] != NEAREST:
            raise ValueError(f"differentiable is True beside rounding {group['rounding']!r}; give {NEAREST!r}")
        if type(group["wide_states"]) is not bool:
            raise ValueError(f"wide_states is {group['wide_states']!r}; give True or False")

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a group, which gets settings of its own of all that it does not name.

        Raises a ValueError for a setting that is not legal and for a parameter that is there already.
        """
        if not isinstance(param_group, dict):
            raise TypeError(f"a param group is a dict with the key `params`; {type(param_group).__name__} was given")
        params = param_group["params"]
        params = [params] if isinstance(params, torch.Tensor) else params if isinstance(params, set) else list(params)
        members = [item[1] if isinstance(item, tuple) else item for item in params]
        if len({id(p) for p in members}) < len(members):
            raise ValueError("a parameter stands twice in a param group; give each parameter once")
        group = {**{key: own(value) for key, value in self.defaults.items()}, **param_group, "params": params}
        self._check(group)
        super().add_param_group({key: value if key == "params" else own(value) for key, value in group.items()})

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Make one step and return the closure's loss, or None without one.

        Every parameter whose gradient is not None is stepped.  Where GradScaler has left `grad_scale` gradients
        are divided by it, and where it has left a `found_inf` of 1 nothing changes.  Raises a RuntimeError for a
        sparse gradient.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        found = getattr(self, "found_inf", None)
        if found is None or not found.item():
            for group in self.param_groups:
                self.step_group(group)
        return loss

    @property
    def _step_supports_amp_scaling(self) -> bool:
        """Whether GradScaler leaves the unscaling to the step, which does it as it reads a gradient."""
        return not any(group["capturable"] or group["differentiable"] for group in self.param_groups)

    def step_group(self, group: dict[str, Any]) -> None:
        """Step the parameters of one group, or of what has the settings of one."""
        with torch.set_grad_enabled(bool(group["differentiable"])):
            self._step_group(group)

    def _step_group(self, group: dict[str, Any]) -> None:
        read = group if group["capturable"] or group["differentiable"] else _numbers_of(self.rule, group)
        if (scale := getattr(self, SCALE, None)) is not None:
            read = {**read, SCALE: as_number(scale)}
        if in_one_call(self.rule, read, self.state):
            return
        buckets: dict[Any, list[Member]] = {}
        for member in members_of(self.rule, read, self.state):
            buckets.setdefault(member.bucket, []).append(member)
        for members in buckets.values():
            stepped_by(self.rule, members, read)
            if self.rule.counts:
                torch._foreach_add_([member.kept[COUNT] for member in members], 1)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Load a checkpoint of this optimizer or of torch's of the same rule, without sharing memory with it.

        Raises a ValueError for one of other groups or of another rule, which changes nothing.
        """
        given = state_dict.copy()
        for before in self._optimizer_load_state_dict_pre_hooks.values():
            given = before(self, given) or given
        saved = given["param_groups"]
        checked_groups(self.rule, self.defaults, saved, self.param_groups)
        groups = list(loaded_groups(self.defaults, saved, self.param_groups))
        state = defaultdict(dict, loaded_states(self.rule, given["state"], saved, groups))
        self.__setstate__({"state": state, "param_groups": groups})
        for after in self._optimizer_load_state_dict_post_hooks.values():
            after(self)

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        for group in self.param_groups:
            for key, value in SWITCHES.items():
                group.setdefault(key, value)


def _numbers_of(rule: Rule, group: Group) -> Group:
    return {**group, **{setting.name: as_number(group[setting.name]) for setting in rule.settings}}
