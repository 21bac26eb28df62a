"""A whole life: steps, changed settings, new groups, copies and checkpoints in any order."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import warnings
from typing import TYPE_CHECKING, Any

import torch

from .trial import (
    Observation,
    Player,
    Trial,
    build,
    dense,
    fact,
    parameters,
    raised,
    reading,
    rows_of,
    same,
    values,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclasses.dataclass
class Life:
    """An optimizer under way, and what its user knows: parameters, counts, settings and path."""

    trial: Trial
    optimizer: Any
    groups: list[list[Any]]
    settings: list[dict[str, Any]]
    counts: list[list[int]]
    made: int = 0
    over: bool = False
    """Whether a gradient was refused: some tensors may have made the step and others not."""

    def members(self) -> list[Any]:
        """All parameters, group after group."""
        return [p for group in self.groups for p in group]

    def adopt(self, optimizer: Any) -> None:
        """Another instance takes over, with the parameters that it holds."""
        self.optimizer = optimizer
        self.groups = [list(group["params"]) for group in optimizer.param_groups]


def interleaved(trial: Trial) -> Iterator[Observation]:
    """After every act parameters and states are what they were, or what one step makes of them."""
    params = parameters(trial, trial.arguments["shapes"])
    life = Life(trial, build(trial, params), [params], [dict(trial.settings)], [[0] * len(params)])
    for place, (act, *given) in enumerate(trial.arguments["acts"]):
        what = f"act {place + 1}, {act}"
        if act in {"step", "sparse step"}:
            life.made += 1
            yield from stepped(life, what, *given)
            if life.over:
                return
            continue
        before = reading(life.optimizer, life.members())
        known = len(before)
        ACTS[act](life, *given)
        after = reading(life.optimizer, life.members())
        yield from same(what, dict(list(after.items())[:known]) if act == "add group" else after, before)


def stepped(
    life: Life, what: str, absent: list[int], rows: list[int] | None = None
) -> Iterator[Observation]:
    """One step in which the tensors numbered in ``absent`` get no gradient, and others some rows of one."""
    members, keys = life.members(), life.trial.arguments["states"]
    for n, p in enumerate(members):
        gradient = values(life.trial, p.shape, 1000 * life.made + n)
        p.grad = None if n in absent else given(life.trial, gradient, rows)
    kept = [p for p in members if p.grad is None]
    untouched = reading(life.optimizer, kept)
    players = [Player(life.optimizer, [p]) for p in members]
    before = [(player.flat(keys), player.numbers()) for player in players]
    gradients = [None if p.grad is None else dense(p.grad).reshape(-1) for p in members]
    acting = [None if p.grad is None else touched(life.trial, p.grad) for p in members]
    refusal = raised(life.optimizer.step) if rows is not None else life.optimizer.step()
    if refusal:
        said = "sparse" in refusal.lower()
        yield fact(what, said, refusal, "a step, or an error that says sparse")
        life.over = True
        return
    yield from same(f"{what}: without a gradient", reading(life.optimizer, kept), untouched)
    owners = [(g, i) for g, group in enumerate(life.groups) for i in range(len(group))]
    for n, (p, (group, place)) in enumerate(zip(members, owners)):
        gradient, moved = gradients[n], acting[n]
        if gradient is not None and moved is not None:
            count, settings = life.counts[group][place], life.settings[group]
            (start, numbers), got = before[n], players[n].flat(keys)
            left = {k: row[~moved] for k, row in got.items() if k in start}
            yield from same(f"{what}: tensor {n}, other rows", left, {k: row[~moved] for k, row in start.items()})
            start, got = ({k: row[moved] for k, row in rows.items()} for rows in (start, got))
            if moved.any():
                yield within(f"{what}: tensor {n}", settings, count, start, numbers, gradient[moved], got)
            life.counts[group][place] += 1


def given(trial: Trial, gradient: torch.Tensor, rows: list[int] | None) -> torch.Tensor:
    """The gradient as the optimizer takes it, or with ``rows`` a sparse one of these alone."""
    if rows is None or not gradient.dim():
        return trial.lay(gradient)
    return rows_of(gradient, sorted({row % len(gradient) for row in rows}))


def touched(trial: Trial, gradient: torch.Tensor) -> torch.Tensor:
    """True where a step must act: everywhere, but where only rows with a gradient count."""
    chosen = torch.ones(gradient.shape, dtype=torch.bool)
    if trial.sparse:
        chosen.zero_()[gradient.coalesce().indices()[0]] = True
    return chosen.reshape(-1)


def within(
    what: str,
    settings: dict[str, Any],
    count: int,
    before: dict[str, torch.Tensor],
    numbers: dict[str, tuple[float, str]],
    gradient: torch.Tensor,
    got: dict[str, torch.Tensor],
) -> Observation:
    """Every element is what one step may make of it; the formula says what that is."""
    step = {
        "settings": dict(settings),
        "count": count,
        "numbers": numbers,
        "places": list(range(gradient.numel())),
        "gradient": gradient.reshape(-1),
        "before": before,
        "got": got,
    }
    return Observation(what, gradient.numel() * len(got), gradient.numel(), step=step)


def change(life: Life, group: int, keyword: str, value: Any) -> None:
    """A setting of one group is assigned."""
    value = tuple(value) if isinstance(value, list) else value
    life.settings[group][keyword] = life.optimizer.param_groups[group][keyword] = value


def schedule(life: Life) -> None:
    """A scheduler halves every learning rate."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for group in life.optimizer.param_groups:
            group["initial_lr"] = group["lr"]
        torch.optim.lr_scheduler.MultiplicativeLR(life.optimizer, lambda _: 0.5).step()
    for settings in life.settings:
        settings["lr"] *= 0.5


def add_group(life: Life, shape: list[int], settings: dict[str, Any]) -> None:
    """A group with a parameter of its own joins."""
    settings = {k: tuple(v) if isinstance(v, list) else v for k, v in settings.items()}
    params = parameters(life.trial, [shape], first=100 + len(life.groups))
    life.optimizer.add_param_group({"params": list(params), **settings})
    life.groups.append(params)
    life.settings.append({**life.trial.settings, **settings})
    life.counts.append([0])


def load(life: Life, path: dict[str, Any] | None = None) -> None:
    """The state is saved, and loaded into a fresh instance on copies of the parameters."""
    saved = copy.deepcopy(life.optimizer.state_dict())
    if path is not None:
        life.trial = dataclasses.replace(life.trial, path=path)
        for group in saved["param_groups"]:
            group.update({key: value for key, value in path.items() if key in group})
    copies = [[torch.nn.Parameter(p.detach().clone()) for p in group] for group in life.groups]
    optimizer = build(life.trial, [{"params": params} for params in copies])
    optimizer.load_state_dict(saved)
    life.adopt(optimizer)


def deepcopied(life: Life) -> None:
    """A deep copy takes over."""
    life.adopt(copy.deepcopy(life.optimizer))


def pickled(life: Life) -> None:
    """A pickled copy takes over."""
    life.adopt(pickle.loads(pickle.dumps(life.optimizer)))  # noqa: S301 - our own bytes


def zeroed(life: Life) -> None:
    """All gradients are removed."""
    life.optimizer.zero_grad()


ACTS: dict[str, Any] = {
    "change": change,
    "schedule": schedule,
    "add group": add_group,
    "save and load": load,
    "other path": load,
    "deepcopy": deepcopied,
    "pickle": pickled,
    "zero_grad": zeroed,
}
