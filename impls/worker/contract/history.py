"""History: an optimizer with a past goes on as one without it would from the same state."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import torch

from .calls import add_hook, deep_copy, load_state, resume, saved_state, take_step
from .harness import (
    Observation,
    Trial,
    build,
    condition,
    copies,
    described,
    detached,
    parameters,
    raised,
    reading,
    same,
    same_setting,
    set_gradients,
    settings_held,
    train,
    tuples,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SHAPES = ((17,), (3, 4))
LATER = 10
"""The number of a step whose gradients no earlier step had."""


class CallersError(RuntimeError):
    """What a caller's own code raises in the middle of a step."""


def begun(trial: Trial, made: int, first: int = 0) -> tuple[Any, list[Any]]:
    """An optimizer of two groups after ``made`` steps, the second group with other settings."""
    params = parameters(trial, SHAPES)
    other = tuples(trial.arguments["other"])
    optimizer = build(trial, [{"params": params[:1]}, {"params": params[1:], **other}])
    train(trial, optimizer, params, first, first + made)
    return optimizer, params


def overwritten(params: Sequence[torch.Tensor], by: Sequence[torch.Tensor]) -> None:
    """Parameters get the values of others, as a model does that loads its own checkpoint."""
    with torch.no_grad():
        for p, value in zip(params, by):
            p.copy_(value)


def twin_of(trial: Trial, optimizer: Any, params: Sequence[torch.Tensor]) -> tuple[Any, list[Any]]:
    """A fresh optimizer that loaded the state of another, on copies of its parameters."""
    twins = copies(params)
    other = build(trial, [{"params": twins[:1]}, {"params": twins[1:]}])
    resume(other, optimizer)
    return other, twins


def equal_for_two_steps(
    trial: Trial, what: str, one: tuple[Any, list[Any]], other: tuple[Any, list[Any]], first: int
) -> Iterator[Observation]:
    """Two optimizers and their parameters are equal now, and after two more steps."""
    yield from same(what, reading(trial, *one), reading(trial, *other))
    for optimizer, params in (one, other):
        train(trial, optimizer, params, first, first + 2)
    yield from same(f"{what}, and two steps later", reading(trial, *one), reading(trial, *other))


def loaded_over(trial: Trial) -> Iterator[Observation]:
    """What is loaded into an optimizer that has stepped takes the place of everything it had."""
    for made in trial.arguments["made"]:
        source, params = begun(trial, made)
        stepped, own = begun(trial, 2, first=LATER)
        for group in stepped.param_groups:
            group.update(tuples(trial.arguments["other"]))
        overwritten(own, params)
        resume(stepped, source)
        what = f"a checkpoint of {made} steps loaded after two others"
        yield from equal_for_two_steps(trial, what, (stepped, own), twin_of(trial, source, params), made)


def loaded_again(trial: Trial) -> Iterator[Observation]:
    """Of two checkpoints loaded one after the other, the second counts."""
    for made in trial.arguments["made"]:
        source, params = begun(trial, made)
        earlier, _ = begun(trial, made + 2, first=LATER)
        other, twins = twin_of(trial, earlier, params)
        resume(other, source)
        what = f"a checkpoint of {made} steps loaded after another"
        yield from equal_for_two_steps(trial, what, (other, twins), twin_of(trial, source, params), made)


def went_back(trial: Trial) -> Iterator[Observation]:
    """A checkpoint of its own past brings an optimizer back to it."""
    made = trial.arguments["made"]
    optimizer, params = begun(trial, made)
    saved, then = deep_copy(saved_state(optimizer)), detached(params)
    twin = twin_of(trial, optimizer, params)
    train(trial, optimizer, params, LATER, LATER + 3)
    overwritten(params, list(then.values()))
    load_state(optimizer, saved)
    yield from equal_for_two_steps(trial, f"back at step {made}", (optimizer, params), twin, made)


