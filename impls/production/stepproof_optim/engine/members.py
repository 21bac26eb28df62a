"""A parameter that is stepped: its gradient and states, as plain real tensors in the format of computation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import torch

from .arrays import Scalar, placed_as
from .rounding import HALF, REMAINDER, Rounding, rounding_of
from .rule import Group, Rule, State

COUNT = "step"
"""The key under which a parameter's steps are counted: a float64 number, exact up to 2^53."""
PLAIN = (torch.Tensor, torch.nn.Parameter)
"""The classes of tensors that are nothing but their elements."""


class Member(NamedTuple):
    """A parameter with its gradient and its own state, which is a dictionary of the optimizer.

    `keys` are the states of its shape that the rule uses, `numbers` those that are one number, `t` is the
    number of the step that is made, and `rounding` how the parameter is rounded after it.
    """

    parameter: torch.Tensor
    gradient: torch.Tensor
    kept: dict[str, Any]
    keys: tuple[str, ...]
    numbers: dict[str, Scalar]
    t: Scalar
    rounding: Rounding

    @property
    def remainder(self) -> torch.Tensor | None:
        """What an earlier step rounded away, where that is kept."""
        return self.kept.get(REMAINDER)

    @property
    def columns(self) -> tuple[str, ...]:
        """The keys of all that a compiled step reads and writes beside parameter and gradient."""
        return self.keys if self.remainder is None else (*self.keys, REMAINDER)

    @property
    def bucket(self) -> tuple[Any, ...]:
        """What members that are stepped together have in common."""
        absent = tuple([key for key in self.keys if self.kept.get(key) is None])
        scalars = [id(x) if isinstance(x, torch.Tensor) else x for x in (self.t, *self.numbers.values())]
        return (self.parameter.device, self.parameter.dtype, self.gradient.dtype, absent, *scalars)

    def keep_numbers(self, states: Mapping[str, Any]) -> None:
        """The states that are one number get the values that the step gave them."""
        for key in self.numbers:
            value = states[key]
            if isinstance(value, torch.Tensor) and value.requires_grad:
                self.kept[key] = value
            elif isinstance(value, torch.Tensor):
                self.kept[key].copy_(value)
            else:
                self.kept[key].fill_(value)


def compute_dtype(dtype: torch.dtype) -> torch.dtype:
    """Return the format in which tensors of a dtype are computed on: float32 for the half formats."""
    return torch.float32 if dtype in HALF else dtype


def state_dtype(group: Group, dtype: torch.dtype) -> torch.dtype:
    """Return the format in which states of a parameter are kept: its own, unless the group asks for wide ones."""
    return compute_dtype(dtype) if group["wide_states"] else dtype


def empty_state(group: Group, p: torch.Tensor) -> torch.Tensor:
    """Return a state of zeros that is laid out as a parameter."""
    return torch.zeros_like(p.detach(), dtype=state_dtype(group, p.dtype))


def real(tensor: torch.Tensor) -> torch.Tensor:
    """Return a complex tensor as its real and imaginary parts, and any other as it is."""
    return torch.view_as_real(tensor) if tensor.is_complex() else tensor


def local(tensor: torch.Tensor) -> torch.Tensor:
    """Return this process's part of a DTensor, and any other tensor as it is."""
    if type(tensor) in PLAIN:
        return tensor
    part: Any = getattr(tensor, "to_local", None)
    return tensor if part is None else part()


def in_one_order(row: Sequence[torch.Tensor]) -> bool:
    """Tell whether the elements of all tensors lie in the same order, without gaps."""
    p = row[0]
    if all(map(torch.Tensor.is_contiguous, row)):
        return True
    order = sorted(zip(p.stride(), p.shape, strict=True))
    expected = 1
    for stride, size in order:
        if size == 1:
            continue
        if stride != expected:
            return False
        expected *= size
    return all(tensor.stride() == p.stride() for tensor in row)


def members_of(rule: Rule, group: Group, state: Any) -> Iterator[Member]:
    """Yield the parameters of a group that have a gradient, each with the states that the rule keeps.

    Raises a RuntimeError for a gradient that is sparse.
    """
    read = as_it_is if group.get("capturable") or group.get("differentiable") else torch.Tensor.item
    for p in group["params"]:
        if p.grad is None:
            continue
        if p.grad.layout != torch.strided:
            raise RuntimeError(f"{rule.name} takes no sparse gradient; give a dense one: gradient.to_dense()")
        kept, states = state[p], rule.states(group, p)
        begin(states, group, p, kept, counts=rule.counts)
        rounding = begin_remainder(group, p, kept)
        keys = tuple(item.key for item in states if not item.single)
        numbers = {item.key: read(kept[item.key]) for item in states if item.single}
        t = next_count(group, kept) if rule.counts else None
        yield Member(p, placed_as(p.grad, p), kept, keys, numbers, t, rounding)


def as_it_is(tensor: torch.Tensor) -> torch.Tensor:
    """Return a number that stays on its device, or in the graph that autograd records."""
    return tensor


def begin(states: Iterable[State], group: Group, p: torch.Tensor, kept: dict[str, Any], *, counts: bool) -> None:
    """States that are not there yet get their first value, on the parameter's device and in its layout."""
    device = p.device if group.get("capturable") else "cpu"
    if counts and not isinstance(kept.get(COUNT), torch.Tensor):
        kept[COUNT] = torch.tensor(float(kept.get(COUNT, 0)), dtype=torch.float64, device=device)
    for item in states:
        if item.key in kept or item.initial is None:
            continue
        initial = group[item.initial] if isinstance(item.initial, str) else item.initial
        if item.single:
            kept[item.key] = torch.tensor(initial, dtype=torch.float64, device=device)
        else:
            like = p.detach()
            for dimension in item.reduced:
                like = like.narrow(dimension, 0, min(1, like.shape[dimension]))
            kept[item.key] = torch.full_like(like, initial, dtype=state_dtype(group, p.dtype))
            if like.is_complex():
                torch.view_as_real(kept[item.key]).fill_(initial)


def begin_remainder(group: Group, p: torch.Tensor, kept: dict[str, Any]) -> Rounding:
    """Return how a parameter is rounded, once what is kept for that is there, and nothing of another way."""
    rounding, rest = rounding_of(group, p.dtype), kept.get(REMAINDER)
    if rounding.kept is None:
        kept.pop(REMAINDER, None)
    elif rest is None or rest.dtype != rounding.kept or rest.shape != p.shape:
        kept[REMAINDER] = torch.zeros_like(p.detach(), dtype=rounding.kept)
    return rounding


def next_count(group: Group, kept: dict[str, Any]) -> Scalar:
    """Return the number of the step to be made: a float, or a Tensor where the device keeps it."""
    count = kept[COUNT]
    return count + 1 if group.get("capturable") else count.item() + 1
