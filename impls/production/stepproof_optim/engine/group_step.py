"""All parameters of a group by one call, where `python -m stepproof_optim.prepare` has built what it takes."""

from __future__ import annotations

import array
import ctypes
import functools
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import torch

from .kernel import ALONE, Layout, kernel
from .members import COUNT, state_dtype
from .prepared import library
from .rounding import REMAINDER, rounding_of, seed_of
from .rule import Group, Rule
from .traced_step import traced_step

Call: TypeAlias = Callable[..., int]


def step_group(rule: Rule, group: Group, state: Mapping[Any, Any]) -> bool:
    """Step all parameters of a group, or tell that this one is no group for it.

    It takes plain real tensors on the CPU, of one format and one step count, with all states made and laid out alike.
    """
    call = _loaded()
    first = next((p for p in group["params"] if p.grad is not None), None) if call else None
    kept = None if first is None else state.get(first)
    if call is None or first is None or not kept or first.device.type != "cpu":
        return False
    states = rule.states(group, first)
    keys = tuple(item.key for item in states if not item.single)
    singles = tuple(item.key for item in states if item.single) + ((COUNT,) if rule.counts else ())
    rounding = rounding_of(group, first.dtype)
    kinds = (state_dtype(group, first.dtype),) * len(keys)
    columns, others = keys, kinds
    if rounding.kept is not None:
        columns, others = (*keys, REMAINDER), (*kinds, rounding.kept)
    if any(not isinstance(kept.get(key), torch.Tensor) for key in (*columns, *singles)):
        return False
    before = {key: kept[key].item() for key in singles}
    count = before.pop(COUNT, 0.0)
    step = traced_step(rule, group, keys, before, count + 1)
    compiled = kernel(step.program, len(step.numbers), Layout((first.dtype, first.dtype, *kinds), rounding))
    if compiled is None:
        return False
    given = array.array("d", [*step.numbers, seed_of(rounding)])
    was = array.array("d", [*before.values(), count])
    now = array.array("d", [*step.after.values(), count + 1])
    addresses = [each.buffer_info()[0] for each in (was, now)]
    step_by = compiled.address, given.buffer_info()[0], torch.get_num_threads(), ALONE
    return call(group["params"], state, columns, others, singles, *addresses, *step_by) >= 0


@functools.cache
def _loaded() -> Call | None:
    """Return the call of the built library, or None where it was not built for this Python and this torch."""
    found = library()
    if found is None:
        return None
    call = ctypes.PyDLL(str(found)).step_group
    pointer, integer, thing = ctypes.c_void_p, ctypes.c_int64, ctypes.py_object
    call.argtypes = [thing, thing, thing, thing, thing, pointer, pointer, pointer, pointer, integer, integer]
    call.restype = integer
    loaded: Call = call
    return loaded
