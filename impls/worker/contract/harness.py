"""What every experiment is made of: parameters, gradients, an optimizer, and observations of them.

Only torch and the standard library are used, so that a finding's script is this very source.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch

from ..state_path import held, state_of
from .calls import construct, take_step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence


@dataclass(frozen=True)
class Trial:
    """One optimizer, its settings by keyword, and the arguments of an experiment."""

    make: Any
    path: dict[str, Any]
    settings: dict[str, Any]
    dtype: torch.dtype
    device: str = "cpu"
    arguments: dict[str, Any] = field(default_factory=dict)
    sparse: bool = False

    def with_layout(self, gradient: torch.Tensor) -> torch.Tensor:
        """A copy of a gradient in the layout that the optimizer takes: dense, or sparse with every row."""
        return rows_of(gradient, range(len(gradient))) if self.sparse else gradient.clone()


@dataclass(frozen=True)
class Observation:
    """What an experiment saw: numbers that were compared, and the first two that differ.

    ``step`` holds, of every element that differs, what one step started from and led to.
    """

    what: str
    compared: int = 1
    differing: int = 0
    got: Any = None
    expected: Any = None
    place: int = 0
    step: dict[str, Any] | None = None


def values(trial: Trial, shape: Sequence[int], seed: int) -> torch.Tensor:
    """Numbers of both signs from 1/128 to 2 with 8 significant bits: exact in every format."""
    drawn: Any = {"generator": torch.Generator().manual_seed(seed), "dtype": torch.int16}
    magnitudes, signs = torch.randint(1, 257, tuple(shape), **drawn), torch.randint(0, 2, tuple(shape), **drawn)
    return magnitudes.mul_(signs.mul_(2).sub_(1)).to(trial.dtype).div_(128).to(trial.device)


def parameters(trial: Trial, shapes: Iterable[Sequence[int]], first: int = 0) -> list[Any]:
    """One parameter of each shape, always with the same values."""
    fitted = (fitting(trial, shape) for shape in shapes)
    return [torch.nn.Parameter(values(trial, shape, first + n)) for n, shape in enumerate(fitted)]


def fitting(trial: Trial, shape: Sequence[int]) -> tuple[int, ...]:
    """The shape with as many dimensions as the optimizer takes: a row more, or all in one."""
    least, most = trial.arguments.get("ranks", (0, len(shape)))
    if len(shape) > most:
        return (torch.Size(shape).numel(),) if least < 2 else (shape[0], torch.Size(shape[1:]).numel())
    return (*(1,) * (least - len(shape)), *shape)


def build(trial: Trial, params: Any, **more: Any) -> Any:
    """The optimizer is called as any program calls it: parameters first, then keywords."""
    return construct(trial.make, params, {**trial.path, **trial.settings, **tuples(more)})


def tuples(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings of several numbers are tuples, as people write them."""
    return {key: tuple(value) if isinstance(value, list) else value for key, value in settings.items()}


def settings_held(trial: Trial, optimizer: Any) -> list[str]:
    """The constructor's settings that every group holds under the same name."""
    groups = optimizer.param_groups
    return [keyword for keyword in trial.settings if all(keyword in group for group in groups)]


def same_setting(one: Any, other: Any) -> bool:
    """A tuple and a list of the same numbers are the same setting."""
    several = isinstance(one, (list, tuple)) and isinstance(other, (list, tuple))
    return bool(list(one) == list(other) if several else one == other)


def tensor_of(number: float) -> torch.Tensor:
    """A Tensor that holds the number exactly."""
    return torch.tensor(number, dtype=torch.float64)


def copies(params: Iterable[torch.Tensor]) -> list[Any]:
    """A parameter of its own with the values of each."""
    return [torch.nn.Parameter(p.detach().clone()) for p in params]


def members(optimizer: Any) -> list[Any]:
    """The parameters of an optimizer, group after group."""
    return [p for group in optimizer.param_groups for p in group["params"]]


def detached(params: Iterable[torch.Tensor]) -> dict[str, Any]:
    """Copies of parameters alone, by their number."""
    return {str(n): p.detach().clone() for n, p in enumerate(params)}


