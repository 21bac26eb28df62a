"""The adapter for gradient transformations: optax's `init`, `update` and `apply_updates` on JAX.

A state is named by its path in the state's tree, `0.mu`: places of tuples and names of fields.
"""

from __future__ import annotations

import math
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

os.environ.setdefault("JAX_PLATFORMS", "cpu")
import jax
import jax.numpy as jnp
import numpy as np
import optax

from .failures import RequestError, phase
from .target import resolve
from .tree_path import leaf, replaced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DTYPES = {
    "float64": jnp.dtype(jnp.float64),
    "float32": jnp.dtype(jnp.float32),
    "float16": jnp.dtype(jnp.float16),
    "bfloat16": jnp.dtype(jnp.bfloat16),
}


@dataclass
class Slot:
    """A parameter, its group, and the state of the transformation for it alone."""

    parameter: jax.Array
    group: int
    count: int
    states: tuple[memoryview, ...]
    state: Any = None


def run(header: dict[str, Any], buffers: list[memoryview]) -> tuple[dict[str, Any], list[bytes]]:
    """Fresh parameters, transformations in the given state, the steps, and what was read after them.

    Numbers of 64 bits exist only where the parameters have them, as in any program that uses JAX.
    """
    with jax.enable_x64(header["dtype"] == "float64"):
        return _run(header, buffers)


def _run(header: dict[str, Any], buffers: list[memoryview]) -> tuple[dict[str, Any], list[bytes]]:
    if header["dtype"] not in DTYPES:
        raise RequestError(f"there is no dtype {header['dtype']!r} here; ask for one of {sorted(DTYPES)}")
    queue = iter(buffers)
    slots = list(_slots(header, queue))
    options = [dict(group["options"]) for group in header["groups"]]
    for slot in slots:
        _start(slot, header, options[slot.group])
    counts: list[list[float | None]] = []
    read: list[bytes] = []
    dtypes: dict[str, str] = {}
    seconds = 0.0
    updates: list[Callable[..., Any]] = []
    for number, step in enumerate(header["steps"], start=1):
        for group, changed in zip(options, step.get("options", [])):
            group.update(changed)
        if number == 1 or step.get("options"):
            updates = _programs(header, options)
        gradients = [_array(next(queue), header["dtype"], slot.parameter.shape) for slot in slots]
        seconds += _step(updates, slots, gradients)
        if header["read"] == "every" or number == len(header["steps"]):
            counts.append([_count(slot.state, header["counter"]) for slot in slots])
            for slot in slots:
                read.append(_bytes(slot.parameter))
                read.extend(_read(slot.state, path, dtypes) for path in header["states"])
    answer = {"counts": counts, "state_dtypes": dtypes, "read_steps": len(counts), "step_seconds": seconds}
    return answer, read


def _slots(header: dict[str, Any], queue: Iterator[memoryview]) -> Iterator[Slot]:
    for place, group in enumerate(header["groups"]):
        for tensor in group["tensors"]:
            values = _array(next(queue), header["dtype"], tensor["shape"])
            loaded = len(header["states"]) if tensor["count"] > 0 else 0
            yield Slot(values, place, tensor["count"], tuple(next(queue) for _ in range(loaded)))


def _transformation(header: dict[str, Any], options: dict[str, Any]) -> Any:
    build = resolve(header["target"])
    settings = {k: v for k, v in header["constructor"].items() if k != "jit"}
    with phase("construct"):
        return build(**{**settings, **options})


def _start(slot: Slot, header: dict[str, Any], options: dict[str, Any]) -> None:
    """A state begins as `init` makes it; what is loaded takes the dtype and shape found there."""
    transformation = _transformation(header, options)
    with phase("load"):
        slot.state = transformation.init(slot.parameter)
    if slot.count == 0:
        return
    sent_as = header.get("state_dtypes", {})
    for path, buffer in zip(header["states"], slot.states):
        model = leaf(slot.state, path)
        if model is not None:
            value = _array(buffer, sent_as.get(path, header["dtype"]), model.shape)
            slot.state = replaced(slot.state, path, value.astype(model.dtype))
    counter = header["counter"]
    if counter is not None and leaf(slot.state, counter) is not None:
        model = leaf(slot.state, counter)
        slot.state = replaced(slot.state, counter, jnp.asarray(slot.count, model.dtype))


def _step(updates: list[Callable[..., Any]], slots: list[Slot], gradients: list[jax.Array]) -> float:
    """All tensors of a group make their step in one program, which `jit` compiles as a whole."""
    seconds = 0.0
    for place, update in enumerate(updates):
        mine = [index for index, slot in enumerate(slots) if slot.group == place]
        parameters, states = [slots[i].parameter for i in mine], [slots[i].state for i in mine]
        with phase("step"):
            start = time.perf_counter()
            after = jax.block_until_ready(update(parameters, states, [gradients[i] for i in mine]))
            seconds += time.perf_counter() - start
        for i, parameter, state in zip(mine, *after):
            slots[i].parameter, slots[i].state = parameter, state
    return seconds


def _programs(header: dict[str, Any], options: list[dict[str, Any]]) -> list[Callable[..., Any]]:
    """A program for each group is built anew only where a step changes its settings."""
    programs = [_update(_transformation(header, settings)) for settings in options]
    return [jax.jit(program) for program in programs] if header["constructor"].get("jit") else programs


def _update(transformation: Any) -> Callable[..., Any]:
    def update(parameters: list[Any], states: list[Any], gradients: list[Any]) -> tuple[list[Any], list[Any]]:
        after, kept = [], []
        for parameter, state, gradient in zip(parameters, states, gradients):
            updates, new = transformation.update(gradient, state, parameter)
            after.append(optax.apply_updates(parameter, updates))
            kept.append(new)
        return after, kept

    return update


def _array(buffer: memoryview, dtype: str, shape: Any) -> jax.Array:
    kind = DTYPES[dtype]
    expected = math.prod(shape) * kind.itemsize
    if buffer.nbytes != expected:
        raise RequestError(
            f"a buffer of {buffer.nbytes} bytes was given for the shape {list(shape)} in {dtype}; send {expected} bytes"
        )
    return jnp.asarray(np.frombuffer(bytes(buffer), kind).reshape(tuple(shape)))


def _bytes(value: Any) -> bytes:
    return np.ascontiguousarray(np.asarray(value)).tobytes()


def _read(state: Any, path: str, dtypes: dict[str, str]) -> bytes:
    value = leaf(state, path)
    if value is None:
        return b""
    dtypes[path] = str(value.dtype)
    return _bytes(value)


def _count(state: Any, path: str | None) -> float | None:
    value = None if path is None else leaf(state, path)
    return None if value is None else float(value)
