"""The whole: what a step is to the program around it."""

from __future__ import annotations

import dataclasses
import gc
import random
import weakref
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
import torch.utils._python_dispatch

from .harness import (
    Observation,
    Stepper,
    Trial,
    build,
    condition,
    dense,
    described_step,
    fitting,
    follow,
    parameters,
    raised,
    reading,
    same,
    same_step,
    set_gradients,
    start_of,
    train,
    values,
)
from .surroundings import changes, functions, in_a_program, settings

if TYPE_CHECKING:
    from collections.abc import Iterator

SHAPES = ((17,), (3, 4))


def paths(trial: Trial) -> Iterator[Observation]:
    """This path beside each other path of the optimizer."""
    for name, path in trial.arguments["paths"]:
        there = dataclasses.replace(trial, path=path)
        one, other = parameters(trial, [(67,)]), parameters(trial, [(67,)])
        yield from follow(
            trial,
            f"beside {name}",
            Stepper(build(trial, one), one),
            Stepper(build(there, other), other),
            trial.arguments["steps"],
        )


def deterministic(trial: Trial) -> Iterator[Observation]:
    """Two equal runs end equal."""
    read = []
    for _ in range(2):
        params = parameters(trial, [(trial.arguments["size"],), (3, 4)])
        optimizer = build(trial, params)
        train(trial, optimizer, params, 0, trial.arguments["steps"])
        read.append(reading(optimizer, params))
    yield from same("a second run", read[1], read[0])


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
                stepper = Stepper(build(trial, params), params)
                stepper.set_gradients(gradient, trial.with_layout)
                start = start_of(trial, stepper, 0, gradient)
                stepper.optimizer.step()
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
        "settings": {**trial.path, **trial.settings},
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
        gradients = [
            [trial.with_layout(values(trial, p.shape, 1000 * (n + 1))) for p in params] for n in range(2)
        ]
        with torch.device(name) if name else nullcontext():
            optimizer = build(trial, params)
            for step in gradients:
                for p, gradient in zip(params, step):
                    p.grad = gradient
                optimizer.step()
        read.append({f"parameter {n}": p.detach() for n, p in enumerate(params)})
    yield from same("with meta as the default device", read[1], read[0])


def closure(trial: Trial) -> Iterator[Observation]:
    """A closure is called once, with gradients enabled, and its loss comes back."""
    params, twins = parameters(trial, SHAPES), parameters(trial, SHAPES)
    optimizer, other = build(trial, params), build(trial, twins)
    for step in range(2):
        calls: list[bool] = []

        def evaluate(step: int = step, calls: list[bool] = calls) -> torch.Tensor:
            calls.append(torch.is_grad_enabled())
            set_gradients(trial, params, step)
            return torch.tensor(3.5)

        with torch.set_grad_enabled(step == 0):  # a program may step where it needs no gradients
            loss = optimizer.step(evaluate)
        train(trial, other, twins, step, step + 1)
        yield condition("calls of the closure", len(calls) == 1, len(calls), 1)
        yield condition("gradients enabled in the closure", all(calls), calls, [True])
        returned = loss is not None and float(loss) == 3.5
        yield condition("what step returns", returned, None if loss is None else float(loss), 3.5)
        yield from same(f"step {step + 1} with a closure", reading(optimizer, params), reading(other, twins))
    set_gradients(trial, params, 9)
    yield condition("what step returns without a closure", optimizer.step() is None, "something", None)


def step_hooks(trial: Trial) -> Iterator[Observation]:
    """The hooks before and after a step run once each, with the optimizer, until they are removed."""
    params = parameters(trial, SHAPES)
    optimizer = build(trial, params)
    start = params[0].detach().clone()
    seen: list[Any] = []

    def before(who: Any, *_: Any) -> None:
        seen.append(("before", who is optimizer, bool((params[0] == start).all())))

    def after(who: Any, *_: Any) -> None:
        seen.append(("after", who is optimizer, bool((params[0] == start).all())))

    handles = [optimizer.register_step_pre_hook(before), optimizer.register_step_post_hook(after)]
    train(trial, optimizer, params, 0, 1)
    twins = parameters(trial, SHAPES)
    train(trial, build(trial, twins), twins, 0, 1)
    stays = bool((twins[0] == start).all())  # as under a rate too small for the format
    expected = [("before", True, True), ("after", True, stays)]
    yield condition(
        "hooks of one step: when, of this optimizer, parameter untouched", seen == expected, seen, expected
    )
    for handle in handles:
        handle.remove()
    train(trial, optimizer, params, 1, 2)
    yield condition("calls of removed hooks", len(seen) == len(expected), len(seen) - len(expected), 0)


def hook_arguments(trial: Trial) -> Iterator[Observation]:
    """A hook before a step puts a closure in the place of its arguments."""
    params = parameters(trial, SHAPES)
    optimizer = build(trial, params)
    set_gradients(trial, params, 0)
    calls: list[Any] = []

    def closure() -> torch.Tensor:
        calls.append(None)
        return torch.zeros(())

    optimizer.register_step_pre_hook(lambda *_: ((closure,), {}))
    what = "calls of the closure that a hook put in the place of the arguments"
    if raised(optimizer.step):
        yield condition(what, True, "refused", "refused")
        return
    yield condition(what, len(calls) == 1, len(calls), 1)


def zero_grad(trial: Trial) -> Iterator[Observation]:
    """zero_grad() removes the gradients; with set_to_none=False it fills them with zeros."""
    params = parameters(trial, SHAPES)
    optimizer = build(trial, params)
    set_gradients(trial, params, 0)
    kept = [p.grad for p in params]
    optimizer.zero_grad(set_to_none=False)
    zeros = [p.grad is k and not bool(dense(k).any()) for p, k in zip(params, kept)]
    yield condition(
        "gradients after zero_grad(set_to_none=False)", all(zeros), "not zeros in place", "zeros in place"
    )
    optimizer.zero_grad()
    none = all(p.grad is None for p in params)
    yield condition("gradients after zero_grad()", none, "not None", None)


