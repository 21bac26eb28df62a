"""Hyperparameters: read anew at every step, refused where they are not legal, documented as they are."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

import torch

from .calls import join_group, resume, take_step
from .harness import (
    Observation,
    Trial,
    build,
    condition,
    copies,
    detached,
    parameters,
    raised,
    reading,
    same,
    same_setting,
    same_step,
    start_of,
    stepper_on,
    tensor_of,
    train,
    tuples,
    values,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

SHAPES = ((17,), (3, 4))
ENTRY = re.compile(r"^\s*(?::param\s+)?(\w+)(?:\s*\(.*?\))?\s*:")
PLACE = re.compile(r"index \d+|\[\d+\]|(?<=[a-z_])\d+")
"""A place in a setting of several numbers, or a number in its name: no end of a range."""
BOUND = re.compile(r"(?<![\d.])[01](\.0*)?(?![\d.]*\d)|positive|negative|range|between|finite|∞|\binf")
STATED = re.compile(r"\(default:\s*(.*)$")


def changed(trial: Trial) -> Iterator[Observation]:
    """A setting changed between two steps acts as in an optimizer built with it."""
    start = trial.arguments.get("from", {})
    for keyword, value in trial.arguments["changes"]:
        begun = dataclasses.replace(trial, settings={**trial.settings, **tuples(start.get(keyword, {}))})
        changed_to = tuple(value) if isinstance(value, list) else value
        for made in trial.arguments["made"]:
            yield from beside_history(begun, keyword, changed_to, made)
            if made:
                yield from beside_loaded(begun, keyword, changed_to, made)


def beside_history(trial: Trial, keyword: str, value: Any, made: int) -> Iterator[Observation]:
    """The other one is built with the later value, and has the earlier one in its groups until then."""
    was, params, twins = trial.settings[keyword], parameters(trial, SHAPES), parameters(trial, SHAPES)
    optimizer, other = build(trial, params), build(trial, twins, **{keyword: value})
    if made:
        assign(other, keyword, was)
        train(trial, optimizer, params, 0, made)
        train(trial, other, twins, 0, made)
    yield from changed_alike(trial, (optimizer, params), (other, twins), keyword, value, made)


def beside_loaded(trial: Trial, keyword: str, value: Any, made: int) -> Iterator[Observation]:
    """The other one has made no step, and loads a checkpoint; a third one shows that loading alone changes nothing."""
    pairs = []
    for _ in range(2):
        params = parameters(trial, SHAPES)
        optimizer = build(trial, params)
        train(trial, optimizer, params, 0, made)
        twins = copies(params)
        other = build(trial, twins)
        if raised(partial(resume, other, optimizer)):
            return
        pairs.append(((optimizer, params), (other, twins)))
    for optimizer, params in pairs[0]:
        train(trial, optimizer, params, made, made + 2)
    one, two = (reading(trial, *each) for each in pairs[0])
    unchanged = not any(seen.differing for seen in same("loaded", one, two))
    if unchanged and formats(one) == formats(two):
        yield from changed_alike(trial, *pairs[1], keyword, value, made)


def formats(read: dict[str, Any]) -> dict[str, Any]:
    """The dtype of every tensor that was read."""
    return {key: value.dtype for key, value in read.items() if hasattr(value, "dtype")}


def changed_alike(
    trial: Trial, one: tuple[Any, list[Any]], two: tuple[Any, list[Any]], keyword: str, value: Any, made: int
) -> Iterator[Observation]:
    """A setting of two optimizers is changed, and two steps of both are compared."""
    for optimizer, _ in (one, two):
        assign(optimizer, keyword, value)
    for later in range(made, made + 2):
        for optimizer, params in (one, two):
            train(trial, optimizer, params, later, later + 1)
        what = f"step {later + 1}, {keyword} changed from {trial.settings[keyword]} to {value} after {made}"
        yield from same(what, reading(trial, *one), reading(trial, *two))


def assign(optimizer: Any, keyword: str, value: Any) -> None:
    """A setting of every group is assigned, as a scheduler does it."""
    for group in optimizer.param_groups:
        group[keyword] = value


def as_tensor(trial: Trial) -> Iterator[Observation]:
    """A setting given as a Tensor does what the number does, or is refused."""
    keyword = trial.arguments["keyword"]
    number = trial.settings[keyword]
    given = in_tensors(number)
    one, other = parameters(trial, [(17,)]), parameters(trial, [(17,)])
    if raised(lambda: build(trial, parameters(trial, [(17,)]), **{keyword: given})):
        yield condition(f"{keyword} as a Tensor", True, "refused", "refused")
        return
    first = stepper_on(trial, one)
    second = stepper_on(trial, other, **{keyword: given})
    keys = trial.arguments["states"]
    for step in range(trial.arguments["steps"]):
        gradient = values(trial, (17,), 1000 * (step + 1))
        first.set_gradients(gradient, trial.with_layout)
        second.set_gradients(gradient, trial.with_layout)
        start = start_of(trial, second, step, gradient)
        take_step(first.optimizer)
        error = raised(partial(take_step, second.optimizer))
        if error:
            said = not typed_as_tensor(trial.make, keyword) or ("tensor" in error.lower() and keyword in error.lower())
            yield condition(f"{keyword} as a Tensor", said, error, "the result of the number, or an error that says it")
            return
        what = f"{keyword} as a Tensor, step {step + 1}"
        yield same_step(what, start, second.flat(keys), first.flat(keys))
        second.load(first.flat(keys))
    tensors = given if isinstance(given, tuple) else (given,)
    numbers_after = [t.item() for t in tensors]
    expected = list(number) if isinstance(number, (list, tuple)) else [number]
    yield condition(f"the Tensor {keyword} after the steps", numbers_after == expected, numbers_after, expected)


def in_tensors(number: Any) -> Any:
    """A setting as a Tensor, or one of several numbers as a Tensor each."""
    return tuple(map(tensor_of, number)) if isinstance(number, (list, tuple)) else tensor_of(number)


def typed_as_tensor(make: Any, keyword: str) -> bool:
    """Whether a constructor's type for a setting has a Tensor: a type says what is meant, whatever a text speaks of.

    An annotation that is no type, or whose names its own module does not have when it runs, says nothing.
    """
    annotation = inspect.signature(make).parameters[keyword].annotation
    held = type("Held", (), {"__annotations__": {keyword: annotation}})
    with suppress(Exception):
        return has_tensor(get_type_hints(held, names_beside(make))[keyword])
    return False


def has_tensor(kind: Any) -> bool:
    """Whether a type is that of a Tensor, or is made of one."""
    parts = get_args(kind)
    if parts:
        return any(map(has_tensor, parts))
    return isinstance(kind, type) and issubclass(kind, torch.Tensor)


def names_beside(make: Any) -> dict[str, Any]:
    """The names of the module in which a constructor is written."""
    own: Any = inspect.unwrap(make)
    while isinstance(own, partial):
        own = own.func
    written = inspect.unwrap(own if inspect.isroutine(own) else own.__init__)
    return getattr(written, "__globals__", {})


def taken(trial: Trial) -> Iterator[Observation]:
    """No legal value of a setting is refused at construction, and no switch by then or in a step."""
    for keyword, value, shown, legal, steps in trial.arguments["values"]:
        error = raised(partial(made_with, trial, steps, **{keyword: as_given(value)}))
        takes = error.partition(":")[0] not in trial.arguments["refusals"]
        yield condition(f"{keyword}={shown}", takes, error or "taken", f"taken: {legal}")


def made_with(trial: Trial, steps: int, **more: Any) -> None:
    """So many steps of an optimizer with other settings."""
    params = parameters(trial, [(2,)])
    train(trial, build(trial, params, **more), params, 0, steps)


def refused(trial: Trial) -> Iterator[Observation]:
    """A value outside its range raises an error at construction."""
    for keyword, value, shown, _, legal in trial.arguments["bad"]:
        error = raised(partial(build, trial, parameters(trial, [(2,)]), **{keyword: as_given(value)}))
        what = f"{keyword}={shown} at construction"
        yield condition(what, bool(error), error or "accepted", f"refused: it is not in {legal}")


def refused_in_group(trial: Trial) -> Iterator[Observation]:
    """A value outside its range raises an error where a group sets it."""
    for keyword, value, shown, _, legal in trial.arguments["bad"]:
        params = parameters(trial, [(2,), (3,)])
        optimizer = build(trial, params[:1])
        group = {"params": params[1:], keyword: as_given(value)}
        error = raised(partial(join_group, trial, optimizer, group))
        what = f"{keyword}={shown} in add_param_group"
        yield condition(what, bool(error), error or "accepted", f"refused: it is not in {legal}")


def named(trial: Trial) -> Iterator[Observation]:
    """The error names the setting and the value given."""
    for keyword, value, shown, words, _ in trial.arguments["bad"]:
        error = raised(partial(build, trial, parameters(trial, [(2,)]), **{keyword: as_given(value)}))
        if error:
            lower = error.lower()
            says = any(spoken(word, lower) for word in words) and str(shown).lower() in lower
            yield condition(
                f"the error for {keyword}={shown}", says, error, f"an error that names {keyword} and {shown}"
            )


def spoken(word: str, text: str) -> bool:
    """Whether a text has a word, a short one not as a part of another."""
    if len(word) > 3:
        return word in text
    return re.search(rf"(?<![a-z]){re.escape(word)}(?![a-z])", text) is not None


def range_named(trial: Trial) -> Iterator[Observation]:
    """The error says which values are legal."""
    for keyword, value, shown, _, legal in trial.arguments["bad"]:
        error = raised(partial(build, trial, parameters(trial, [(2,)]), **{keyword: as_given(value)}))
        if error:
            rest = PLACE.sub("", error.lower().replace(str(shown).lower(), "", 1))
            bound = BOUND.search(rest)
            what = f"the range in the error for {keyword}={shown}"
            yield condition(what, bool(bound), error, f"an error that names the range {legal}")


def as_given(value: Any) -> Any:
    """JSON knows neither tuples nor NaN."""
    if isinstance(value, list):
        return tuple(as_given(item) for item in value)
    return float(value) if isinstance(value, str) else value


def zero_rate(trial: Trial) -> Iterator[Observation]:
    """With a learning rate of 0 the steps leave every parameter where it is."""
    params = parameters(trial, [(17,), (3, 4)])
    start = detached(params)
    make = partial(build, trial, params, **trial.arguments["rate"])
    if raised(make):
        yield condition("a learning rate of 0", True, "refused", "refused")
        return
    optimizer = make()
    train(trial, optimizer, params, 0, trial.arguments["steps"])
    yield from same("with a learning rate of 0", detached(params), start)


def maximized(trial: Trial) -> Iterator[Observation]:
    """``maximize`` does what the negated gradient does."""
    read = []
    for maximize in (False, True):
        params = parameters(trial, [(17,), (3, 4)])
        optimizer = build(trial, params, maximize=maximize)
        for step in range(trial.arguments["steps"]):
            for n, p in enumerate(params):
                gradient = values(trial, p.shape, 1000 * (step + 1) + n)
                p.grad = trial.with_layout(gradient if maximize else -gradient)
            take_step(optimizer)
        read.append(reading(trial, optimizer, params))
    yield from same("maximize", read[1], read[0])


def defaults(trial: Trial) -> Iterator[Observation]:
    """A setting's default in the signature is the one that its documentation states."""
    keywords = inspect.signature(trial.make).parameters
    for keyword, value in stated(trial.make).items():
        got = keywords[keyword].default
        yield condition(f"the default of {keyword}", same_setting(got, value), got, value)


def stated(make: Any) -> dict[str, Any]:
    """What the documentation states as `(default: value)`, by keyword, where the value is a literal."""
    keywords = inspect.signature(make).parameters
    found: dict[str, Any] = {}
    current = ""
    for line in f"{inspect.getdoc(make) or ''}\n{inspect.getdoc(make.__init__) or ''}".splitlines():
        entry = ENTRY.match(line)
        if entry and entry[1] in keywords:
            current = entry[1]
        said = STATED.search(line)
        if current and said and current not in found:
            found.update((current, value) for value in literal(said[1]))
        current = current if line.strip() else ""
    return found


def literal(text: str) -> list[Any]:
    """The literal with which a text begins, if nothing follows in its parenthesis: none, or one."""
    text = text.lstrip("`")
    for end in range(len(text), 0, -1):
        try:
            value = ast.literal_eval(text[:end])
        except (ValueError, SyntaxError):
            continue
        return [value] if text[end:].lstrip("` ").startswith(")") else []
    return []
