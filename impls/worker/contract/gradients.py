"""Gradients: read, and neither written nor kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from .trial import Observation, Trial, build, fact, give, parameters, raised, reading, same, train, values

if TYPE_CHECKING:
    from collections.abc import Iterator

SHAPES = ((17,), (3, 4))


def not_modified(trial: Trial) -> Iterator[Observation]:
    """Every gradient after the step is the one before it."""
    params = parameters(trial, SHAPES)
    optimizer = build(trial, params)
    for step in range(trial.arguments["steps"]):
        give(trial, params, step)
        before = {f"gradient {n}": p.grad.clone() for n, p in enumerate(params)}
        optimizer.step()
        after = {f"gradient {n}": p.grad for n, p in enumerate(params) if p.grad is not None}
        yield same(f"step {step + 1}", after, before)


def not_kept(trial: Trial) -> Iterator[Observation]:
    """What happens to a gradient after the step changes nothing."""
    read = []
    for overwritten in (False, True):
        params = parameters(trial, SHAPES)
        optimizer = build(trial, params)
        for step in range(trial.arguments["steps"]):
            give(trial, params, step)
            optimizer.step()
            if overwritten:
                for p in params:
                    p.grad.fill_(77.0)
        read.append(reading(optimizer, params))
    yield same("with gradients overwritten after each step", read[1], read[0])


def absent(trial: Trial) -> Iterator[Observation]:
    """A parameter without a gradient stays as it is, beside others and alone."""
    for made in trial.arguments["made"]:
        for left_out in trial.arguments["left out"]:
            params = parameters(trial, SHAPES)
            optimizer = build(trial, params)
            train(trial, optimizer, params, 0, made)
            chosen = [params[n] for n in left_out]
            before = reading(optimizer, chosen)
            for step in (made, made + 1):
                give(trial, params, step)
                for p in chosen:
                    p.grad = None
                optimizer.step()
            after = reading(optimizer, chosen)
            if not made:  # a state that is made ahead says nothing yet
                before, after = ({k: v for k, v in r.items() if "param" in k} for r in (before, after))
            yield same(f"tensors {left_out} without a gradient after {made} steps", after, before)


def late(trial: Trial) -> Iterator[Observation]:
    """A parameter whose gradient comes late does what it does in an optimizer of its own."""
    params = parameters(trial, SHAPES)
    optimizer = build(trial, params)
    alone = parameters(trial, SHAPES)
    own = [build(trial, [p]) for p in alone]
    for step in range(trial.arguments["steps"]):
        give(trial, params, step)
        give(trial, alone, step)
        if step < 2:
            params[1].grad = alone[1].grad = None
        optimizer.step()
        for each in own:
            each.step()
        expected = {
            key.replace("0.", f"{n}."): value
            for n, p in enumerate(alone)
            for key, value in reading(own[n], [p]).items()
        }
        yield same(f"step {step + 1}, a first gradient in step 3", reading(optimizer, params), expected)


def zero(trial: Trial) -> Iterator[Observation]:
    """An element with a zero gradient does the same whether all others have one too or not."""
    read = []
    for others in (True, False):
        params = parameters(trial, [(17,)])
        optimizer = build(trial, params)
        train(trial, optimizer, params, 0, trial.arguments["made"])
        give(trial, params, 50)
        params[0].grad[3] = 0.0
        if not others:
            params[0].grad.zero_()
        optimizer.step()
        read.append({k: v[3] if v.dim() else v for k, v in reading(optimizer, params).items()
                     if isinstance(v, torch.Tensor)})  # fmt: skip
    yield same("a gradient of zeros", read[1], read[0])


def sparse(trial: Trial) -> Iterator[Observation]:
    """A sparse gradient gives what the dense one gives, or an error that says that it is sparse."""
    read = []
    for is_sparse in (False, True):
        p = parameters(trial, [(6, 3)])[0]
        optimizer = build(trial, [p])
        for step in range(trial.arguments["steps"]):
            rows = torch.tensor([[1, 4, 1]])
            gradient = torch.sparse_coo_tensor(rows, values(trial, (3, 3), 1000 * (step + 1)), (6, 3))
            p.grad = gradient if is_sparse else gradient.to_dense()
            start = p.detach().clone()
            error = raised(optimizer.step)
            if error:
                said = is_sparse and "sparse" in error.lower()
                yield fact("a sparse gradient", said, error, "the dense result, or an error that says sparse")
                yield same("a parameter whose gradient was refused", {"p": p.detach()}, {"p": start})
                return
        read.append(reading(optimizer, [p]))
    yield same("a sparse gradient", read[1], read[0])


def other_dtype(trial: Trial) -> Iterator[Observation]:
    """A gradient of another dtype gives what its conversion gives, or an error."""
    for name in trial.arguments["dtypes"]:
        other = getattr(torch, name)
        if other == trial.dtype:
            continue
        read = []
        for converted in (True, False):
            p = parameters(trial, [(17,)])[0]
            optimizer = build(trial, [p])
            refused = ""
            for step in range(trial.arguments["steps"]):
                gradient = values(trial, p.shape, 1000 * (step + 1))
                refused = "" if converted else raised(lambda p=p: setattr(p, "grad_dtype", other))
                p.grad = gradient if converted else gradient.to(other)
                refused = refused or raised(optimizer.step)
                if refused:
                    break
            read.append({} if refused else {"p": p.detach()})
        if read[1]:
            yield same(f"a gradient of {name}", read[1], read[0])
        else:
            yield fact(f"a gradient of {name}", True, "refused", "refused")  # noqa: FBT003