def set_gradients(trial: Trial, params: Iterable[torch.Tensor], step: int) -> None:
    """Every parameter gets the gradient of this step."""
    for n, p in enumerate(params):
        p.grad = trial.with_layout(values(trial, p.shape, 1000 * (step + 1) + n))


def rows_of(gradient: torch.Tensor, rows: Sequence[int]) -> torch.Tensor:
    """A sparse gradient with some rows of a dense one."""
    chosen = torch.tensor(list(rows), dtype=torch.int64, device=gradient.device)
    shape = gradient.shape
    return torch.sparse_coo_tensor(chosen.unsqueeze(0), gradient[chosen], shape, check_invariants=True)


def entries(gradient: torch.Tensor) -> torch.Tensor:
    """The memory of a gradient's numbers, to be read or overwritten."""
    return gradient._values() if gradient.is_sparse else gradient  # noqa: SLF001 - values() wants a sorted one


def train(trial: Trial, optimizer: Any, params: Sequence[torch.Tensor], first: int, last: int) -> None:
    """The steps from ``first`` up to ``last`` are made."""
    for step in range(first, last):
        set_gradients(trial, params, step)
        take_step(optimizer)


def reading(trial: Trial, optimizer: Any, params: Iterable[torch.Tensor]) -> dict[str, Any]:
    """Copies of all parameters and of what the rule names of their states, by number and key.

    What else an optimizer keeps, a serial number or a cache, is its own affair: its effects are compared.
    """
    read: dict[str, Any] = {}
    for n, p in enumerate(params):
        read[f"{n}.parameter"] = p.detach().clone()
        for key in trial.arguments["kept"]:
            value = held(optimizer, p, key)
            read[f"{n}.{key}"] = dense(value) if isinstance(value, torch.Tensor) else value
    return {key: value for key, value in read.items() if value is not None}


def tensors_of(optimizer: Any, p: torch.Tensor) -> dict[str, torch.Tensor]:
    """Every tensor in the state of a parameter, by its keys, however deep it lies; not what is the caller's."""
    return {name: x for name, x in leaves(state_of(optimizer, p)) if x is not p and x is not p.grad}


def leaves(value: Any, name: str = "") -> Iterator[tuple[str, torch.Tensor]]:
    """The tensors in a structure, each with the keys that lead to it."""
    if isinstance(value, torch.Tensor):
        yield name, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, f"{name}.{key}" if name else str(key))
    elif isinstance(value, (list, tuple)):
        for place, item in enumerate(value):
            yield from leaves(item, f"{name}.{place}")


def joint_reading(trial: Trial, optimizers: list[Any], params: list[Any]) -> dict[str, Any]:
    """The readings of optimizers of one parameter each, as if one optimizer had them all."""
    return {
        key.replace("0.", f"{n}.", 1): value
        for n, (optimizer, p) in enumerate(zip(optimizers, params))
        for key, value in reading(trial, optimizer, [p]).items()
    }


def dense(value: torch.Tensor) -> torch.Tensor:
    """A copy with every element in its place."""
    return value.detach().to_dense().clone() if value.is_sparse else value.detach().clone()


def differences(got: torch.Tensor, expected: torch.Tensor) -> torch.Tensor:
    """True where two tensors differ; a NaN equals a NaN, a zero of either sign the other, wherever they lie."""
    expected = expected.to(got.device)
    if got.is_complex():
        got, expected = torch.view_as_real(got), torch.view_as_real(expected)
    got, expected = got.reshape(-1), expected.reshape(-1)
    return ~((got == expected) | (got.isnan() & expected.isnan()))


def alike(one: torch.Tensor, other: torch.Tensor) -> bool:
    """Two tensors of one kind have the same numbers and no NaN, which is told in one pass."""
    return one.dtype == other.dtype and one.device == other.device and torch.equal(one, other)


