"""Elements: the result of one depends on its own history only, wherever and however it lies."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import torch

from ..state_path import held
from .calls import take_step
from .harness import (
    Observation,
    Start,
    Stepper,
    Trial,
    build,
    condition,
    entries,
    fitting,
    follow,
    parameters,
    raised,
    reading,
    same,
    same_step,
    set_gradients,
    stepper_on,
    train,
    values,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

PAIRS = (5, 2)
"""The shape of the real and imaginary parts of a complex parameter."""


def own_history(trial: Trial) -> Iterator[Observation]:
    """One element gets a NaN, an infinite or a huge gradient; every other one must not notice."""
    shapes, place = trial.arguments["shapes"], 1
    for bad in trial.arguments["bad"]:
        read = []
        for spoiled in (False, True):
            params = parameters(trial, shapes)
            optimizer = build(trial, params)
            for step in range(trial.arguments["steps"]):
                set_gradients(trial, params, step)
                if spoiled and step == 0:
                    number = torch.finfo(trial.dtype).max if bad == "largest" else float(bad)
                    entries(params[0].grad).view(-1)[place] = number
                take_step(optimizer)
            read.append(without(reading(trial, optimizer, params), params[0].shape, place))
        yield from same(f"after a gradient of {bad} in element {place} of tensor 0", read[1], read[0])


def not_finite(trial: Trial) -> Iterator[Observation]:
    """One element gets a gradient that is no finite number; what it becomes is none either."""
    place = 5
    for bad in trial.arguments["bad"]:
        params = parameters(trial, [(17,)])
        optimizer = build(trial, params)
        train(trial, optimizer, params, 0, trial.arguments["made"])
        set_gradients(trial, params, trial.arguments["made"])
        entries(params[0].grad).view(-1)[place] = float(bad)
        take_step(optimizer)
        now = params[0].detach().reshape(-1)[place].item()
        yield condition(f"an element after a gradient of {bad}", not math.isfinite(now), now, "no finite number")


def without(read: dict[str, Any], shape: torch.Size, place: int) -> dict[str, Any]:
    """A reading without one element of the first tensor."""
    left = {}
    for key, value in read.items():
        mine = key.startswith("0.") and isinstance(value, torch.Tensor) and value.shape == shape
        flat = value.reshape(-1) if mine else None
        left[key] = value if flat is None else torch.cat([flat[:place], flat[place + 1 :]])
    return left


def permuted(trial: Trial) -> Iterator[Observation]:
    """The same elements in another order."""
    size = trial.arguments["size"]
    order = torch.randperm(size, generator=torch.Generator().manual_seed(1)).to(trial.device)
    start = values(trial, (size,), 0)
    one = stepper_on(trial, [torch.nn.Parameter(start.clone())])
    other = stepper_on(trial, [torch.nn.Parameter(start[order])])
    yield from follow(trial, "permuted", one, other, trial.arguments["steps"], order)


def divided(trial: Trial) -> Iterator[Observation]:
    """The same elements in one tensor and in tensors of many sizes."""
    sizes = trial.arguments["sizes"]
    start = values(trial, (sum(sizes),), 0)
    one = stepper_on(trial, [torch.nn.Parameter(start.clone())])
    other = stepper_on(trial, [torch.nn.Parameter(part.clone()) for part in torch.split(start, sizes)])
    yield from follow(trial, f"in {len(sizes)} tensors", one, other, trial.arguments["steps"])


def shaped(trial: Trial) -> Iterator[Observation]:
    """The same elements flat and in a shape."""
    for shape in trial.arguments["shapes"]:
        start = values(trial, fitting(trial, shape), 0)
        one = stepper_on(trial, [torch.nn.Parameter(start.reshape(-1).clone())])
        other = stepper_on(trial, [torch.nn.Parameter(start.clone())])
        yield from follow(trial, f"of shape {list(shape)}", one, other, trial.arguments["steps"])


def taken(trial: Trial) -> Iterator[Observation]:
    """No format of a parameter and no number of its dimensions is refused."""
    asked = [(name, list(trial.arguments["any"][-1])) for name in trial.arguments["formats"]]
    own = str(trial.dtype).rpartition(".")[2]
    for name, shape in [*asked, *((own, shape) for shape in trial.arguments["any"])]:
        error = raised(partial(one_step, dataclasses.replace(trial, dtype=getattr(torch, name)), shape))
        takes = error.partition(":")[0] not in trial.arguments["refusals"]
        yield condition(f"a parameter of {name} and shape {shape}", takes, error or "taken", "a step")


def one_step(trial: Trial, shape: list[int]) -> None:
    """A step of one parameter of just this shape."""
    params = [torch.nn.Parameter(values(trial, tuple(shape), 0))]
    train(trial, build(trial, params), params, 0, 1)


def complex_numbers(trial: Trial) -> Iterator[Observation]:
    """A complex parameter beside one that holds its real and imaginary parts; an error says it is complex."""
    start = values(trial, PAIRS, 0)
    for is_complex in (False, True):
        whole = torch.nn.Parameter(torch.view_as_complex(start.clone()) if is_complex else start.clone())
        error = raised(partial(several_steps, trial, whole))
        if error:
            said = is_complex and ("complex" in error.lower() or "floating" in error.lower())
            yield condition("a complex parameter", said, error, "the two parts' result, or an error that says it")
            return
    one = stepper_on(trial, [torch.nn.Parameter(start.clone())])
    p = torch.nn.Parameter(torch.view_as_complex(start.clone()))
    other = Parts(build(trial, [p]), [torch.view_as_real(p.detach())], p)
    for seen in follow(trial, "complex", one, other, trial.arguments["steps"]):
        yield seen
        if seen.differing and seen.step is None:
            return  # it has other states, which cannot be set to those of the parts


def several_steps(trial: Trial, p: Any) -> None:
    """The steps that are compared later."""
    optimizer = build(trial, [p])
    for step in range(trial.arguments["steps"]):
        gradient = values(trial, PAIRS, 1000 * (step + 1))
        p.grad = trial.with_layout(torch.view_as_complex(gradient) if p.is_complex() else gradient)
        take_step(optimizer)


@dataclass
class Parts(Stepper):
    """An optimizer of one complex parameter, seen as the real and imaginary parts of its elements."""

    joined: Any

    def flat(self, keys: Iterable[str]) -> dict[str, torch.Tensor]:
        """The parts of the parameter and of its states, each as one row."""
        return {key: torch.view_as_real(row).reshape(-1) if row.is_complex() else row for key, row in self._rows(keys)}

    def _rows(self, keys: Iterable[str]) -> Iterable[tuple[str, torch.Tensor]]:
        return Stepper(self.optimizer, [self.joined]).flat(keys).items()

    def numbers(self, keys: Iterable[str]) -> dict[str, tuple[float, str]]:
        """The states that are one number."""
        return Stepper(self.optimizer, [self.joined]).numbers(keys)

    def load(self, rows: dict[str, torch.Tensor]) -> None:
        """Overwrite the parameter and its states with parts of the same order."""
        with torch.no_grad():
            for key, row in rows.items():
                value = self.joined if key == "parameter" else held(self.optimizer, self.joined, key)
                parts = torch.view_as_real(value) if value.is_complex() else value
                parts.copy_(row.reshape(parts.shape))

    def set_gradients(self, gradient: torch.Tensor, layout: Callable[[torch.Tensor], torch.Tensor]) -> None:
        """The parameter gets its gradient from the parts."""
        self.joined.grad = layout(torch.view_as_complex(gradient.reshape(PAIRS)))


def flattened(trial: Trial) -> Iterator[Observation]:
    """A tensor of more dimensions than a matrix steps as one matrix, or as several, that its elements make."""
    for shape in trial.arguments["shapes"]:
        start, gradient = values(trial, shape, 0), values(trial, shape, 1000)
        p = torch.nn.Parameter(start.clone())
        error = raised(partial(stepped_by, trial, [p], [gradient]))
        what = f"of shape {list(shape)}"
        if error:
            refused = error.partition(":")[0] in trial.arguments["refusals"]
            yield condition(what, refused, error, "a step, or an error that says that there is none")
            continue
        likest = min((as_matrices(trial, start, gradient, places) for places in matrices_of(start)), key=away_from(p))
        for n, (places, begun, turned, expected) in enumerate(likest):
            rows = {"parameter": begun.reshape(-1)}
            step = Start(0, rows, {}, turned.reshape(-1), list(begun.shape))
            got, wanted = p.detach().reshape(-1)[places.reshape(-1)], expected.detach().reshape(-1)
            yield same_step(f"{what}, matrix {n}", step, {"parameter": got}, {"parameter": wanted})


def stepped_by(trial: Trial, params: list[Any], gradients: list[torch.Tensor]) -> None:
    """One step of a new optimizer with these gradients."""
    optimizer = build(trial, params)
    for p, gradient in zip(params, gradients):
        p.grad = gradient.clone()
    take_step(optimizer)


def matrices_of(tensor: torch.Tensor) -> Iterator[list[torch.Tensor]]:
    """The places of a tensor's elements in matrices: rows of all that follows, columns, each pair of dimensions."""
    places = torch.arange(tensor.numel(), device=tensor.device).reshape(tensor.shape)
    yield [places.flatten(1)]
    yield [places.flatten(0, -2)]
    yield [*places.flatten(0, -3)]
    yield [*places.flatten(2).movedim(-1, 0)]


def as_matrices(
    trial: Trial, start: torch.Tensor, gradient: torch.Tensor, places: list[torch.Tensor]
) -> list[tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]]:
    """For each matrix the places of its elements, what it starts from, its gradient and what it is after a step."""
    begun, turned = ([x.reshape(-1)[each] for each in places] for x in (start, gradient))
    params = [torch.nn.Parameter(x.clone()) for x in begun]
    stepped_by(trial, params, turned)
    return [*zip(places, begun, turned, params)]


def away_from(p: torch.Tensor) -> Callable[[Any], float]:
    """How far a parameter is from what matrices of it became, at the element that is furthest."""
    row = p.detach().reshape(-1)
    return lambda found: max(float((row[places] - now.detach()).abs().max()) for places, *_, now in found)
