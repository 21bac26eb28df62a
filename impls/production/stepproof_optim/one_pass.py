"""The path of one pass over memory on the CPU: a compiled step for all tensors of a bucket."""

from __future__ import annotations

import array
from collections.abc import Sequence
from itertools import compress
from typing import Any

import torch

from .formula import written
from .kernel import FORMATS, Kernel, kernel
from .members import Member, local, real
from .rule import Group, Rule

PLAIN = (torch.Tensor, torch.nn.Parameter)
HOST = torch.device("cpu")
ALONE = 1 << 15
"""Fewer elements than this are stepped by one thread."""


def step_in_one_pass(rule: Rule, members: Sequence[Member], group: Group) -> Sequence[Member]:
    """Step members of one bucket by a compiled step, and return those that it cannot step.

    It takes tensors on the CPU whose elements lie in one order without gaps, in the formats that C knows.
    """
    first = members[0]
    absent = tuple(key for key in first.keys if first.kept.get(key) is None)
    after: dict[str, Any] = {}

    def step(theta: Any, gradient: Any, states: dict[str, Any]) -> Any:
        states |= first.numbers
        moved = rule.update(theta, -gradient if group["maximize"] else gradient, states, group, first.t)
        after.update((key, states.pop(key)) for key in first.numbers)
        return moved

    rows = [_row(member, [key for key in first.keys if key not in absent]) for member in members]
    fitting = [_fits(row) for row in rows]
    if not any(fitting):
        return members
    lines = written(step, first.keys, absent)
    p, gradient, *_ = rows[fitting.index(True)]
    compiled = kernel(lines.program, len(lines.numbers), (p.dtype, gradient.dtype, *(p.dtype for _ in first.keys)))
    if compiled is None:
        return members
    stepped = list(compress(members, fitting))
    for member in stepped if absent else ():
        for key in absent:
            member.kept[key] = torch.zeros_like(member.parameter.detach()) if key in lines.made else None
    whole = [_row(member, first.keys) for member in stepped] if absent else list(compress(rows, fitting))
    _call(compiled, whole, lines.numbers)
    torch.autograd.graph.increment_version([member.parameter for member in stepped])
    for member in stepped if after else ():
        member.keep_numbers(after)
    return [member for member, fits in zip(members, fitting, strict=True) if not fits]


def _call(compiled: Kernel, rows: Sequence[Sequence[torch.Tensor]], given: Sequence[float]) -> None:
    pointers = array.array("Q", [tensor.data_ptr() for row in rows for tensor in row])
    sizes = array.array("q", [row[0].numel() for row in rows])
    numbers = array.array("d", given or [0.0])
    threads = 1 if sum(sizes) < ALONE else torch.get_num_threads()
    addresses = [each.buffer_info()[0] for each in (sizes, pointers, numbers)]
    compiled(len(rows), *addresses, threads)


def _row(member: Member, keys: Sequence[str]) -> list[torch.Tensor]:
    tensors = (member.parameter.detach(), member.gradient.resolve_neg(), *(member.kept[key] for key in keys))
    return [real(local(tensor)) for tensor in tensors]


def _fits(row: Sequence[torch.Tensor]) -> bool:
    """Tell whether a compiled step can take the parameter, the gradient and the states of a member."""
    p, _, *states = row
    known = all(type(tensor) in PLAIN and tensor.device == HOST and tensor.dtype in FORMATS for tensor in row)
    return known and all(state.dtype == p.dtype for state in states) and _in_one_order(row)


def _in_one_order(row: Sequence[torch.Tensor]) -> bool:
    """Tell whether the elements of all tensors lie in the same order, without gaps."""
    p = row[0]
    if all(tensor.is_contiguous() for tensor in row):
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
