"""Side effects: a step changes parameters and states, and nothing else, whatever is around it."""

from __future__ import annotations

import gc
import random
import weakref
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import torch
import torch.utils._python_dispatch

from ..devices import held_bytes
from ..objects import set_aside
from ..surroundings import changes, functions, in_a_program, settings
from .calls import take_step
from .growth import no_growth
from .harness import (
    Observation,
    Trial,
    build,
    condition,
    fitting,
    parameters,
    reading,
    same,
    same_step,
    start_of,
    stepper_on,
    tensors_of,
    train,
    values,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

SHAPES = ((17,), (3, 4))


def deterministic(trial: Trial) -> Iterator[Observation]:
    """Two equal runs that begin with one seed end equal."""
    read = []
    for _ in range(2):
        torch.manual_seed(0)
        random.seed(0)
        read.append(ended(trial))
    yield from same("a second run", read[1], read[0])


def repeated(trial: Trial) -> Iterator[Observation]:
    """Two equal runs end equal, whatever random numbers each of them gets."""
    one, other = ended(trial), ended(trial)
    yield from same("a second run", other, one)


def ended(trial: Trial) -> dict[str, Any]:
    """What a run ends with."""
    params = parameters(trial, [(trial.arguments["size"],), (3, 4)])
    optimizer = build(trial, params)
    train(trial, optimizer, params, 0, trial.arguments["steps"])
    return reading(trial, optimizer, params)


def threads(trial: Trial) -> Iterator[Observation]:
    """One thread and several make the same step."""
    count = torch.get_num_threads()
    sizes = trial.arguments["sizes"]
    keys = trial.arguments["states"]
    try:
        for size in sizes:
            gradient, read = values(trial, (size,), 1000), []
            for wanted in (1, trial.arguments["threads"]):
                torch.set_num_threads(wanted)
                params = parameters(trial, [(size,)])
                stepper = stepper_on(trial, params)
                stepper.set_gradients(gradient, trial.with_layout)
                start = start_of(trial, stepper, 0, gradient)
                take_step(stepper.optimizer)
                read.append(stepper.flat(keys))
            what = f"{trial.arguments['threads']} threads, {size} elements"
            yield same_step(what, start, read[1], read[0])
    finally:
        torch.set_num_threads(count)


def surroundings(trial: Trial) -> Iterator[Observation]:
    """What is shared by all of the process is after construction and after every step as it was."""
    called = functions()

    def seen() -> dict[str, Any]:
        return {**settings(), "functions replaced": ", ".join(changes(called, functions())) or "none"}

    for enabled in (True, False):
        with torch.set_grad_enabled(enabled):
            params = parameters(trial, SHAPES)
            torch.rand(3), random.random()  # noqa: S311 - a state that no seed gives
            before = seen()
            optimizer = build(trial, params)
            yield from same("after construction", seen(), before)
            for step in range(3):
                train(trial, optimizer, params, step, step + 1)
                yield from same(f"after step {step + 1}", seen(), before)


def imported(trial: Trial) -> Iterator[Observation]:
    """A program that imports the optimizer is what it was before."""
    changed = in_a_program(lived_with(trial, steps=0))["changed"]
    for name, (before, after) in changed.items():
        yield condition(f"{name} after the import", False, after, before)
    yield condition("what the import changes", not changed, "something", "nothing")


def leaves_nothing(trial: Trial) -> Iterator[Observation]:
    """A program that dropped the optimizer is alone, and ends as if it had never been."""
    seen = in_a_program(lived_with(trial, steps=2))
    threads, processes = seen.get("threads", []), seen.get("processes", 0)
    yield condition("threads left running", not threads, ", ".join(threads), "none")
    yield condition("processes left running", not processes, processes, 0)
    status = "none in time" if seen["status"] is None else seen["status"]
    yield condition("the status with which the program ends", status == 0, status, 0)


def lived_with(trial: Trial, steps: int) -> dict[str, Any]:
    """What a program needs to make the optimizer and to give it a parameter."""
    return {
        "target": trial.arguments["target"],
        "settings": {**trial.arguments["path"], **trial.settings},
        "calling": trial.arguments["calling"],
        "shape": list(fitting(trial, (3, 4))),
        "dtype": str(trial.dtype).rpartition(".")[2],
        "sparse": trial.sparse,
        "steps": steps,
    }


def default_dtype(trial: Trial) -> Iterator[Observation]:
    """The default dtype is another one while the optimizer is made and steps."""
    usual, read = torch.get_default_dtype(), []
    for name in ("float32", *trial.arguments["dtypes"]):
        params = parameters(trial, SHAPES)
        torch.set_default_dtype(getattr(torch, name))
        try:
            optimizer = build(trial, params)
            train(trial, optimizer, params, 0, trial.arguments["steps"])
        finally:
            torch.set_default_dtype(usual)
        read.append({f"parameter {n}": p.detach() for n, p in enumerate(params)})
    for name, seen in zip(trial.arguments["dtypes"], read[1:]):
        yield from same(f"with {name} as the default dtype", seen, read[0])


def default_device(trial: Trial) -> Iterator[Observation]:
    """Another default device, which the parameters are not on, while the optimizer is made and steps."""
    read = []
    for name in (None, "meta"):
        params = parameters(trial, SHAPES)
        gradients = [[trial.with_layout(values(trial, p.shape, 1000 * (n + 1))) for p in params] for n in range(2)]
        with torch.device(name) if name else nullcontext():
            optimizer = build(trial, params)
            for step in gradients:
                for p, gradient in zip(params, step):
                    p.grad = gradient
                take_step(optimizer)
        read.append({f"parameter {n}": p.detach() for n, p in enumerate(params)})
    yield from same("with meta as the default device", read[1], read[0])


def memory(trial: Trial) -> Iterator[Observation]:
    """After many steps no more is alive than after few, and a dropped optimizer is freed."""
    yield from growth(trial)
    set_aside()
    params = parameters(trial, SHAPES)
    optimizer = build(trial, params)
    train(trial, optimizer, params, 0, 3)
    few, taken = tensors_alive(), held_bytes(trial.device)
    train(trial, optimizer, params, 3, 3 + trial.arguments["steps"])
    many, now = tensors_alive(), held_bytes(trial.device)
    after = f"after {trial.arguments['steps']} more steps"
    yield condition(f"tensors alive {after}", many <= few, many, few)
    if taken is not None and now is not None:
        yield condition(f"bytes of the device's memory {after}", now <= taken, now, taken)
    held = [value for p in params for value in tensors_of(optimizer, p).values()]
    states = [weakref.ref(value) for value in held]
    del optimizer, held
    gc.collect()
    left = sum(state() is not None for state in states)
    yield condition("states alive after the optimizer was dropped", left == 0, left, 0)


def growth(trial: Trial) -> Iterator[Observation]:
    """Of no step anything is kept."""
    params = parameters(trial, SHAPES)
    optimizer = build(trial, params)
    train(trial, optimizer, params, 0, 3)

    def make_steps(count: int) -> None:
        train(trial, optimizer, params, 3, 3 + count)

    yield from no_growth("of each step", make_steps, trial.arguments["steps"], trial.arguments["later"])


def tensors_alive() -> int:
    """The number of new tensors that the collector sees."""
    gc.collect()
    return sum(issubclass(type(item), torch.Tensor) for item in gc.get_objects())
