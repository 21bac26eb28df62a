"""Distributed: two processes on one machine make the steps that one process makes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import torch

from ..process_group import joined
from .calls import clear_gradients, construct, take_step
from .growth import no_growth
from .harness import Observation, Start, Trial, build, fitting, parameters, raised, reading, same, same_step, values

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

SHAPES = ((17, 2), (5, 4))


def together(trial: Trial) -> AbstractContextManager[int]:
    """The rank of this process in the group of two that the trial's arguments name."""
    return joined(trial.arguments.get("rank"), trial.arguments.get("store"))


def alone(trial: Trial, gradients: list[list[torch.Tensor]]) -> dict[str, Any]:
    """What one process makes of the gradients of all steps."""
    params = parameters(trial, SHAPES)
    optimizer = build(trial, params)
    for step in gradients:
        for p, gradient in zip(params, step):
            p.grad = trial.with_layout(gradient)
        take_step(optimizer)
    return {key: value for key, value in reading(trial, optimizer, params).items() if "param" in key}


def drawn(trial: Trial, rank: int) -> list[list[torch.Tensor]]:
    """The gradients of one process in all steps."""
    steps = range(trial.arguments["steps"])
    shapes = [fitting(trial, shape) for shape in SHAPES]
    return [[values(trial, s, 1000 * (step + 1) + 100 * rank + n) for n, s in enumerate(shapes)] for step in steps]


def averaged(trial: Trial) -> list[list[torch.Tensor]]:
    """The mean of both processes' gradients in all steps."""
    return [[(a + b) / 2 for a, b in zip(*pair)] for pair in zip(drawn(trial, 0), drawn(trial, 1))]


class Weighted(torch.nn.Module):
    """A model whose gradient is its input."""

    def __init__(self, params: list[Any], *, sparse: bool) -> None:
        super().__init__()
        tables = [table(p) for p in params if sparse]
        self.parts = torch.nn.ModuleList(tables) if sparse else torch.nn.ParameterList(params)

    def forward(self, inputs: list[torch.Tensor]) -> torch.Tensor:
        """The sum of products of parameters and inputs."""
        total: Any = sum((seen(part) * x).sum() for part, x in zip(self.parts, inputs))
        return torch.as_tensor(total)


def table(p: Any) -> torch.nn.Embedding:
    """A table of the parameter's rows, whose gradient is sparse."""
    made = torch.nn.Embedding(p.shape[0], p.shape[1], sparse=True)
    made.weight = p
    return made


def seen(part: Any) -> torch.Tensor:
    """The parameter, or all its rows looked up in their table."""
    found = part(torch.arange(part.num_embeddings)) if isinstance(part, torch.nn.Embedding) else part
    return torch.as_tensor(found)


def data_parallel(trial: Trial) -> Iterator[Observation]:
    """Gradients averaged by DistributedDataParallel give what the average gives in one process."""
    with together(trial) as rank:
        params = parameters(trial, SHAPES)
        model = torch.nn.parallel.DistributedDataParallel(Weighted(params, sparse=trial.sparse))
        optimizer = build(trial, params)
        for inputs in drawn(trial, rank):
            clear_gradients(optimizer)
            model(inputs).backward()
            take_step(optimizer)
        del model  # its reducer holds the group
    got = {key: value for key, value in reading(trial, optimizer, params).items() if "param" in key}
    yield from same(f"DistributedDataParallel, rank {rank}", got, alone(trial, averaged(trial)))


def zero_redundancy(trial: Trial) -> Iterator[Observation]:
    """ZeroRedundancyOptimizer, which shards the state, makes the steps of the optimizer that it wraps."""
    from torch.distributed.optim import ZeroRedundancyOptimizer

    settings = {"optimizer_class": trial.make, **trial.path, **trial.settings}
    with together(trial) as rank:
        params = parameters(trial, SHAPES)
        optimizer = construct(ZeroRedundancyOptimizer, params, settings)
        for step in drawn(trial, 0):
            for p, gradient in zip(params, step):
                p.grad = trial.with_layout(gradient)
            take_step(optimizer)
    got = {f"{n}.parameter": p.detach().clone() for n, p in enumerate(params)}
    yield from same(f"ZeroRedundancyOptimizer, rank {rank}", got, alone(trial, drawn(trial, 0)))


def sharded(trial: Trial) -> Iterator[Observation]:
    """Parameters that fully_shard cuts into DTensor shards step as whole ones do, with averaged gradients."""
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    with together(trial) as rank:
        mesh, whole = init_device_mesh("cpu", (2,)), parameters(trial, SHAPES)
        model: Any = fully_shard(Weighted(whole, sparse=False), mesh=mesh)
        params = list(model.parameters())
        optimizer = build(trial, params)
        for inputs in drawn(trial, rank):
            clear_gradients(optimizer)
            model(inputs).backward()
            take_step(optimizer)
        got = {f"{n}.parameter": p.detach().full_tensor() for n, p in enumerate(params)}
        del model
    mean = averaged(trial)
    if not trial.arguments["whole"]:
        yield from same(f"fully_shard, rank {rank}", got, alone(trial, mean))
        return
    expected = alone(trial, mean)
    for n, (p, gradient) in enumerate(zip(parameters(trial, SHAPES), mean[0])):
        start = Start(0, {"parameter": p.detach().reshape(-1)}, {}, gradient.reshape(-1), list(p.shape))
        pair = ({"parameter": read[f"{n}.parameter"].reshape(-1)} for read in (got, expected))
        yield same_step(f"fully_shard, rank {rank}, tensor {n}", start, *pair)


def memory(trial: Trial) -> Iterator[Observation]:
    """On parameters that are DTensors no more is alive after many steps than after few."""
    import torch.distributed as group
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.tensor import Shard, distribute_tensor

    def agreed(more: bool) -> bool:
        either = torch.tensor(float(more))
        group.all_reduce(either)
        return bool(either)

    with together(trial) as rank:
        mesh = init_device_mesh("cpu", (2,))
        whole, cut = parameters(trial, SHAPES), partial(distribute_tensor, device_mesh=mesh, placements=[Shard(0)])
        params = [torch.nn.Parameter(cut(p.detach())) for p in whole]
        gradients = [cut(gradient) for gradient in drawn(trial, 0)[0]]
        optimizer = build(trial, params)

        def make_steps(count: int) -> None:
            for _ in range(count):
                for p, gradient in zip(params, gradients):
                    p.grad = gradient.clone()
                take_step(optimizer)

        what, given = f"of each step with DTensors, rank {rank}", trial.arguments
        error = raised(partial(make_steps, 3))
        steps, later = given["steps"], given["later"]
        found = [] if error else list(no_growth(what, make_steps, steps, later, agreed))
    yield from found or [Observation(f"no step with DTensors: {error}")]
