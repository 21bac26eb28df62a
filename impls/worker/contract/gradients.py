"""Gradients: read, and neither written nor kept."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import torch

from .calls import take_step
from .harness import (
    Observation,
    Trial,
    build,
    condition,
    dense,
    entries,
    joint_reading,
    parameters,
    raised,
    reading,
    same,
    same_step,
    set_gradients,
    start_of,
    stepper_on,
    tensors_of,
    train,
    values,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

SHAPES = ((17,), (3, 4))


def not_modified(trial: Trial) -> Iterator[Observation]:
    """Every gradient after the step is the one before it."""
    params = parameters(trial, SHAPES)
    optimizer = build(trial, params)
    for step in range(trial.arguments["steps"]):
        set_gradients(trial, params, step)
        before = {f"gradient {n}": dense(p.grad) for n, p in enumerate(params)}
        take_step(optimizer)
        # A gradient that is taken away is read by nobody after the step.
        after = {name: before[name] if p.grad is None else dense(p.grad) for name, p in zip(before, params)}
        yield from same(f"step {step + 1}", after, before)


def not_taken(trial: Trial) -> Iterator[Observation]:
    """Every gradient is there after the step: who logs or clips it then finds it."""
    params = parameters(trial, SHAPES)
    optimizer = build(trial, params)
    set_gradients(trial, params, 0)
    take_step(optimizer)
    for n, p in enumerate(params):
        shown = "None" if p.grad is None else "there"
        yield condition(f"the gradient of parameter {n} after the step", p.grad is not None, shown, "there")


def not_kept(trial: Trial) -> Iterator[Observation]:
    """What happens to a gradient after the step changes nothing."""
    read = []
    for overwritten in (False, True):
        params = parameters(trial, SHAPES)
        optimizer = build(trial, params)
        for step in range(trial.arguments["steps"]):
            set_gradients(trial, params, step)
            take_step(optimizer)
            for gradient in (p.grad for p in params if overwritten and p.grad is not None):
                entries(gradient).fill_(77.0)
        read.append(reading(trial, optimizer, params))
    yield from same("with gradients overwritten after each step", read[1], read[0])


def graph_dropped(trial: Trial) -> Iterator[Observation]:
    """After a step with gradients that autograd could go through, nothing that is kept has a graph."""
    params = parameters(trial, SHAPES)
    optimizer = build(trial, params)
    for step in range(trial.arguments["steps"]):
        set_gradients(trial, params, step)
        for p in params:
            p.grad = p.grad.requires_grad_().clone()
        take_step(optimizer)
        kept = {f"parameter {n}": not p.is_leaf for n, p in enumerate(params)}
        for n, p in enumerate(params):
            kept |= {f"{n}.{key}": v.requires_grad for key, v in tensors_of(optimizer, p).items()}
        graphs = sorted(name for name, graph in kept.items() if graph)
        yield condition(f"step {step + 1}, gradients with a graph", not graphs, f"a graph in {graphs}", "no graph")


def absent(trial: Trial) -> Iterator[Observation]:
    """A parameter without a gradient stays as it is, beside others and alone."""
    for made in trial.arguments["made"]:
        for left_out in trial.arguments["left out"]:
            params = parameters(trial, SHAPES)
            optimizer = build(trial, params)
            train(trial, optimizer, params, 0, made)
            chosen = [params[n] for n in left_out]
            before = reading(trial, optimizer, chosen)
            for step in (made, made + 1):
                set_gradients(trial, params, step)
                for p in chosen:
                    p.grad = None
                take_step(optimizer)
            after = reading(trial, optimizer, chosen)
            if not made:  # a state that is made ahead says nothing yet
                before, after = ({k: v for k, v in r.items() if "param" in k} for r in (before, after))
            yield from same(f"tensors {left_out} without a gradient after {made} steps", after, before)


def late(trial: Trial) -> Iterator[Observation]:
    """A parameter whose gradient comes late does what it does in an optimizer of its own."""
    params = parameters(trial, SHAPES)
    optimizer = build(trial, params)
    alone = parameters(trial, SHAPES)
    own = [build(trial, [p]) for p in alone]
    for step in range(trial.arguments["steps"]):
        set_gradients(trial, params, step)
        set_gradients(trial, alone, step)
        if step < 2:
            params[1].grad = alone[1].grad = None
        take_step(optimizer)
        for each, p in zip(own, alone):
            if p.grad is not None:
                take_step(each)
        yield from same(
            f"step {step + 1}, a first gradient in step 3",
            reading(trial, optimizer, params),
            joint_reading(trial, own, alone),
        )


def zero(trial: Trial) -> Iterator[Observation]:
    """An element with a zero gradient does the same whether all others have one too or not."""
    read = []
    for others in (True, False):
        params = parameters(trial, [(17,)])
        optimizer = build(trial, params)
        train(trial, optimizer, params, 0, trial.arguments["made"])
        set_gradients(trial, params, 50)
        entries(params[0].grad)[3] = 0.0
        if not others:
            entries(params[0].grad).zero_()
        take_step(optimizer)
        shown = reading(trial, optimizer, params).items()
        read.append({k: v[3] for k, v in shown if isinstance(v, torch.Tensor) and v.shape == params[0].shape})
    yield from same("a gradient of zeros", read[1], read[0])


def sparse(trial: Trial) -> Iterator[Observation]:
    """A sparse gradient gives what the dense one gives, or an error that says that it is sparse.

    Where only sparse gradients are taken, one that names a row twice gives what its sum gives.
    """
    keys = trial.arguments["states"]
    for rows in trial.arguments["rows"]:
        one, two = parameters(trial, [(6, 3)]), parameters(trial, [(6, 3)])
        other, given = stepper_on(trial, one), stepper_on(trial, two)
        shape = one[0].shape
        for step in range(trial.arguments["steps"]):
            numbers = torch.round(values(trial, (len(rows), *shape[1:]), 1000 * (step + 1)) * 4) / 4
            gradient = torch.sparse_coo_tensor(torch.tensor([rows], device=trial.device), numbers, shape)
            one[0].grad, two[0].grad = gradient.coalesce() if trial.sparse else dense(gradient), gradient
            start = start_of(trial, given, step, dense(gradient).reshape(-1))
            error = raised(partial(take_step, given.optimizer))
            if error:
                said = "sparse" in error.lower()
                yield condition("a sparse gradient", said, error, "the dense result, or an error that says sparse")
                return
            take_step(other.optimizer)
            what = f"a gradient with the rows {rows}, step {step + 1}"
            seen = same_step(what, start, given.flat(keys), other.flat(keys))
            yield seen
            if seen.differing:
                break


def other_dtype(trial: Trial) -> Iterator[Observation]:
    """A gradient of another dtype gives what its conversion gives, or an error."""
    keys = trial.arguments["states"]
    for name in trial.arguments["dtypes"]:
        other = getattr(torch, name)
        if other == trial.dtype:
            continue
        two = parameters(trial, [(17,)])
        converted, given = stepper_on(trial, parameters(trial, [(17,)])), stepper_on(trial, two)
        for step in range(trial.arguments["steps"]):
            gradient = values(trial, (17,), 1000 * (step + 1))
            what = f"a gradient of {name}, step {step + 1}"
            start = start_of(trial, given, step, gradient)
            refused = raised(partial(setattr, two[0], "grad_dtype", other))
            laid = trial.with_layout(gradient.to(other).reshape(two[0].shape))
            refused = refused or raised(partial(setattr, two[0], "grad", laid))
            refused = refused or raised(partial(take_step, given.optimizer))
            if refused:
                yield condition(what, True, "refused", "refused")
                break
            converted.set_gradients(gradient, trial.with_layout)
            take_step(converted.optimizer)
            yield same_step(what, start, given.flat(keys), converted.flat(keys))
            given.load(converted.flat(keys))


def other_device(trial: Trial) -> Iterator[Observation]:
    """A gradient on another device is refused, where it is assigned or in the step."""
    p = parameters(trial, [(17,)])[0]
    optimizer = build(trial, [p])
    gradient = trial.with_layout(values(trial, (17,), 1000).reshape(p.shape)).to("meta")
    refused = raised(partial(setattr, p, "grad", gradient)) or raised(partial(take_step, optimizer))
    yield condition("a gradient on another device", bool(refused), "accepted", "refused")