def same(what: str, got: dict[str, Any], expected: dict[str, Any]) -> Iterator[Observation]:
    """Two readings are equal, number for number; each of their parts that is not is named."""
    equal = 0
    for key in dict.fromkeys((*got, *expected)):
        one, other = got.get(key), expected.get(key)
        if (one is None and is_single(other)) or (other is None and is_single(one)):
            continue  # a count that is kept once for several parameters: what it does is seen in them
        if isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor) and one.shape == other.shape:
            places = [] if alike(one, other) else torch.nonzero(differences(one, other)).flatten().tolist()
            equal += one.numel() - len(places)
            if places:
                place = places[0] // (2 if one.is_complex() else 1)
                numbers = [x.detach().reshape(-1)[place].item() for x in (one, other)]
                yield Observation(f"{what}: {key}", one.numel(), len(places), numbers[0], numbers[1], place)
        elif type(one) is not type(other) or isinstance(one, torch.Tensor) or one != other:
            yield condition(f"{what}: {key}", False, described(one), described(other))
        else:
            equal += 1
    yield Observation(what, equal)


def described(value: Any) -> Any:
    """A number stays a number; anything else becomes a few words."""
    if isinstance(value, torch.Tensor):
        return f"a tensor of {value.item() if is_number(value) else f'shape {list(value.shape)}'}"
    return value if isinstance(value, (int, float)) else "nothing" if value is None else repr(value)


def condition(what: str, holds: bool, got: Any, expected: Any) -> Observation:
    """A condition that must hold, with what was got and what was expected."""
    return Observation(what, 1, int(not holds), got, expected)


def raised(call: Callable[[], Any]) -> str:
    """The exception that a call raises, in one line, or nothing."""
    try:
        call()
    except BaseException as error:  # noqa: BLE001 - what is raised is what was asked
        return f"{type(error).__name__}: {error}".splitlines()[0][:300]
    return ""


def is_single(value: Any) -> bool:
    """Tell whether a state is one number, of Python's or in a Tensor without dimensions."""
    return isinstance(value, (int, float)) or (isinstance(value, torch.Tensor) and not value.dim())


def is_number(value: Any) -> bool:
    """Tell whether a state is a Tensor of one number."""
    return isinstance(value, torch.Tensor) and value.numel() == 1 and not value.is_complex()


def number_of(value: Any) -> tuple[float, str]:
    """A number and the dtype that keeps it."""
    dtype = str(value.dtype).rpartition(".")[2] if isinstance(value, torch.Tensor) else "float64"
    return float(value), dtype


@dataclass
class Stepper:
    """An optimizer and the parameters that it steps, seen as one flat row of elements."""

    optimizer: Any
    params: Sequence[Any]

    def flat(self, keys: Iterable[str]) -> dict[str, torch.Tensor]:
        """The parameters and the states ``keys``, each as one row."""
        rows = {"parameter": torch.cat([p.detach().reshape(-1) for p in self.params])}
        for key in keys:
            found = [held(self.optimizer, p, key) for p in self.params if p.numel()]
            if found and all(isinstance(value, torch.Tensor) for value in found):
                rows[key] = torch.cat([dense(value).reshape(-1) for value in found])
        return rows

    def numbers(self, keys: Iterable[str]) -> dict[str, tuple[float, str]]:
        """The states ``keys`` that are one number, with their dtype, of the first parameter that has any."""
        for p in (p for p in self.params if p.numel()):
            kept = {key: held(self.optimizer, p, key) for key in keys}
            found = {k: number_of(v) for k, v in kept.items() if isinstance(v, (int, float)) or is_number(v)}
            if found:
                return found
        return {}

    def load(self, rows: dict[str, torch.Tensor]) -> None:
        """Overwrite the parameters and states with rows of the same order."""
        start = 0
        with torch.no_grad():
            for p in (p for p in self.params if p.numel()):
                end = start + p.numel()
                p.copy_(rows["parameter"][start:end].reshape(p.shape))
                for key in rows.keys() - {"parameter"}:
                    row = rows[key] if len(self.params) == 1 else rows[key][start:end]
                    held(self.optimizer, p, key).copy_(row.reshape(held(self.optimizer, p, key).shape))
                start = end

    def set_gradients(self, gradient: torch.Tensor, layout: Callable[[torch.Tensor], torch.Tensor]) -> None:
        """Every parameter gets its part of a row as its gradient, laid out by ``layout``."""
        start = 0
        for p in self.params:
            part = gradient[start : start + p.numel()].reshape(p.shape)
            p.grad = layout(part)
            start += p.numel()