def data_replaced(trial: Trial) -> Iterator[Observation]:
    """A parameter whose data lies elsewhere now steps there, as one that always lay there."""
    optimizer, params = begun(trial, 2)
    twin = begun(trial, 2)
    left = [p.data for p in params]
    for p in params:
        p.data = p.data.clone()
    kept = [old.clone() for old in left]
    yield from equal_for_two_steps(trial, "with data of its parameters replaced", (optimizer, params), twin, 2)
    yield from same("the memory that they left", detached(left), detached(kept))


def interrupted_by(trial: Trial, what: str, *, hook: bool) -> Iterator[Observation]:
    """A step that a caller's code ends before it begins has not been made."""

    def interrupts(*_: Any) -> Any:
        raise CallersError("the caller's own code ends this step")

    optimizer, params = begun(trial, 2)
    twin = begun(trial, 2)
    set_gradients(trial, params, LATER)
    if hook:
        handle = add_hook(optimizer, "step_pre", interrupts)
        said = raised(partial(take_step, optimizer))
        handle.remove()
    else:
        said = raised(partial(take_step, optimizer, interrupts))
    name = CallersError.__name__
    yield condition(f"{what}: what the caller sees", said.startswith(name), said or "nothing", name)
    enabled = torch.is_grad_enabled()
    yield condition(f"{what}: gradients are enabled afterwards", enabled, enabled, True)
    torch.set_grad_enabled(True)
    yield from equal_for_two_steps(trial, what, (optimizer, params), twin, 2)


class Unusable(torch.Tensor):
    """A gradient with which every operation fails."""

    @classmethod
    def __torch_function__(cls, *_: Any, **__: Any) -> Any:
        """Raise where it is used."""
        raise CallersError("this gradient cannot be used")


def step_raises(trial: Trial) -> Iterator[Observation]:
    """A step that fails at its last gradient leaves an optimizer that its own checkpoint brings back."""
    optimizer, params = begun(trial, 2)
    saved, then = deep_copy(saved_state(optimizer)), detached(params)
    twin = twin_of(trial, optimizer, params)
    set_gradients(trial, params, LATER)
    params[-1].grad = trial.with_layout(params[-1].grad).as_subclass(Unusable)
    said = raised(partial(take_step, optimizer))
    params[-1].grad = None
    enabled = torch.is_grad_enabled()
    yield condition(f"gradients are enabled after {said or 'the step'}", enabled, enabled, True)
    torch.set_grad_enabled(True)
    overwritten(params, list(then.values()))
    load_state(optimizer, saved)
    yield from equal_for_two_steps(trial, "brought back after a step that failed", (optimizer, params), twin, 2)


def closure_raises(trial: Trial) -> Iterator[Observation]:
    """A closure that raises ends its step, and costs nothing else."""
    yield from interrupted_by(trial, "a closure that raises", hook=False)


def hook_raises(trial: Trial) -> Iterator[Observation]:
    """A hook before a step that raises ends it, and costs nothing else."""
    yield from interrupted_by(trial, "a hook that raises", hook=True)


def misfit_refused(trial: Trial) -> Iterator[Observation]:
    """A checkpoint of other groups is refused, and leaves the optimizer as it was."""
    optimizer, params = begun(trial, 2)
    twin = begun(trial, 2)
    more = parameters(trial, [*SHAPES, (2,)], first=40)
    for what, groups in (
        ("a checkpoint of one group", [{"params": more[:2]}]),
        ("a checkpoint of three groups", [{"params": [p]} for p in more]),
        ("a checkpoint of larger groups", [{"params": more[:2]}, {"params": more[2:]}]),
    ):
        source = build(trial, groups, **tuples(trial.arguments["other"]))
        train(trial, source, more[: sum(len(group["params"]) for group in groups)], 0, 1)
        said = raised(partial(load_state, optimizer, deep_copy(saved_state(source))))
        yield condition(what, bool(said), said or "accepted", "refused")
    yield from equal_for_two_steps(trial, "after checkpoints that do not fit", (optimizer, params), twin, 2)


