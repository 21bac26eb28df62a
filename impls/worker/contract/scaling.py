"""Scaling: loss scaling and autocast change nothing but what they say."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch

from .calls import take_scaled_step, take_step
from .harness import Observation, Trial, build, entries, parameters, reading, same, set_gradients, train

if TYPE_CHECKING:
    from collections.abc import Iterator

SHAPES = ((17,), (3, 4))
SCALE = 4.0


def found_infinity(trial: Trial) -> Iterator[Observation]:
    """With ``found_inf`` set the step moves no parameter, no state and no count."""
    for made in trial.arguments["made"]:
        params = parameters(trial, SHAPES)
        optimizer = build(trial, params)
        train(trial, optimizer, params, 0, made)
        before = reading(trial, optimizer, params)
        set_gradients(trial, params, made)
        optimizer.found_inf = torch.tensor(1.0, device=trial.device)
        optimizer.grad_scale = torch.tensor(SCALE, device=trial.device)
        with unset_memory_as_nan():
            take_step(optimizer)
        after = reading(trial, optimizer, params)
        if not made:  # a state may be made, but holds nothing yet
            before, after = ({k: v for k, v in r.items() if "param" in k} for r in (before, after))
        yield from same(f"found_inf after {made} steps", after, before)
        del optimizer.found_inf, optimizer.grad_scale
        twins = parameters(trial, SHAPES)
        other = build(trial, twins)
        train(trial, other, twins, 0, made)
        for each, ps in ((optimizer, params), (other, twins)):
            train(trial, each, ps, made + 1, made + 3)
        what = f"the steps after a skipped one after {made} steps"
        yield from same(what, reading(trial, optimizer, params), reading(trial, other, twins))


@contextmanager
def unset_memory_as_nan() -> Iterator[None]:
    """Memory that torch hands out unset holds NaN inside, so that what reads it is seen in every run."""
    before = torch.are_deterministic_algorithms_enabled()
    only_warned = torch.is_deterministic_algorithms_warn_only_enabled()
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before, warn_only=only_warned)


def divided_once(trial: Trial) -> Iterator[Observation]:
    """With ``grad_scale`` a scaled gradient does what the unscaled one does."""
    read = []
    for scale in (1.0, SCALE):
        params = parameters(trial, SHAPES)
        optimizer = build(trial, params)
        for step in range(trial.arguments["steps"]):
            set_gradients(trial, params, step)
            for p in params:
                entries(p.grad).mul_(scale)
            if scale != 1.0:
                optimizer.grad_scale = torch.tensor(scale, device=trial.device)
                optimizer.found_inf = torch.tensor(0.0, device=trial.device)
            take_step(optimizer)
        read.append(reading(trial, optimizer, params))
    yield from same("a scaled gradient", read[1], read[0])


def scaler(trial: Trial) -> Iterator[Observation]:
    """Under GradScaler a step with an infinite gradient is skipped, and all others are as without it."""
    read = []
    for scaled in (False, True):
        params = parameters(trial, SHAPES)
        optimizer = build(trial, params)
        grad_scaler = torch.amp.GradScaler(trial.device.split(":")[0], init_scale=SCALE, growth_interval=1000)
        for step in range(4):
            set_gradients(trial, params, step)
            scale = 1.0
            if scaled:
                grad_scaler.scale(torch.tensor(1.0, device=trial.device))
                scale = grad_scaler.get_scale()
            for p in params:
                entries(p.grad).mul_(scale)
            if step == 2:
                if not scaled:
                    continue
                entries(params[0].grad)[0] = float("inf")
            if scaled:
                take_scaled_step(grad_scaler, optimizer)
            else:
                take_step(optimizer)
        read.append(reading(trial, optimizer, params))
    yield from same("under GradScaler", read[1], read[0])


class StepsNowhere(torch.optim.SGD):
    """An optimizer that leaves all that GradScaler does to GradScaler."""

    def step(self, closure: object = None) -> None:  # type: ignore[override]
        """Nothing is done."""


class DividesNowhere(StepsNowhere):
    """The same, which tells GradScaler that its step divides the gradients."""

    _step_supports_amp_scaling = True


def unscale(parameter: torch.nn.Parameter, *, itself: bool) -> None:
    """What GradScaler does with a gradient of a format, whether or not the step divides it ``itself``."""
    scaled = torch.nn.Parameter(parameter.detach())
    optimizer = (DividesNowhere if itself else StepsNowhere)([scaled])
    scaled.grad = torch.ones_like(parameter.detach())
    grad_scaler = torch.amp.GradScaler(parameter.device.type)
    grad_scaler.scale(torch.tensor(1.0, device=parameter.device))
    take_scaled_step(grad_scaler, optimizer)


def autocast(trial: Trial) -> Iterator[Observation]:
    """A step inside autocast is the step outside it."""
    read = []
    for inside in (False, True):
        params = parameters(trial, SHAPES)
        optimizer = build(trial, params)
        with torch.autocast(trial.device.split(":")[0], dtype=torch.bfloat16, enabled=inside):
            train(trial, optimizer, params, 0, trial.arguments["steps"])
        read.append(reading(trial, optimizer, params))
    yield from same("inside autocast", read[1], read[0])