def stepper_on(trial: Trial, params: Sequence[Any], **more: Any) -> Stepper:
    """A new optimizer on parameters."""
    return Stepper(build(trial, params, **more), params)


@dataclass(frozen=True)
class Start:
    """What one step starts from: rows of the parameter and the states, numbers, and the gradient.

    ``shape`` is the tensor's, where its elements count for each other; ``stepper`` makes the step.
    """

    count: int
    rows: dict[str, torch.Tensor]
    numbers: dict[str, tuple[float, str]]
    gradient: torch.Tensor
    shape: list[int] | None = None
    stepper: Stepper | None = None
    keys: Sequence[str] = ()

    @property
    def kept(self) -> dict[str, str]:
        """The dtypes of the numbers that the step left."""
        return (
            {} if self.stepper is None else {key: dtype for key, (_, dtype) in self.stepper.numbers(self.keys).items()}
        )


def start_of(trial: Trial, stepper: Stepper, count: int, gradient: torch.Tensor) -> Start:
    """What the next step of a stepper starts from."""
    shape = list(stepper.params[0].shape) if trial.arguments["whole"] else None
    keys = trial.arguments["kept"]
    return Start(count, stepper.flat(trial.arguments["states"]), stepper.numbers(keys), gradient, shape, stepper, keys)


def follow(
    trial: Trial,
    what: str,
    one: Stepper,
    other: Stepper,
    steps: int,
    order: torch.Tensor | None = None,
    layout: Callable[[torch.Tensor], torch.Tensor] | None = None,
) -> Iterator[Observation]:
    """Both step from one state, again and again, with the same elements in another place or layout."""
    keys = trial.arguments["states"]
    for step in range(steps):
        gradient = values(trial, (sum(p.numel() for p in one.params),), 1000 * (step + 1))
        other.set_gradients(gradient if order is None else gradient[order], layout or trial.with_layout)
        if layout:
            gradient = torch.cat([p.grad.reshape(-1) for p in other.params])
        one.set_gradients(gradient, trial.with_layout)
        start = start_of(trial, other, step, gradient if order is None else gradient[order])
        take_step(one.optimizer)
        take_step(other.optimizer)
        expected = {key: row if order is None else row[order] for key, row in one.flat(keys).items()}
        yield same_step(f"{what}, step {step + 1}", start, other.flat(keys), expected)
        other.load(expected)


def same_step(what: str, start: Start, got: dict[str, torch.Tensor], expected: dict[str, torch.Tensor]) -> Observation:
    """Two results of one step are equal; where they differ, both must be legal results of it.

    What differs is shown by its elements alone, or by whole tensors where elements count for each other.
    """
    sizes = [{key: row.numel() for key, row in sorted(side.items())} for side in (got, expected)]
    if sizes[0] != sizes[1]:
        return condition(f"{what}: the states", False, *map(str, sizes))
    other = {key: row for key, row in got.items() if not alike(row, expected[key])}
    wrong = {key: differences(row, expected[key]) for key, row in other.items()}
    compared = sum(len(row) for row in got.values())
    unequal = [key for key, places in wrong.items() if places.any()]
    if not unequal:
        return Observation(what, compared)
    key, first = unequal[0], int(torch.nonzero(wrong[unequal[0]])[0])
    count, every = sum(int(places.sum()) for places in wrong.values()), start.shape is not None
    seen = got[key][first].item(), expected[key][first].item()
    differing = torch.ones_like(wrong[key]) if every else torch.stack([*wrong.values()]).any(0)
    step = described_step(start, differing, {"got": got, "expected": expected}, every=every)
    return Observation(f"{what}: {key}", compared, count, *seen, first, step)


def described_step(
    start: Start, chosen: torch.Tensor, results: dict[str, dict[str, torch.Tensor]], *, every: bool
) -> dict[str, Any]:
    """The chosen elements of a step, or every one, as the judge reads them."""
    parts = {"before": start.rows, "gradient": {"gradient": start.gradient.reshape(-1)}, **results}
    return {
        "count": start.count,
        "numbers": start.numbers,
        "kept": start.kept,
        "places": torch.nonzero(chosen).flatten().tolist(),
        "shape": start.shape,
        **{name: {k: r if every else r[chosen] for k, r in part.items()} for name, part in parts.items()},
    }
