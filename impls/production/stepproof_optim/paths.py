"""Which path steps a bucket."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from .members import Member
from .plain_paths import step_each, step_together
from .rule import Group, Rule

PLAIN = (torch.Tensor, torch.nn.Parameter)


def stepped_by(rule: Rule, members: Sequence[Member], group: Group) -> None:
    """Step members of one bucket by the path that the group asks for, or the best one that there is."""
    full = [member for member in members if member.parameter.numel()]
    if group["foreach"] and rule.elementwise and not group["capturable"] and full:
        step_together(rule, full, group)
    else:
        step_each(rule, full, group)
