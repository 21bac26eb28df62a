"""The path of one pass over memory on the CPU: a compiled step for all tensors of a bucket."""

from __future__ import annotations

import array
from collections.abc import Sequence
from itertools import compress

import torch

from .compiled_step import CompiledStep, compiled_step
from .kernel import ALONE, FORMATS
from .members import Member, local, real
from .rule import Group, Rule

PLAIN = (torch.Tensor, torch.nn.Parameter)
HOST = torch.device("cpu")


def step_in_one_pass(rule: Rule, members: Sequence[Member], group: Group) -> Sequence[Member]:
    """Step members of one bucket by a compiled step, and return those that it cannot step.

    It takes tensors on the CPU whose elements lie in one order without gaps, in the formats that C knows.
    """
    first = members[0]
    absent = tuple(key for key in first.keys if first.kept.get(key) is None)
    rows = [_row(member, [key for key in first.keys if key not in absent]) for member in members]
    fitting = [_fits(row) for row in rows]
    if not any(fitting):
        return members
    p, gradient, *_ = rows[fitting.index(True)]
    step = compiled_step(rule, group, first.keys, first.numbers, first.t, (p.dtype, gradient.dtype), absent)
    if step is None:
        return members
    stepped = list(compress(members, fitting))
    for member in stepped if absent else ():
        member.kept.update((key, torch.zeros_like(member.parameter.detach())) for key in step.made)
    _call(step, [_row(member, first.keys) for member in stepped] if absent else list(compress(rows, fitting)))
    torch.autograd.graph.increment_version([member.parameter for member in stepped])
    for member in stepped if step.after else ():
        member.keep_numbers(step.after)
    return [member for member, fits in zip(members, fitting, strict=True) if not fits]


def _call(step: CompiledStep, rows: Sequence[Sequence[torch.Tensor]]) -> None:
    pointers = array.array("Q", [tensor.data_ptr() for row in rows for tensor in row])
    sizes = array.array("q", [row[0].numel() for row in rows])
    threads = 1 if sum(sizes) < ALONE else torch.get_num_threads()
    where = [each.buffer_info()[0] for each in (sizes, pointers)]
    step.kernel(len(rows), where[0], where[1], step.numbers.buffer_info()[0], threads)


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
