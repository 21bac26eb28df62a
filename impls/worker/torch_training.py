"""Training as tutorials do it: a model, a loss, an optimizer, and what each step saw and left.

A problem is given whole by the request: its name, features, labels and starting parameters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch.nn import functional

from .calling import called, from_json, step_of
from .failures import RequestError, phase
from .state_path import held
from .torch_platform import dtype_named, from_bytes, to_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Loss = Callable[[list[torch.Tensor], torch.Tensor, torch.Tensor], torch.Tensor]


def digits(parameters: list[torch.Tensor], features: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """A fully connected network 64-128-1 with ReLU and a sigmoid has the binary cross-entropy."""
    weight, bias, weight_out, bias_out = parameters
    hidden = functional.relu(functional.linear(features, weight, bias))
    probability = torch.sigmoid(functional.linear(hidden, weight_out, bias_out))
    return functional.binary_cross_entropy(probability, labels)


def regression(parameters: list[torch.Tensor], features: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """A line has the mean squared error."""
    weight, bias = parameters
    return ((features @ weight + bias - labels) ** 2).mean()


def convolution(parameters: list[torch.Tensor], features: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Four 3x3 filters with ReLU, pooling by maxima, and a sigmoid have the binary cross-entropy."""
    filters, bias, weight, bias_out = parameters
    images = features.reshape(-1, 1, 8, 8)
    pooled = functional.max_pool2d(functional.relu(functional.conv2d(images, filters, bias)), 2)
    probability = torch.sigmoid(functional.linear(pooled.flatten(1), weight, bias_out))
    return functional.binary_cross_entropy(probability, labels)


LOSSES: dict[str, Loss] = {"digits": digits, "regression": regression, "convolution": convolution}


def train(header: dict[str, Any], buffers: list[memoryview]) -> tuple[dict[str, Any], list[bytes]]:
    """A target trains for the steps asked for.

    The buffers of a step are, for each parameter, the gradient that it was given, its value after the step, and the
    states named.
    """
    loss_of, features, labels, parameters = _problem(header, buffers)
    build = called(header["target"], header.get("calling", {}))
    with phase("construct"):
        optimizer = build(parameters, **from_json(header["constructor"]))
    losses: list[float] = []
    read: list[bytes] = []
    dtypes: dict[str, str] = {}
    for _ in range(header["steps"]):
        optimizer.zero_grad()
        loss = loss_of(parameters, features, labels)
        loss.backward()  # type: ignore[no-untyped-call]
        losses.append(float(loss.detach()))
        if any(parameter.grad is None for parameter in parameters):
            raise ValueError("the loss of a problem reaches every parameter; this one's does not")
        given = [to_bytes(parameter.grad) for parameter in parameters if parameter.grad is not None]
        with phase("step"):
            step_of(optimizer, parameters)()
        for gradient, parameter in zip(given, parameters):
            read += [gradient, to_bytes(parameter)]
            read += _states(optimizer, parameter, header["states"], dtypes)
    losses.append(float(loss_of(parameters, features, labels).detach()))
    return {"losses": losses, "state_dtypes": dtypes}, read


def evaluate(header: dict[str, Any], buffers: list[memoryview]) -> tuple[dict[str, Any], list[bytes]]:
    """The loss and the gradients at given parameters, which nothing here changes."""
    loss_of, features, labels, parameters = _problem(header, buffers)
    loss = loss_of(parameters, features, labels)
    gradients = torch.autograd.grad(loss, parameters)
    return {"loss": float(loss.detach())}, [to_bytes(gradient) for gradient in gradients]


def _problem(
    header: dict[str, Any], buffers: list[memoryview]
) -> tuple[Loss, torch.Tensor, torch.Tensor, list[torch.Tensor]]:
    name, shapes = header["problem"], header["shapes"]
    if name not in LOSSES:
        raise RequestError(f"there is no problem {name!r}; ask for one of {sorted(LOSSES)}")
    if len(buffers) != len(shapes):
        raise RequestError(f"{len(buffers)} buffers were given for {len(shapes)} shapes; send as many")
    dtype = dtype_named(header["dtype"])
    arrays = (from_bytes(buffer, dtype, shape, "cpu") for buffer, shape in zip(buffers, shapes))
    features, labels, *values = arrays
    return LOSSES[name], features, labels, [torch.nn.Parameter(value) for value in values]


def _states(optimizer: Any, parameter: torch.Tensor, keys: list[str], dtypes: dict[str, str]) -> Iterator[bytes]:
    for key in keys:
        value = held(optimizer, parameter, key)
        if isinstance(value, torch.Tensor):
            dtypes[key] = str(value.dtype).rpartition(".")[2]
            yield to_bytes(value)
        else:
            yield b""
