"""State: saved, loaded and copied at any step, it goes on as if nothing had happened."""

from __future__ import annotations

import dataclasses
from functools import partial
from typing import TYPE_CHECKING, Any

import torch

from ..state_path import held, put
from .calls import add_hook, deep_copy, load_state, pickled_copy, resume, saved_state, take_step, through_file
from .harness import (
    Observation,
    Stepper,
    Trial,
    build,
    condition,
    copies,
    detached,
    differences,
    members,
    parameters,
    raised,
    reading,
    same,
    same_setting,
    same_step,
    set_gradients,
    settings_held,
    start_of,
    tensors_of,
    train,
    tuples,
    values,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SHAPES = ((17,), (3, 4))


def halves(trial: Trial) -> list[dict[str, Any]]:
    """Two groups, the second with settings of its own."""
    params = parameters(trial, SHAPES)
    return [{"params": params[:1]}, {"params": params[1:], **tuples(trial.arguments["other"])}]


def started(trial: Trial, made: int) -> tuple[Any, list[Any]]:
    """An optimizer of two groups after some steps, and its parameters."""
    optimizer = build(trial, halves(trial))
    params = members(optimizer)
    train(trial, optimizer, params, 0, made)
    return optimizer, params


def fresh(trial: Trial, params: list[Any]) -> tuple[Any, list[Any]]:
    """A new optimizer on copies of the parameters, with the constructor's settings in both groups."""
    twins = copies(params)
    return build(trial, [{"params": twins[:1]}, {"params": twins[1:]}]), twins


def continued(
    trial: Trial, what: str, carry: Callable[[Any, list[Any]], tuple[Any, list[Any]]]
) -> Iterator[Observation]:
    """What ``carry`` makes of an optimizer takes the same steps as the optimizer itself."""
    for made in trial.arguments["made"]:
        optimizer, params = started(trial, made)
        other, twins = carry(optimizer, params)
        before = reading(trial, optimizer, params)
        yield from same(f"{what} after {made} steps", reading(trial, other, twins), before)
        train(trial, other, twins, made, made + 2)
        read = reading(trial, optimizer, params)
        yield from same(f"{what} after {made} steps: the original, while the other steps", read, before)
        train(trial, optimizer, params, made, made + 2)
        what_next = f"{what} after {made} steps and continued"
        yield from same(what_next, reading(trial, other, twins), reading(trial, optimizer, params))


def round_trip(trial: Trial) -> Iterator[Observation]:
    """A copy of the state dictionary, loaded into a fresh instance."""

    def carry(optimizer: Any, params: list[Any]) -> tuple[Any, list[Any]]:
        other, twins = fresh(trial, params)
        resume(other, optimizer)
        return other, twins

    yield from continued(trial, "saved and loaded", carry)


def weights_only(trial: Trial) -> Iterator[Observation]:
    """torch.save, torch.load with weights_only, and a fresh instance."""

    def carry(optimizer: Any, params: list[Any]) -> tuple[Any, list[Any]]:
        other, twins = fresh(trial, params)
        load_state(other, through_file(saved_state(optimizer)))
        return other, twins

    yield from continued(trial, "torch.save and torch.load(weights_only=True)", carry)


def deepcopied(trial: Trial) -> Iterator[Observation]:
    """A deep copy has parameters of its own."""

    def carry(optimizer: Any, _params: list[Any]) -> tuple[Any, list[Any]]:
        other = deep_copy(optimizer)
        return other, members(other)

    yield from continued(trial, "deepcopy", carry)


def pickled(trial: Trial) -> Iterator[Observation]:
    """A pickled optimizer has parameters of its own."""

    def carry(optimizer: Any, _params: list[Any]) -> tuple[Any, list[Any]]:
        other = pickled_copy(optimizer)
        return other, members(other)

    yield from continued(trial, "pickle", carry)


def not_aliased(trial: Trial) -> Iterator[Observation]:
    """Steps after loading leave the dictionary that was loaded, and so its source, alone."""
    optimizer, params = started(trial, 2)
    other, twins = fresh(trial, params)
    before = reading(trial, optimizer, params)
    load_state(other, saved_state(optimizer))
    train(trial, other, twins, 2, 4)
    yield from same("the source, after the loaded one made steps", reading(trial, optimizer, params), before)


def dtypes_kept(trial: Trial) -> Iterator[Observation]:
    """Every state has after loading the dtype that it had."""
    optimizer, params = started(trial, 2)
    other, twins = fresh(trial, params)
    resume(other, optimizer)
    for n, (p, twin) in enumerate(zip(params, twins)):
        yield condition(f"the dtype of parameter {n}", twin.dtype == p.dtype, str(twin.dtype), str(p.dtype))
        loaded = tensors_of(other, twin)
        for key, value in tensors_of(optimizer, p).items():
            if key in loaded:
                got, dtype = str(loaded[key].dtype), str(value.dtype)
                yield condition(f"the dtype of {n}.{key}", got == dtype, got, dtype)


def count_kept(trial: Trial) -> Iterator[Observation]:
    """A step count that the parameter's format cannot hold comes back as it was."""
    key = trial.arguments["counter"]
    for count in trial.arguments["counts"]:
        optimizer, params = started(trial, 1)
        for p in params:
            for place in (key, *trial.arguments.get("counters beside", ())):
                kept = held(optimizer, p, place)
                if kept is not None:
                    put(optimizer, p, place, kept.clone().fill_(count) if isinstance(kept, torch.Tensor) else count)
        other, twins = fresh(trial, params)
        resume(other, optimizer)
        yield counted(other, twins[0], key, count, f"a step count of {count} after loading")
        train(trial, other, twins, 1, 2)
        yield counted(other, twins[0], key, count + 1, f"a step count of {count} after loading and a step")


def counted(optimizer: Any, p: Any, key: str, expected: int, what: str) -> Observation:
    """Whether a parameter's count is as expected; one that is lost is nothing."""
    found = held(optimizer, p, key)
    got = "no count" if found is None else float(found)
    return condition(what, got == expected, got, expected)


def settings_loaded(trial: Trial) -> Iterator[Observation]:
    """Loading brings back each group's settings."""
    optimizer, params = started(trial, 1)
    other, _ = fresh(trial, params)
    resume(other, optimizer)
    for n, group in enumerate(optimizer.param_groups):
        for keyword in settings_held(trial, optimizer):
            got = other.param_groups[n].get(keyword)
            expected = group[keyword]
            yield condition(f"{keyword} of group {n} after loading", same_setting(got, expected), got, expected)


def other_path(trial: Trial) -> Iterator[Observation]:
    """A state saved on this path and loaded on another gives the same step, as far as rounding goes."""
    keys = trial.arguments["states"]
    for name, path in trial.arguments["paths"]:
        there = dataclasses.replace(trial, path=path)
        for made in trial.arguments["made"]:
            params = parameters(trial, [(67,)])
            size = params[0].numel()
            optimizer = build(trial, params)
            train(trial, optimizer, params, 0, made)
            twins = copies(params)
            other = build(there, twins)
            saved = deep_copy(saved_state(optimizer))
            for group in saved["param_groups"]:
                group.update({key: value for key, value in path.items() if key in group})
            load_state(other, saved)
            one, two = Stepper(optimizer, params), Stepper(other, twins)
            gradient = values(trial, (size,), 1000 * (made + 1))
            one.set_gradients(gradient, trial.with_layout)
            two.set_gradients(gradient, trial.with_layout)
            start = start_of(trial, one, made, gradient)
            take_step(optimizer)
            take_step(other)
            what = f"loaded on {name} after {made} steps"
            yield same_step(what, start, two.flat(keys), one.flat(keys))


def other_rule(trial: Trial) -> Iterator[Observation]:
    """A checkpoint of another rule is refused, or goes on as what it was."""
    for make, settings in trial.arguments["others"]:
        source = dataclasses.replace(trial, make=getattr(torch.optim, make), path={}, settings=settings, sparse=False)
        params = parameters(trial, SHAPES)
        optimizer = build(source, params)
        train(source, optimizer, params, 0, 2)
        saved = deep_copy(saved_state(optimizer))
        twins = copies(params)
        other = build(trial, twins)
        start = detached(params)
        refused = raised(partial(load_state, other, saved))
        set_gradients(trial, twins, 2)
        set_gradients(source, params, 2)
        refused = refused or raised(partial(take_step, other))
        expected = start
        if not refused:
            take_step(optimizer)
            expected = detached(params)
        what = f"after the checkpoint of {make}"
        yield from same(what, detached(twins), expected)


def plain_numbers(trial: Trial) -> Iterator[Observation]:
    """States that are one number each are loaded as Python numbers, which older versions wrote."""
    for made in trial.arguments["made"]:
        optimizer, params = started(trial, made)
        (other, twins), (usual, others) = fresh(trial, params), fresh(trial, params)
        resume(usual, optimizer)
        saved = deep_copy(saved_state(optimizer))
        for state in saved["state"].values():
            single = {k: v for k, v in state.items() if isinstance(v, torch.Tensor) and v.dim() == 0}
            state.update({key: value.item() for key, value in single.items()})
        what = f"loaded with plain numbers after {made} steps"
        if raised(partial(load_state, other, saved)) or raised(partial(train, trial, other, twins, made, made + 2)):
            yield condition(what, True, "refused", "refused")
            continue
        train(trial, usual, others, made, made + 2)
        train(trial, optimizer, params, made, made + 2)
        got, loaded, kept = (detached(ps) for ps in (twins, others, params))
        # Loading may itself change something: numbers that come through it whole are no breach.
        whole = not any(differences(got[key], kept[key]).any() for key in got)
        yield from same(f"{what} and continued", got, kept if whole else loaded)


def state_hooks(trial: Trial) -> Iterator[Observation]:
    """The hooks of state_dict and load_state_dict run, once each and in their order."""
    optimizer, _ = started(trial, 1)
    seen: list[str] = []
    add_hook(optimizer, "state_dict_pre", lambda _: seen.append("before saving"))
    add_hook(optimizer, "state_dict_post", lambda _, _saved: seen.append("after saving"))
    add_hook(optimizer, "load_state_dict_pre", lambda _, _saved: seen.append("before loading"))
    add_hook(optimizer, "load_state_dict_post", lambda _: seen.append("after loading"))
    load_state(optimizer, saved_state(optimizer))
    expected = ["before saving", "after saving", "before loading", "after loading"]
    yield condition("hooks around saving and loading", seen == expected, seen, expected)
