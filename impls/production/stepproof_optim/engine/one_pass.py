"""The path of one pass over memory: a compiled step for all tensors of a bucket, in C or on a device in Triton."""

from __future__ import annotations

import array
from collections.abc import Callable, Sequence
from functools import partial
from itertools import compress
from typing import TypeAlias

import torch

from .device_step import available, device_step, launch
from .kernel import ALONE, FORMATS, Kernel, Layout, kernel
from .members import PLAIN, Member, empty_state, in_one_order, local, real, state_dtype
from .rounding import seed_of
from .rule import Group, Rule
from .traced_step import TracedStep, traced_step

HOST = "cpu"
Call: TypeAlias = Callable[[Sequence[Sequence[torch.Tensor]]], None]


def step_in_one_pass(rule: Rule, members: Sequence[Member], group: Group) -> Sequence[Member]:
    """Step members of one bucket by a compiled step, and return those that it cannot step.

    It takes tensors whose elements lie in one order without gaps, in the formats that C and Triton know.
    """
    first = members[0]
    absent = tuple(key for key in first.keys if first.kept.get(key) is None)
    columns = first.columns
    rows = [_row(member, [key for key in columns if key not in absent]) for member in members]
    kept = state_dtype(group, first.parameter.dtype)
    fitting = [_fits(row, kept, len(first.keys) - len(absent)) for row in rows]
    if not any(fitting):
        return members
    p, gradient, *_ = rows[fitting.index(True)]
    step = traced_step(rule, group, first.keys, first.numbers, first.t, absent)
    layout = Layout((p.dtype, gradient.dtype, *(kept for _ in first.keys)), first.rounding)
    call = _compiled(step, p.device, layout)
    if call is None:
        return members
    stepped = list(compress(members, fitting))
    for member in stepped if absent else ():
        member.kept.update((key, empty_state(group, member.parameter)) for key in step.made)
    call([_row(member, columns) for member in stepped] if absent else list(compress(rows, fitting)))
    torch.autograd.graph.increment_version([member.parameter for member in stepped])
    for member in stepped if step.after else ():
        member.keep_numbers(step.after)
    return [member for member, fits in zip(members, fitting, strict=True) if not fits]


def _compiled(step: TracedStep, device: torch.device, layout: Layout) -> Call | None:
    """Return what steps rows of tensors on a device, or None where nothing there compiles a step."""
    numbers = [*step.numbers, seed_of(layout.rounding)]
    if device.type != HOST:
        given = device_step(step.program, len(step.numbers), layout) if available() else None
        return None if given is None else partial(launch, given, numbers=numbers)
    found = kernel(step.program, len(step.numbers), layout)
    return None if found is None else partial(_on_host, found, numbers=numbers)


def _on_host(compiled: Kernel, rows: Sequence[Sequence[torch.Tensor]], numbers: Sequence[float]) -> None:
    pointers = array.array("Q", [tensor.data_ptr() for row in rows for tensor in row])
    sizes = array.array("q", [row[0].numel() for row in rows])
    given = array.array("d", numbers)
    threads = 1 if sum(sizes) < ALONE else torch.get_num_threads()
    addresses = [each.buffer_info()[0] for each in (sizes, pointers, given)]
    compiled(len(rows), addresses[0], addresses[1], addresses[2], threads)


def _row(member: Member, keys: Sequence[str]) -> list[torch.Tensor]:
    tensors = [member.parameter.detach(), member.gradient.resolve_neg(), *[member.kept[key] for key in keys]]
    if type(tensors[0]) in PLAIN and type(tensors[1]) in PLAIN and not tensors[0].is_complex():
        return tensors
    return [real(local(tensor)) for tensor in tensors]


def _fits(row: Sequence[torch.Tensor], kept: torch.dtype, states: int) -> bool:
    """Tell whether a compiled step can take the parameter, the gradient and so many states of a member.

    What else is kept of it stands behind the states, in a format of its own.
    """
    p, gradient, *others = row
    if p.dtype not in FORMATS or gradient.dtype not in FORMATS:
        return False
    if any(type(tensor) not in PLAIN or tensor.device != p.device for tensor in row):
        return False
    if any(tensor.dtype != kept for tensor in others[:states]):
        return False
    return in_one_order(row)
