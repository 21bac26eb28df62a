"""Searches: optimizers that call the function themselves, several times a step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from .calls import construct, deep_copy, load_state, saved_state, take_step, through_file
from .harness import Observation, Trial, condition, raised

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def quadratic(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Half the sum of k*x_k^2, and its gradient."""
    gradient = torch.arange(1, x.numel() + 1, dtype=x.dtype, device=x.device) * x
    return (x * gradient).sum() * 0.5, gradient


def rosenbrock(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Rosenbrock's function of two variables, and its gradient."""
    across, along = x[1] - x[0] * x[0], 1.0 - x[0]
    loss = across * across * 100.0 + along * along
    return loss, torch.stack([x[0] * across * -400.0 - along * 2.0, across * 200.0])


def barrier(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The sum of x - log(x), which is NaN below zero."""
    return (x - x.log()).sum(), 1.0 - 1.0 / x


def steep(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The sum of exp(x^2), which overflows."""
    loss = (x * x).exp()
    return loss.sum(), 2.0 * x * loss


def skewed(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Half the sum of squares, of numbers below zero (1 - 2^-13)/4 of that: from 1 to -2 it hardly falls."""
    gradient = torch.where(x < 0, (1 - 2**-13) / 4, 1.0) * x
    return (x * gradient).sum() * 0.5, gradient


PROBLEMS = {function.__name__: function for function in (quadratic, rosenbrock, barrier, steep, skewed)}


class Minimised:
    """An optimizer, its parameters, and what every call of its closure saw."""

    def __init__(self, trial: Trial, pieces: Sequence[int] = (), **more: Any) -> None:
        arguments = trial.arguments
        self.evaluate = PROBLEMS[arguments["problem"]]
        start = torch.tensor(arguments["start"], dtype=trial.dtype, device=trial.device)
        parts = torch.split(start, list(pieces)) if pieces else [start]
        self.params = [torch.nn.Parameter(part.clone()) for part in parts]
        settings = {**trial.path, **trial.settings, **arguments.get("settings", {}), **more}
        self.optimizer = construct(trial.make, self.params, settings)
        self.visited: list[list[float]] = []
        self.gradients: list[list[float]] = []
        self.losses: list[float] = []
        self.calls: list[int] = []

    def point(self) -> list[float]:
        """The point where the parameters stand."""
        return [number for p in self.params for number in p.detach().reshape(-1).tolist()]

    def closure(self) -> torch.Tensor:
        """The loss, with the gradient in its place."""
        with torch.no_grad():
            x = torch.cat([p.detach().reshape(-1) for p in self.params])
            loss, gradient = self.evaluate(x)
            for p, part in zip(self.params, torch.split(gradient, [p.numel() for p in self.params])):
                p.grad = part.reshape(p.shape)
        self.visited.append(self.point())
        self.gradients.append(gradient.tolist())
        self.losses.append(float(loss))
        return loss

    def step(self, count: int = 1) -> Minimised:
        """So many steps are made."""
        for _ in range(count):
            before = len(self.visited)
            take_step(self.optimizer, self.closure)
            self.calls.append(len(self.visited) - before)
        return self


def descends(trial: Trial) -> Iterator[Observation]:
    """With a line search no step ends higher than it began."""
    run = Minimised(trial)
    for step in range(trial.arguments["steps"]):
        before = run.closure().item()
        run.step()
        after = run.closure().item()
        yield condition(f"the loss after step {step + 1}", after <= before, after, f"at most {before!r}")


def moves(trial: Trial) -> Iterator[Observation]:
    """With a line search a step from a point that is not stationary moves."""
    run = Minimised(trial)
    for step in range(2):
        before = run.point()
        run.step()
        at_rest = max(abs(number) for number in run.gradients[-1]) <= 1e-6
        yield condition(f"step {step + 1} from {before}", at_rest or run.point() != before, "it stays", "it moves")


def evaluations(trial: Trial) -> Iterator[Observation]:
    """A step calls the closure no more often than ``max_eval`` says."""
    run = Minimised(trial).step(trial.arguments["steps"])
    most = run.optimizer.param_groups[0]["max_eval"]
    for step, calls in enumerate(run.calls, start=1):
        yield condition(f"calls of the closure in step {step}", calls <= most, calls, f"at most {most}")


def visits(what: str, one: list[list[float]], other: list[list[float]]) -> Iterator[Observation]:
    """Two runs visit the same points."""
    for place, (got, expected) in enumerate(zip(one, other), start=1):
        yield condition(f"{what}: the point of call {place}", str(got) == str(expected), got, expected)


def one_by_one(trial: Trial) -> Iterator[Observation]:
    """Iterations of one step visit the points of steps of one iteration."""
    together, apart = Minimised(trial, max_iter=trial.arguments["steps"]), Minimised(trial, max_iter=1)
    together.step()
    apart.step(trial.arguments["steps"])
    yield from visits("iterations of one step beside single ones", together.visited, fresh(apart))


def fresh(run: Minimised) -> list[list[float]]:
    """The points of a run without those that a step visits again as its first."""
    place = 0
    kept: list[list[float]] = []
    for calls in run.calls:
        known = run.visited[place] in kept
        kept += run.visited[place + known : place + calls]
        place += calls
    return kept


def pieces(trial: Trial) -> Iterator[Observation]:
    """A parameter in pieces is minimised as in one."""
    whole = Minimised(trial).step(trial.arguments["steps"])
    parts = Minimised(trial, trial.arguments["pieces"]).step(trial.arguments["steps"])
    yield from visits("in pieces", parts.visited, whole.visited)


def gradient_layout(trial: Trial) -> Iterator[Observation]:
    """A gradient whose memory is laid out otherwise does the same."""
    read = []
    for turned in (True, False):
        p = torch.nn.Parameter(torch.arange(1.0, 7.0, dtype=trial.dtype, device=trial.device).reshape(2, 3))
        optimizer = construct(trial.make, [p], {**trial.path, **trial.settings, **trial.arguments["settings"]})

        def closure(p: Any = p, turned: bool = turned) -> torch.Tensor:
            p.grad = p.detach().t().contiguous().t() if turned else p.detach().clone()
            loss: torch.Tensor = (p.detach() ** 2).sum() * 0.5
            return loss

        take_step(optimizer, closure)
        read.append(p.detach().reshape(-1).tolist())
    yield condition("with a transposed gradient", read[0] == read[1], read[0], read[1])


def resumed(trial: Trial) -> Iterator[Observation]:
    """Saved after a step and loaded into a fresh optimizer, the search goes on as it did."""
    through = trial.arguments["through"]
    source = Minimised(trial).step(2)
    other = Minimised(trial)
    for p, q in zip(other.params, source.params):
        p.data.copy_(q.data)
    saved = saved_state(source.optimizer)
    if through == "torch.save":
        saved = through_file(saved)
    load_state(other.optimizer, deep_copy(saved) if through == "deepcopy" else saved)
    other.visited, source.visited = [], []
    other.step(2)
    source.step(2)
    yield from visits(f"loaded through {through}", other.visited, source.visited)


def refused(trial: Trial) -> Iterator[Observation]:
    """A value without meaning is refused when the optimizer is made."""
    for key, value in trial.arguments["values"]:
        p = torch.nn.Parameter(torch.ones(2, dtype=trial.dtype, device=trial.device))

        def made(p: Any = p, key: str = key, value: Any = value) -> Any:
            return construct(trial.make, [p], {**trial.path, **trial.settings, key: value})

        said = raised(made)
        what = f"{key}={value!r} at construction"
        yield condition(what, said.startswith("ValueError"), said or "it is accepted", "a ValueError")


def closure_called(trial: Trial) -> Iterator[Observation]:
    """The closure runs with gradients enabled, and the first loss of a step is returned."""
    run = Minimised(trial)
    enabled: list[bool] = []

    def closure() -> torch.Tensor:
        enabled.append(torch.is_grad_enabled())
        return run.closure()

    with torch.no_grad():
        returned = take_step(run.optimizer, closure)
    yield condition("gradients are enabled in the closure", all(enabled), str(enabled), "enabled in every call")
    yield condition("what a step returns", float(returned) == run.losses[0], float(returned), run.losses[0])


def recorded(trial: Trial, count: int, **more: Any) -> dict[str, Any]:
    """All that is read of so many steps: calls, points, losses, gradients, and states after each step."""
    run = Minimised(trial, **more)
    states, points = [], []
    for _ in range(count):
        run.step()
        points.append(run.point())
        states.append({key: plain(value) for key, value in run.optimizer.state[run.params[0]].items()})
    return {
        "calls": run.calls,
        "visited": run.visited,
        "losses": run.losses,
        "gradients": run.gradients,
        "points": points,
        "states": states,
    }


def plain(value: Any) -> Any:
    """A tensor is a list of its numbers, which floats hold exactly."""
    if isinstance(value, torch.Tensor):
        return value.tolist()
    return [plain(item) for item in value] if isinstance(value, list) else value


def course(trial: Trial) -> Iterator[Observation]:
    """A number of a run lies where every legal evaluation leads."""
    *path, low, high = trial.arguments["legal"]
    steps = trial.arguments["steps"]
    if path[0] == "states":
        found: Any = recorded(trial, steps * trial.arguments["iterations"], max_iter=1)
    else:
        found = recorded(trial, steps)
    for key in path:
        found = found[key]
    yield condition(" ".join(str(key) for key in path), low <= found <= high, found, f"from {low!r} to {high!r}")
