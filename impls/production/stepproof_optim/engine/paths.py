"""Which path steps a bucket."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .group_step import step_group
from .members import Member
from .one_pass import step_in_one_pass
from .plain_paths import step_each, step_together
from .rule import Group, Rule


def in_one_call(rule: Rule, group: Group, state: Mapping[Any, Any]) -> bool:
    """Tell whether all parameters of a group were stepped by one call."""
    return _by_one_pass(rule, group) and step_group(rule, group, state)


def _by_one_pass(rule: Rule, group: Group) -> bool:
    asked = group["fused"] or (group["fused"] is None and group["foreach"] is None)
    return bool(asked and rule.elementwise and not group["capturable"] and not group["differentiable"])


def stepped_by(rule: Rule, members: Sequence[Member], group: Group) -> None:
    """Step members of one bucket by the path that the group asks for, or the best one that there is.

    Tensors without elements have nothing to step.  What one pass cannot take is stepped by torch's operations.
    """
    full: Sequence[Member] = [member for member in members if member.parameter.numel()]
    alone = group["capturable"] or group["differentiable"] or not rule.elementwise
    on_host = bool(full) and full[0].parameter.device.type == "cpu"
    if full and _by_one_pass(rule, group) and (on_host or group["fused"]):
        full = step_in_one_pass(rule, full, group)
    together = group["foreach"] or (group["foreach"] is None and not on_host)
    if full and together and not alone:
        step_together(rule, full, group)
    else:
        step_each(rule, full, group)
