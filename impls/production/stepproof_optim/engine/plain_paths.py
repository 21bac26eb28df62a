"""The paths that torch's own operations make: one tensor after the other, or all of a bucket by one call each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import torch

from .arrays import Array, placed_as, shards_as
from .members import Member, compute_dtype, empty_state, local, real
from .rounding import NEAREST, narrow_into, widened
from .rule import Group, Rule, descent
from .tensor_list import TensorList

Seen: TypeAlias = Callable[[torch.Tensor], torch.Tensor]


def step_each(rule: Rule, members: Sequence[Member], group: Group) -> None:
    """One tensor is stepped after the other; where a step is recorded autograd goes through it."""
    recorded = bool(group.get("differentiable"))
    for member in members:
        seen = _seen(rule)
        compute = compute_dtype(real(member.parameter).dtype)
        theta = _parameter(member, seen, compute, recorded=recorded)
        states = {key: _of(member.kept.get(key), compute, seen) for key in member.keys} | member.numbers
        before = dict(states)
        gradient = seen(member.gradient).to(compute)
        given = group if rule.elementwise else {**group, "dtype": member.parameter.dtype}
        moved = rule.update(theta, descent(gradient, group), states, given, member.t)
        if member.rounding.way == NEAREST:
            seen(member.parameter).copy_(moved)
        else:
            _round_into(member, local(placed_as(moved, member.parameter)))
        for key in member.keys:
            if states[key] is not before[key]:
                _keep(member, key, states[key], group, seen, recorded=recorded)
        member.keep_numbers(states)


def _seen(rule: Rule) -> Seen:
    """Return how a tensor is looked at: of what is sharded an elementwise rule needs only this process's part."""
    return (lambda tensor: real(local(tensor))) if rule.elementwise else real


def _parameter(member: Member, seen: Seen, compute: torch.dtype, *, recorded: bool) -> torch.Tensor:
    """Return the parameter in the format of computation; a recorded step overwrites it, so that it has a copy."""
    if member.rounding.way == NEAREST:
        return seen(member.parameter.clone() if recorded else member.parameter).to(compute)
    return seen(shards_as(_widened(member), member.parameter))


def _widened(member: Member) -> torch.Tensor:
    rest = member.remainder
    return widened(local(member.parameter.detach()), None if rest is None else local(rest), member.rounding)


def _round_into(member: Member, value: torch.Tensor) -> None:
    rest = member.remainder
    narrow_into(local(member.parameter.detach()), None if rest is None else local(rest), value, member.rounding)


def _of(state: torch.Tensor | None, compute: torch.dtype, seen: Seen) -> torch.Tensor | None:
    return None if state is None else seen(state).to(compute)


def _keep(member: Member, key: str, value: Array, group: Group, seen: Seen, *, recorded: bool) -> None:
    kept = member.kept.get(key)
    if kept is None:
        kept = member.kept[key] = empty_state(group, member.parameter)
    if recorded:
        whole = value.to(real(kept).dtype).clone()
        member.kept[key] = torch.view_as_complex(whole) if kept.is_complex() else whole
    else:
        seen(kept).copy_(value)


def step_together(rule: Rule, members: Sequence[Member], group: Group) -> None:
    """All tensors of a bucket are stepped by torch's operations on lists."""
    first = members[0]
    parameters = [real(local(member.parameter.detach())) for member in members]
    gradients = [real(local(member.gradient.detach())) for member in members]
    compute = compute_dtype(parameters[0].dtype)
    gradient = _list(gradients, compute)
    kept = {key: [real(local(m.kept[key])) for m in members] for key in first.keys if first.kept.get(key) is not None}
    states: dict[str, Any] = {key: _list(kept[key], compute) if key in kept else None for key in first.keys}
    states |= first.numbers
    before = dict(states)
    nearest = first.rounding.way == NEAREST
    theta = _list(parameters, compute) if nearest else TensorList([_widened(member) for member in members])
    moved = rule.update(theta, descent(gradient, group), states, group, first.t)
    if nearest:
        moved.write_to(parameters)
    else:
        for member, value in zip(members, moved.tensors, strict=True):
            _round_into(member, value)
    for member in members:
        member.keep_numbers(states)
    for key in first.keys:
        if states[key] is before[key]:
            continue
        if key not in kept:
            for member in members:
                member.kept[key] = empty_state(group, member.parameter)
            kept[key] = [real(local(member.kept[key])) for member in members]
        states[key].write_to(kept[key])


def _list(tensors: Sequence[torch.Tensor], compute: torch.dtype) -> TensorList:
    return TensorList([tensor.to(compute) for tensor in tensors])