def others_settings(trial: Trial) -> Iterator[Observation]:
    """What others keep in the groups, as schedulers do, is saved and loaded with them."""
    optimizer, params = begun(trial, 1)
    kept = {"initial_lr": 0.25, "note": "written by somebody else"}
    for group in optimizer.param_groups:
        group.update(kept)
    other, _ = twin_of(trial, optimizer, params)
    for n, group in enumerate(other.param_groups):
        for key, value in kept.items():
            got = group.get(key)
            yield condition(f"{key!r} of group {n} after loading", got == value, described(got), value)


def resumed(trial: Trial, source: Any, params: Sequence[torch.Tensor], *, empty: int) -> tuple[Any, list[Any]]:
    """An optimizer of copies of one group's parameters, between empty groups, that loaded the state of another."""
    twins = copies(params)
    idle: list[dict[str, Any]] = [{"params": []} for _ in range(empty)]
    other = build(trial, [*idle, {"params": twins}, *idle])
    resume(other, source)
    return other, twins


def empty_group(trial: Trial) -> Iterator[Observation]:
    """Groups without parameters are saved and loaded beside the others."""
    params = parameters(trial, SHAPES)
    other = tuples(trial.arguments["other"])
    optimizer = build(trial, [{"params": []}, {"params": params, **other}, {"params": [], **other}])
    counter = str(trial.arguments["counter"])
    counted = [counter.partition(":")[2]] if counter.startswith("group:") and "/" not in counter else []
    train(trial, optimizer, params, 0, 2)
    loaded, twins = resumed(trial, optimizer, params, empty=1)
    for n, (group, now) in enumerate(zip(optimizer.param_groups, loaded.param_groups)):
        for key in [*settings_held(trial, optimizer), *counted]:
            got, expected = now.get(key), group.get(key)
            what = f"{key!r} of group {n} after loading"
            yield condition(what, same_setting(got, expected), described(got), described(expected))
    alone = parameters(trial, SHAPES)
    full = build(trial, [{"params": alone, **other}])
    train(trial, full, alone, 0, 2)
    beside = reading(trial, *resumed(trial, full, alone, empty=0))
    yield from same("beside loaded empty groups", reading(trial, loaded, twins), beside)


def empty_counts(trial: Trial) -> Iterator[Observation]:
    """A count that a group keeps goes on where it has no parameters: another process may have some there."""
    params = parameters(trial, SHAPES)
    optimizer = build(trial, [{"params": []}, {"params": params}, {"params": []}])
    train(trial, optimizer, params, 0, 2)
    key = str(trial.arguments["counter"]).partition(":")[2]
    first, busy, last = (group.get(key) for group in optimizer.param_groups)
    for n, idle in ((0, first), (2, last)):
        what = f"{key!r} of group {n}, without parameters, after two steps"
        yield condition(what, same_setting(idle, busy), described(idle), described(busy))


def empty_beside(trial: Trial) -> Iterator[Observation]:
    """Tensors without elements, first, in the middle or last in a group, change nothing for the others."""
    for what, shapes in (
        ("an empty tensor first", [(0,), (17,), (3, 4)]),
        ("an empty tensor in the middle", [(17,), (0, 3), (3, 4)]),
        ("an empty tensor last", [(17,), (3, 4), (0,)]),
        ("two empty tensors last", [(17,), (3, 4), (0,), (2, 0)]),
    ):
        params = parameters(trial, shapes)
        full = [p for p in params if p.numel()]
        twins = copies(full)
        optimizer, alone = build(trial, params), build(trial, twins)
        for step in range(2):
            set_gradients(trial, full, step)
            set_gradients(trial, twins, step)
            for p in (p for p in params if not p.numel()):
                p.grad = torch.zeros_like(p)
            take_step(optimizer)
            take_step(alone)
        yield from same(what, reading(trial, optimizer, full), reading(trial, alone, twins))


def rebuilt(trial: Trial) -> Iterator[Observation]:
    """A second optimizer on parameters that the first has moved starts afresh."""
    first, params = begun(trial, 3)
    del first
    twins = copies(params)
    one, other = build(trial, params), build(trial, twins)
    yield from equal_for_two_steps(trial, "built on parameters with a past", (one, params), (other, twins), LATER)
