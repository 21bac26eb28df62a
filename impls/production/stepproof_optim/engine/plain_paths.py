"""The paths that torch's own operations make: one tensor after the other, or all of a bucket by one call each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import torch

from .arrays import Array, placed_as, shards_as
from .members import Member, compute_dtype, empty_state, local, real
from .pieces import Piece, chunks
from .rounding import NEAREST, narrow_into, widened
from .rule import Group, Rule, descent
from .tensor_list import TensorList

Seen: TypeAlias = Callable[[torch.Tensor], torch.Tensor]
Joined: TypeAlias = Callable[[list[torch.Tensor]], Array]
"""What makes the array on which a rule computes of the tensors of a chunk."""


def step_each(rule: Rule, members: Sequence[Member], group: Group) -> None:
    """One tensor is stepped after the other; where a step is recorded autograd goes through it."""
    for member in members:
        if rule.elementwise and not group.get("differentiable"):
            _step_pieces(rule, [member], group, _alone)
        else:
            _step_whole(rule, member, group)


def _alone(tensors: list[torch.Tensor]) -> torch.Tensor:
    (tensor,) = tensors
    return tensor


def _step_whole(rule: Rule, member: Member, group: Group) -> None:
    recorded = bool(group.get("differentiable"))
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
        rest = member.remainder
        value = local(placed_as(moved, member.parameter))
        narrow_into(local(member.parameter.detach()), None if rest is None else local(rest), value, member.rounding)
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
    rest = member.remainder
    wide = widened(local(member.parameter.detach()), None if rest is None else local(rest), member.rounding)
    return seen(shards_as(wide, member.parameter))


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
    _step_pieces(rule, members, group, TensorList)


def _step_pieces(rule: Rule, members: Sequence[Member], group: Group, joined: Joined) -> None:
    """Step members of one bucket, one chunk after the other."""
    absent = frozenset(key for key in members[0].keys if members[0].kept.get(key) is None)
    numbers: dict[str, Any] = {}
    for pieces in chunks(members):
        numbers = _step_chunk(rule, pieces, group, joined, absent)
    for member in members:
        member.keep_numbers(numbers)


def _step_chunk(
    rule: Rule, pieces: Sequence[Piece], group: Group, joined: Joined, absent: frozenset[str]
) -> dict[str, Any]:
    """Step the pieces of a chunk, and return the states that are one number; those in `absent` are made."""
    first = pieces[0].member
    compute = compute_dtype(real(local(first.parameter)).dtype)
    gradient = joined([piece.of(piece.member.gradient).to(compute) for piece in pieces])
    states: dict[str, Any] = {
        key: None if key in absent else joined([piece.of(piece.member.kept[key]).to(compute) for piece in pieces])
        for key in first.keys
    }
    states |= first.numbers
    before = dict(states)
    theta = joined([_opened(piece, compute) for piece in pieces])
    moved = rule.update(theta, descent(gradient, group), states, group, first.t)
    if first.rounding.way == NEAREST:
        _write(moved, [piece.of(piece.member.parameter) for piece in pieces])
    else:
        for piece, value in zip(pieces, _each(moved), strict=True):
            narrow_into(piece.of(piece.member.parameter), _rest(piece), value, first.rounding)
    for key in first.keys:
        if states[key] is before[key]:
            continue
        for member in (piece.member for piece in pieces):
            if member.kept.get(key) is None:
                member.kept[key] = empty_state(group, member.parameter)
        _write(states[key], [piece.of(piece.member.kept[key]) for piece in pieces])
    return {key: states[key] for key in first.numbers}


def _opened(piece: Piece, compute: torch.dtype) -> torch.Tensor:
    p = piece.of(piece.member.parameter)
    return p.to(compute) if piece.member.rounding.way == NEAREST else widened(p, _rest(piece), piece.member.rounding)


def _rest(piece: Piece) -> torch.Tensor | None:
    rest = piece.member.remainder
    return None if rest is None else piece.of(rest)


def _each(value: Array) -> list[torch.Tensor]:
    return value.tensors if isinstance(value, TensorList) else [value]


def _write(value: Array, tensors: list[torch.Tensor]) -> None:
    """Overwrite tensors, rounded to their dtype."""
    if isinstance(value, TensorList):
        value.write_to(tensors)
    else:
        tensors[0].copy_(value)