def in_place(trial: Trial) -> Iterator[Observation]:
    """A step writes into the parameter that it was given."""
    params = parameters(trial, SHAPES)
    optimizer = build(trial, params)
    before = [(id(p), p.data_ptr(), True, True, str(p.dtype)) for p in params]
    train(trial, optimizer, params, 0, 2)
    held = [p for group in optimizer.param_groups for p in group["params"]]
    after = [(id(p), p.data_ptr(), p.is_leaf, p.requires_grad, str(p.dtype)) for p in held]
    for n, (one, other) in enumerate(zip(after, before)):
        names = ("object", "memory", "leaf", "requires_grad", "dtype")
        wrong = [name for name, x, y in zip(names, one, other) if x != y]
        yield condition(
            f"parameter {n} after the step", not wrong, f"another {', '.join(wrong)}", "as it was"
        )


def memory(trial: Trial) -> Iterator[Observation]:
    """The tensors alive after many steps are as many as after few, and a dropped optimizer is freed."""
    gc.collect()
    gc.freeze()  # what is alive already is looked at no more
    try:
        params = parameters(trial, SHAPES)
        optimizer = build(trial, params)
        train(trial, optimizer, params, 0, 3)
        few = alive()
        train(trial, optimizer, params, 3, 3 + trial.arguments["steps"])
        many = alive()
        yield condition(f"tensors alive after {trial.arguments['steps']} more steps", many <= few, many, few)
        held = [
            v for state in optimizer.state.values() for v in state.values() if isinstance(v, torch.Tensor)
        ]
        states = [weakref.ref(v) for v in held]
        del optimizer, held
        gc.collect()
        left = sum(state() is not None for state in states)
        yield condition("states alive after the optimizer was dropped", left == 0, left, 0)
    finally:
        gc.unfreeze()


def alive() -> int:
    """The number of new tensors that the collector sees."""
    gc.collect()
    return sum(issubclass(type(item), torch.Tensor) for item in gc.get_objects())


def differentiable(trial: Trial) -> Iterator[Observation]:
    """With ``differentiable`` the step is the same, and autograd finds the derivatives of the formula."""
    for made in trial.arguments["made"]:
        for by in trial.arguments["by"]:
            twin, leaf = parameters(trial, [(17,)]), parameters(trial, [(17,)])
            p = [leaf[0].clone()]
            one, other = Stepper(build(trial, twin), twin), Stepper(build(trial, p, differentiable=True), p)
            yield from follow(trial, "differentiable", one, other, made)
            state = other.optimizer.state[p[0]]
            state.update({k: v.detach() for k, v in state.items() if isinstance(v, torch.Tensor)})
            yield from derived(trial, f"step {made + 1}", other, made, by)


def derived(trial: Trial, what: str, stepper: Stepper, made: int, by: str) -> Iterator[Observation]:
    """The derivative of the sum of all elements after a step, by the gradient or by a Tensor setting."""
    gradient = values(trial, (17,), 9000)
    start = start_of(trial, stepper, made, gradient.clone())
    stepper.params[0].grad = variable = gradient
    if by != "gradient":
        variable = torch.tensor(trial.settings[by], dtype=torch.float64)
        stepper.optimizer.param_groups[0][by] = variable
    variable.requires_grad_()
    key = f"derivative by {by}"
    stepper.optimizer.step()
    total = stepper.params[0].sum()
    found = torch.autograd.grad(total, variable, allow_unused=True)[0] if total.requires_grad else None
    if found is None:
        yield condition(f"{what}: {key}", False, "nothing that autograd follows", "the formula's derivative")
        return
    step = described_step(start, gradient != 0, {"got": {key: found.reshape(-1)}}, every=True)
    yield Observation(f"{what}: {key}", found.numel(), found.numel(), step=step)


class Watched(torch.utils._python_dispatch.TorchDispatchMode):  # type: ignore[no-untyped-call]  # noqa: SLF001
    """Writes down every operation after which the host would wait for the device."""

    waiting = frozenset(
        {
            "aten::_local_scalar_dense",
            "aten::is_nonzero",
            "aten::equal",
            "aten::nonzero",
            "aten::masked_select",
            "aten::_unique2",
        }
    )

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.seen: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Do the operation."""
        if func.name().partition(".")[0] in self.waiting:
            self.seen.append(func.name())
        return func(*args, **(kwargs or {}))


def no_synchronisation(trial: Trial) -> Iterator[Observation]:
    """A capturable step reads no number of a tensor, and on a CUDA device never waits."""
    params = parameters(trial, SHAPES)
    optimizer = build(trial, params, capturable=True)
    train(trial, optimizer, params, 0, 2)
    set_gradients(trial, params, 2)
    on_cuda = trial.device.startswith("cuda")
    with Watched() as watched:
        error = raised(partial(strictly, optimizer)) if on_cuda else raised(optimizer.step)
    if error:
        watched.seen.append(error)
    what = "what a capturable step waits for"
    yield condition(what, not watched.seen, ", ".join(dict.fromkeys(watched.seen)), "nothing")


def strictly(optimizer: Any) -> None:
    """A step in which CUDA raises an error where it would wait."""
    torch.cuda.synchronize()
    torch.cuda.set_sync_debug_mode("error")
    try:
        optimizer.step()
    finally:
        torch.cuda.set_sync_debug_mode("default")
