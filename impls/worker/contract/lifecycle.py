"""A whole life: steps, changed settings, new groups, copies and checkpoints in any order."""

from __future__ import annotations

import dataclasses
from functools import partial
from typing import TYPE_CHECKING, Any

import torch

from ..state_path import groups_of
from .calls import clear_gradients, deep_copy, halve_rates, join_group, load_state, pickled_copy, saved_state, take_step
from .harness import (
    Observation,
    Start,
    Stepper,
    Trial,
    build,
    condition,
    copies,
    dense,
    described_step,
    parameters,
    raised,
    reading,
    rows_of,
    same,
    start_of,
    tuples,
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
    past: list[list[dict[str, Any]]]
    """The settings that each group has had, one after the other."""
    made: int = 0
    begun: set[tuple[int, int]] = dataclasses.field(default_factory=set)
    """The tensors, by group and place, that made a step."""
    over: bool = False
    """Whether a gradient was refused: some tensors may have made the step and others not."""

    def members(self) -> list[Any]:
        """All parameters, group after group."""
        return [p for group in self.groups for p in group]

    def place(self, n: int) -> tuple[int, int]:
        """The group of tensor ``n``, and its place there."""
        owners = [(g, i) for g, group in enumerate(self.groups) for i in range(len(group))]
        return owners[n]

    def count(self, acted: list[bool]) -> None:
        """Each tensor that acted made a step more; where a group counts for its tensors, every one."""
        counter = str(self.trial.arguments["counter"])
        together = counter.startswith(("group:", "optimizer:")) and "*" not in counter
        for n, did in enumerate(acted):
            group, place = self.place(n)
            self.counts[group][place] += did or together
            self.begun |= {(group, place)} if did else set()

    def late(self, n: int) -> bool:
        """Tell whether tensor ``n`` begins with the count of a group under way: another clause's matter."""
        group, place = self.place(n)
        return (group, place) not in self.begun and self.counts[group][place] > 0

    def adopt(self, optimizer: Any) -> None:
        """Another instance takes over, with the parameters that it holds."""
        self.optimizer = optimizer
        self.groups = [list(group["params"]) for group in optimizer.param_groups]


def interleaved(trial: Trial) -> Iterator[Observation]:
    """After every act parameters and states are what they were, or what one step makes of them."""
    params = parameters(trial, trial.arguments["shapes"])
    settings, optimizer = dict(trial.settings), build(trial, params)
    params = as_held(optimizer, params)
    life = Life(trial, optimizer, [params], [settings], [[0] * len(params)], [[dict(settings)]])
    for place, (act, *given) in enumerate(trial.arguments["acts"]):
        what = f"act {place + 1}, {act}"
        if act in {"step", "sparse step"}:
            life.made += 1
            yield from stepped(life, what, *given)
            if life.over:
                return
            continue
        before = reading(life.trial, life.optimizer, life.members())
        known = len(before)
        ACTS[act](life, *given)
        after = reading(life.trial, life.optimizer, life.members())
        yield from same(what, dict(list(after.items())[:known]) if act == "add group" else after, before)


def as_held(optimizer: Any, params: list[Any]) -> list[Any]:
    """Parameters in the order in which the last group holds them, if it holds just these."""
    held = [*groups_of(optimizer)[-1]["params"]] if groups_of(optimizer) else []
    return held if {id(p) for p in held} == {id(p) for p in params} else params


def stepped(life: Life, what: str, absent: list[int], rows: list[int] | None = None) -> Iterator[Observation]:
    """One step in which the tensors numbered in ``absent`` get no gradient, and others some rows of one."""
    members, keys = life.members(), life.trial.arguments["states"]
    for n, p in enumerate(members):
        gradient = values(life.trial, p.shape, 1000 * life.made + n)
        p.grad = None if n in absent else given(life.trial, gradient, rows)
    kept = [p for p in members if p.grad is None]
    untouched = reading(life.trial, life.optimizer, kept)
    starts = [begun(life, n, p) for n, p in enumerate(members)]
    for settings, had in zip(life.settings, life.past):
        if had[-1] != settings:
            had.append(dict(settings))
    acting = [None if p.grad is None else touched(life.trial, p.grad) for p in members]
    refusal = ""
    if rows is None:
        take_step(life.optimizer)
    else:
        refusal = raised(partial(take_step, life.optimizer))
    if refusal:
        said = "sparse" in refusal.lower()
        yield condition(what, said, refusal, "a step, or an error that says sparse")
        life.over = True
        return
    yield from same(f"{what}: without a gradient", reading(life.trial, life.optimizer, kept), untouched)
    for n, (p, start, chosen) in enumerate(zip(members, starts, acting)):
        if start is not None and chosen is not None and not life.late(n):
            got = Stepper(life.optimizer, [p]).flat(keys)
            had = life.past[life.place(n)[0]]
            yield from moved(f"{what}: tensor {n}", had, start, got, chosen)
    life.count([chosen is not None for chosen in acting])


def begun(life: Life, n: int, p: torch.Tensor) -> Start | None:
    """What a step of tensor ``n`` starts from, if it has a gradient."""
    if p.grad is None:
        return None
    group, place = life.place(n)
    gradient = dense(p.grad).reshape(-1)
    return start_of(life.trial, Stepper(life.optimizer, [p]), life.counts[group][place], gradient)


def moved(
    what: str, had: list[dict[str, Any]], start: Start, got: dict[str, torch.Tensor], chosen: torch.Tensor
) -> Iterator[Observation]:
    """Chosen elements are what one step may make of them, which the formula says; others are untouched.

    ``had`` are the settings of their group, the last of them in force.
    """
    every = bool(chosen.all())
    if not every:
        rest = ({k: row[~chosen] for k, row in rows.items() if k in start.rows} for rows in (got, start.rows))
        yield from same(f"{what}, other rows", *rest)
    if chosen.any():
        step = described_step(start, chosen, {"got": got}, every=every)
        count = int(chosen.sum())
        yield Observation(what, count * len(got), count, step={**step, "settings": had[-1], "past": had[:-1]})


def given(trial: Trial, gradient: torch.Tensor, rows: list[int] | None) -> torch.Tensor:
    """The gradient as the optimizer takes it, or with ``rows`` a sparse one of these alone."""
    if rows is None or not gradient.dim():
        return trial.with_layout(gradient)
    return rows_of(gradient, sorted({row % len(gradient) for row in rows}))


def touched(trial: Trial, gradient: torch.Tensor) -> torch.Tensor:
    """True where a step must act: everywhere, but where only rows with a gradient count."""
    chosen = torch.ones(gradient.shape, dtype=torch.bool, device=gradient.device)
    if trial.sparse:
        chosen.zero_()[gradient.coalesce().indices()[0]] = True
    return chosen.reshape(-1)


def change(life: Life, group: int, keyword: str, value: Any) -> None:
    """A setting of one group is assigned."""
    value = tuple(value) if isinstance(value, list) else value
    life.settings[group][keyword] = life.optimizer.param_groups[group][keyword] = value


def schedule(life: Life) -> None:
    """A scheduler halves every learning rate."""
    halve_rates(life.optimizer)
    for settings in life.settings:
        settings["lr"] *= 0.5


def add_group(life: Life, shape: list[int], settings: dict[str, Any]) -> None:
    """A group with a parameter of its own joins."""
    settings = tuples(settings)
    params = parameters(life.trial, [shape], first=100 + len(life.groups))
    join_group(life.trial, life.optimizer, {"params": list(params), **settings})
    life.groups.append(as_held(life.optimizer, params))
    life.settings.append({**life.trial.settings, **settings})
    life.past.append([dict(life.settings[-1])])
    counter = str(life.trial.arguments["counter"])
    life.counts.append([life.made if counter.startswith("optimizer:") and "*" not in counter else 0])


def load(life: Life, path: dict[str, Any] | None = None) -> None:
    """The state is saved, and loaded into an instance that is made as the first was, on copies of the parameters."""
    saved = deep_copy(saved_state(life.optimizer))
    if path is not None:
        life.trial = dataclasses.replace(life.trial, path=path)
        for group in saved["param_groups"]:
            group.update({key: value for key, value in path.items() if key in group})
    usual = life.trial.settings
    own = [{key: value for key, value in had[0].items() if value != usual.get(key)} for had in life.past]
    groups = [{"params": copies(params), **settings} for params, settings in zip(life.groups, own)]
    optimizer = build(life.trial, groups)
    load_state(optimizer, saved)
    life.adopt(optimizer)


def deepcopied(life: Life) -> None:
    """A deep copy takes over."""
    life.adopt(deep_copy(life.optimizer))


def pickled(life: Life) -> None:
    """A pickled copy takes over."""
    life.adopt(pickled_copy(life.optimizer))


def zeroed(life: Life) -> None:
    """All gradients are removed."""
    clear_gradients(life.optimizer)


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
