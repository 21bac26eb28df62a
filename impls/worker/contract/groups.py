"""Groups: each with its own settings, and everything of a caller's left to the caller."""

from __future__ import annotations

import warnings
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import torch

from .calls import construct, join_group, take_step
from .harness import (
    Observation,
    Trial,
    build,
    condition,
    joint_reading,
    parameters,
    raised,
    reading,
    same,
    same_setting,
    set_gradients,
    settings_held,
    tensor_of,
    train,
    tuples,
    values,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


def own_settings(trial: Trial) -> Iterator[Observation]:
    """Two groups do what two optimizers with their settings do."""
    other = tuples(trial.arguments["other"])
    params, twins = parameters(trial, [(17,), (3, 4)]), parameters(trial, [(17,), (3, 4)])
    optimizer = build(trial, [{"params": params[:1]}, {"params": params[1:], **other}])
    alone = [build(trial, twins[:1]), build(trial, twins[1:], **other)]
    for step in range(trial.arguments["steps"]):
        set_gradients(trial, params, step)
        set_gradients(trial, twins, step)
        take_step(optimizer)
        for each in alone:
            take_step(each)
    yield from same("two groups", reading(trial, optimizer, params), joint_reading(trial, alone, twins))


def defaults_filled(trial: Trial) -> Iterator[Observation]:
    """A group that names no settings has the constructor's, the first and one added later."""
    params = parameters(trial, [(3,), (2,)])
    optimizer = build(trial, [{"params": params[:1]}])
    join_group(trial, optimizer, {"params": params[1:]})
    for n, group in enumerate(optimizer.param_groups):
        for keyword in settings_held(trial, build(trial, parameters(trial, [(3,)]))):
            got, value = group.get(keyword, "nothing"), trial.settings[keyword]
            yield condition(f"{keyword} of group {n}", same_setting(got, value), got, value)


def added(trial: Trial) -> Iterator[Observation]:
    """A group added after some steps starts afresh, and the others go on as without it."""
    made, other = trial.arguments["made"], tuples(trial.arguments["other"])
    params, twins = parameters(trial, [(17,), (3, 4)]), parameters(trial, [(17,), (3, 4)])
    optimizer, alone = build(trial, params[:1]), [build(trial, twins[:1])]
    for step in range(made + trial.arguments["steps"]):
        if step == made:
            join_group(trial, optimizer, {"params": params[1:], **other})
            alone.append(build(trial, twins[1:], **other))
        set_gradients(trial, params, step)
        set_gradients(trial, twins, step)
        take_step(optimizer)
        for each in alone:
            take_step(each)
    yield from same(
        f"a group added after {made} steps", reading(trial, optimizer, params), joint_reading(trial, alone, twins)
    )


def empty(trial: Trial) -> Iterator[Observation]:
    """A group without parameters changes nothing."""
    params, twins = parameters(trial, [(17,)]), parameters(trial, [(17,)])
    optimizer = build(trial, [{"params": []}, {"params": params}, {"params": []}])
    alone = build(trial, twins)
    train(trial, optimizer, params, 0, 2)
    train(trial, alone, twins, 0, 2)
    yield from same("beside empty groups", reading(trial, optimizer, params), reading(trial, alone, twins))


def twice(trial: Trial) -> Iterator[Observation]:
    """One tensor in two groups is refused, at construction and in add_param_group."""
    p, q = parameters(trial, [(3,), (2,)])
    error = raised(lambda: build(trial, [{"params": [p]}, {"params": [q, p]}]))
    yield condition("one tensor in two groups of the constructor", bool(error), error or "accepted", "refused")
    optimizer = build(trial, [p])
    error = raised(lambda: join_group(trial, optimizer, {"params": [p]}))
    yield condition("a tensor added once more", bool(error), error or "accepted", "refused")
    count = len(optimizer.param_groups)
    yield condition("groups after the refusal", count == 1, count, 1)


def twice_in_group(trial: Trial) -> Iterator[Observation]:
    """One tensor twice in a group is refused, or makes one step where it is asked to make one."""
    p, twin = parameters(trial, [(3,)])[0], parameters(trial, [(3,)])[0]
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        error = raised(lambda: build(trial, [p, p]))
        if error:
            yield condition("one tensor twice in a group", True, "refused", "refused")
            return
        optimizer, alone = build(trial, [p, p]), build(trial, [twin])
        train(trial, optimizer, [p], 0, 1)
    train(trial, alone, [twin], 0, 1)
    what = f"one tensor twice in a group, {'with a' if warned else 'without any'} warning, after a step"
    yield from same(what, {"p": p.detach()}, {"p": twin.detach()})


def settings_not_shared(trial: Trial) -> Iterator[Observation]:
    """A setting of one group, changed in place, leaves the other group's alone."""
    for keyword in trial.arguments["as tensors"]:
        number = trial.settings.get(keyword)
        if number is None:
            continue
        several = isinstance(number, (list, tuple))
        given: Any = tuple(tensor_of(n) for n in number) if several else tensor_of(number)
        params = parameters(trial, [(3,), (2,)])
        make = partial(build, trial, [{"params": params[:1]}, {"params": params[1:]}], **{keyword: given})
        if raised(make):
            yield condition(f"{keyword} as a Tensor", True, "refused", "refused")
            continue
        pair = [group.get(keyword) for group in make().param_groups]
        if None in pair:
            continue
        first, second = (held[0] if several else held for held in pair)
        if isinstance(first, torch.Tensor) and isinstance(second, torch.Tensor):
            expected = second.item()
            first.mul_(0.5)
            got = second.item()
            yield condition(f"{keyword} of group 1 after group 0 halved its Tensor", got == expected, got, expected)
    optimizer = build(trial, [{"params": ps} for ps in (parameters(trial, [(3,)]), parameters(trial, [(2,)]))])
    for keyword in settings_held(trial, optimizer):
        one, other = (group[keyword] for group in optimizer.param_groups)
        shared = one is other and isinstance(one, (list, dict, set))
        yield condition(f"{keyword} of two groups", not shared, "one object", "an object each")


def instances(trial: Trial) -> Iterator[Observation]:
    """Two optimizers at work side by side do what each does alone."""
    read = []
    for together in (False, True):
        params = parameters(trial, [(17,), (17,)])
        optimizers = [build(trial, params[:1]), build(trial, params[1:], **trial.arguments["other"])]
        if together:
            for step in range(3):
                set_gradients(trial, params, step)
                for optimizer in optimizers:
                    take_step(optimizer)
        else:
            for n, optimizer in enumerate(optimizers):
                for step in range(3):
                    set_gradients(trial, params, step)
                    params[1 - n].grad = None
                    take_step(optimizer)
        read.append(joint_reading(trial, optimizers, params))
    yield from same("two optimizers side by side", read[1], read[0])
    first, second = (build(trial, parameters(trial, [(2,)])) for _ in range(2))
    for name in ("state", "defaults", "param_groups"):
        shared = getattr(first, name, 0) is getattr(second, name, 1)
        yield condition(f"`{name}` of two optimizers", not shared, "one object", "an object each")


def callers_groups(trial: Trial) -> Iterator[Observation]:
    """The dictionaries that a caller gives are as before, and two optimizers may be built from them."""
    params = parameters(trial, [(3,), (2,)])
    groups: list[dict[str, Any]] = [{"params": params[:1]}, {"params": params[1:]}]
    first = build(trial, groups)
    keys = [sorted(group) for group in groups]
    yield condition("the keys of the caller's groups", keys == [["params"]] * 2, keys[0], ["params"])
    second = build(trial, groups)
    for keyword in settings_held(trial, second)[:1]:
        expected = second.param_groups[0][keyword]
        first.param_groups[0][keyword] = 123.0
        got = second.param_groups[0][keyword]
        what = f"{keyword} of a second optimizer after the first changed its own"
        yield condition(what, same_setting(got, expected), got, expected)


def callers_settings(trial: Trial) -> Iterator[Observation]:
    """A list given as a setting is read and not changed."""
    given = {k: list(v) for k, v in trial.settings.items() if isinstance(v, (list, tuple))}
    params = parameters(trial, [(3,)])
    members = list(params)
    optimizer = construct(trial.make, members, {**trial.path, **trial.settings, **given})
    train(trial, optimizer, params, 0, 2)
    for keyword, value in given.items():
        expected = list(trial.settings[keyword])
        yield condition(f"the caller's list {keyword}", value == expected, value, expected)
    whole = len(members) == 1 and members[0] is params[0]
    yield condition("the caller's list of parameters", whole, len(members), 1)


def iterables(trial: Trial) -> Iterator[Observation]:
    """A generator gives what a list of parameters gives, and so do named parameters, or they are refused."""
    read = []
    for kind in trial.arguments.get("kinds", ("list", "generator", "named")):
        params = parameters(trial, [(17,), (3, 4)])
        named = [(f"p{n}", p) for n, p in enumerate(params)]
        refusal = raised(partial(build, trial, named)).partition(":")[0] if kind == "named" else ""
        if refusal in trial.arguments["refusals"]:
            yield condition("named parameters", True, refusal, "refused")
            return
        optimizer = build(trial, {"list": params, "generator": (p for p in params), "named": named}[kind])
        train(trial, optimizer, params, 0, 2)
        read.append(reading(trial, optimizer, params))
        if kind != "list":
            what = "a generator of parameters" if kind == "generator" else "named parameters"
            yield from same(what, read[-1], read[0])


def mixed_dtypes(trial: Trial) -> Iterator[Observation]:
    """Parameters of several dtypes in one group do what each does alone."""
    others = [replace(trial, dtype=getattr(torch, name)) for name in trial.arguments["dtypes"]]
    trials = [trial, *(other for other in others if repeats(other))]
    yield from together(trial, "a group of several dtypes", trials)


def two_devices(trial: Trial) -> Iterator[Observation]:
    """Parameters on the host and on the device in one group do what each does alone."""
    yield from together(trial, "a group on two devices", [trial, replace(trial, device="cpu")])


def together(trial: Trial, what: str, trials: list[Trial]) -> Iterator[Observation]:
    """One parameter of each trial, in one group and alone."""
    params, twins = ([parameters(t, [(17,)])[0] for t in trials] for _ in range(2))
    optimizer, alone = build(trial, params), [build(trial, [p]) for p in twins]
    for step in range(trial.arguments["steps"]):
        for n, (p, twin, t) in enumerate(zip(params, twins, trials)):
            p.grad, twin.grad = (t.with_layout(values(t, p.shape, 1000 * (step + 1) + n)) for _ in range(2))
        take_step(optimizer)
        for each in alone:
            take_step(each)
    yield from same(what, reading(trial, optimizer, params), joint_reading(trial, alone, twins))


def repeats(trial: Trial) -> bool:
    """Whether a parameter of this dtype is taken, and makes the same steps twice: some round at random."""
    read = []
    for _ in range(2):
        params = parameters(trial, [(17,)])
        optimizer = build(trial, params)
        if raised(partial(train, trial, optimizer, params, 0, 2)):
            return False
        read.append(reading(trial, optimizer, params))
    return not any(seen.differing for seen in same("twice", *read))
