"""Trains parameters with an optimizer and a scheduler together, and returns every state."""

from __future__ import annotations

import warnings
from typing import Any

import torch

from .failures import phase
from .state_path import state_of
from .torch_platform import dtype_named, from_bytes, to_bytes
from .torch_schedule import Run


def train(header: dict[str, Any], buffers: list[memoryview]) -> tuple[dict[str, Any], list[bytes]]:
    """One tensor is trained with the given gradients; the states before the first step are zero.

    Without a scheduler the lr of each step is taken from ``rates``.
    """
    dtype, shape = dtype_named(header["dtype"]), header["shape"]
    run = Run(header)
    rates, read = [], []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run.optimizer = run.fresh_optimizer()
        parameter = torch.nn.Parameter(from_bytes(buffers[0], dtype, shape, "cpu"))
        group = run.optimizer.param_groups[0]
        group["params"] = [parameter]
        if header.get("scheduler"):
            run.scheduler = run.fresh_scheduler(header["scheduler"], run.optimizer, {})
        for number, buffer in enumerate(buffers[1:]):
            parameter.grad = from_bytes(buffer, dtype, shape, "cpu")
            if not run.scheduler:
                group["lr"] = header["rates"][number]
            rates.append(float(group["lr"]))
            with phase("step"):
                run.optimizer.step()
            state = state_of(run.optimizer, parameter)
            read += [to_bytes(parameter), *(to_bytes(state[key]) for key in header["states"])]
            if run.scheduler:
                with phase("step"):
                    run.scheduler.step()
    return {"rates": rates}, read
