"""Zeros and ones among handwritten digits, and a training of a small network that tells them apart."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn

IMAGES = Path(__file__).with_name("digits.txt")
HELD_OUT, BATCH = 60, 30
STEPS_PER_EPOCH = 10


@dataclass(frozen=True)
class Images:
    """Images of 64 pixels in [0, 1] with their labels 0 and 1, to train on and held out."""

    train: tuple[torch.Tensor, torch.Tensor]
    test: tuple[torch.Tensor, torch.Tensor]


@dataclass
class Curve:
    """The loss and the learning rate of each step of a training, by its name."""

    name: str
    losses: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)


def images() -> Images:
    """Return the 360 images, of which the last sixty are held out."""
    lines = [line.split() for line in IMAGES.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    pixels = torch.tensor([[int(pixel, 17) / 16 for pixel in row] for _, row in lines])
    labels = torch.tensor([[float(label)] for label, _ in lines])
    return Images((pixels[:-HELD_OUT], labels[:-HELD_OUT]), (pixels[-HELD_OUT:], labels[-HELD_OUT:]))


def network() -> nn.Sequential:
    """Return a network with one hidden layer, which always starts from the same weights."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(64, 32), nn.Tanh(), nn.Linear(32, 1))


def batches(data: Images, first: int, last: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Yield the batch of each step: what it holds depends on nothing but the step, so that a run may begin anywhere."""
    pixels, labels = data.train
    for step in range(first, last):
        epoch, place = divmod(step, STEPS_PER_EPOCH)
        order = torch.randperm(len(pixels), generator=torch.Generator().manual_seed(epoch))
        chosen = order[place * BATCH : (place + 1) * BATCH]
        yield pixels[chosen], labels[chosen]


def train(model: nn.Module, optimizer: Any, scheduler: Any, data: Images, curve: Curve, until: int) -> None:
    """Train from the step at which the curve ends up to another, and draw a bar of how far it is."""
    dtype = next(model.parameters()).dtype
    first = len(curve.losses)
    for step, (pixels, labels) in enumerate(batches(data, first, until), first + 1):
        optimizer.zero_grad()
        loss = nn.functional.binary_cross_entropy_with_logits(model(pixels.to(dtype)), labels.to(dtype))
        loss.backward()  # type: ignore[no-untyped-call]
        curve.rates.append(float(optimizer.param_groups[0]["lr"]))
        curve.losses.append(loss.item())
        optimizer.step()
        scheduler.step()
        bar(curve.name, step, until, loss.item())


def bar(name: str, step: int, steps: int, loss: float, width: int = 30) -> None:
    """Draw how far a training is; where nobody watches a terminal its end alone is told."""
    done = "#" * (width * step // steps)
    watched = sys.stderr.isatty()
    if watched or step == steps:
        end = "\n" if step == steps else ""
        start = "\r" if watched else ""
        print(
            f"{start}{name:24} [{done:{width}}] {step}/{steps}  loss {loss:.4f}", end=end, file=sys.stderr, flush=True
        )


def accuracy(model: nn.Module, data: Images) -> float:
    """Return the share of the held out images that a network tells right."""
    pixels, labels = data.test
    with torch.no_grad():
        told = model(pixels.to(next(model.parameters()).dtype)) > 0
    return float((told == (labels > 0.5)).double().mean())


def trained(name: str, steps: int, optimizer: Callable[[Any], Any], scheduler: Callable[[Any], Any]) -> Curve:
    """Return the curve of a whole training, and print how many of the held out images are told right."""
    data, model, curve = images(), network(), Curve(name)
    made = optimizer(model.parameters())
    train(model, made, scheduler(made), data, curve, steps)
    print(f"{name}: loss {curve.losses[-1]:.4f}, {accuracy(model, data):.1%} of the held out images")
    return curve
