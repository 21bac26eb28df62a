"""How a target is called: what its constructor is given beside settings, and its step beside nothing."""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Any

import torch

from .process_group import of_this_alone
from .state_path import name_of
from .target import resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

OBJECT = "object"
"""The one key of a value that stands for what a module calls by a name."""


def from_json(options: dict[str, Any]) -> dict[str, Any]:
    """JSON knows no tuples, and optimizers ask for tuples where they ask for several numbers."""
    return {name: _value(value) for name, value in options.items()}


def _value(value: Any) -> Any:
    if isinstance(value, dict) and set(value) == {OBJECT}:
        return resolve(value[OBJECT])
    return tuple(value) if isinstance(value, list) else value


def called(target: str, calling: dict[str, Any]) -> Any:
    """The target, or what calls it as it wants to be called.

    ``calling`` says: ``flat``, it takes parameters and no groups; ``named``, each with its name; ``alone``, it
    asks for a process group; ``inside``, its settings stand in the groups alone; ``flags``, what every group
    says of itself; ``function``, it takes parameters, gradients and states, and makes one step; ``renamed``
    maps names of settings to the keywords of the constructor, ``beta1`` to ``betas[0]``.
    """
    flags = {"flags": from_json(calling["flags"])} if "flags" in calling else {}
    return wrapped(resolve(target), {**calling, **flags})


def wrapped(own: Any, calling: dict[str, Any]) -> Any:
    """A constructor, or what calls it as it wants to be called."""
    if not calling:
        return own
    return Called(functools.partial(FunctionOptimizer, own) if calling.get("function") else own, calling)


class Called:
    """A constructor behind one that takes parameters or groups first, then settings."""

    def __init__(self, own: Any, calling: dict[str, Any]) -> None:
        self._own = own
        self._calling = calling
        functools.update_wrapper(self, own, updated=())

    def __call__(self, params: Iterable[Any], **settings: Any) -> Any:
        """The optimizer, from parameters or groups."""
        settings = self._renamed(settings)
        if self._calling.get("alone"):
            of_this_alone()
        members = list(params)
        groups = members if members and isinstance(members[0], dict) else [{"params": members}]
        if self._calling.get("flat"):
            return self._flat(groups, settings)
        if self._calling.get("named"):
            groups = named_parameters(groups)
        inside = bool(settings and self._calling.get("inside"))
        return self._own([self._complete(group, settings) for group in groups], **({} if inside else settings))

    def completed_group(self, group: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
        """A group that joins, as every one must be."""
        return self._complete(group, self._renamed(settings))

    def _complete(self, group: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
        """A group with what it says of itself, and with settings where these stand in groups alone."""
        inside = settings if self._calling.get("inside") else {}
        return {**inside, **self._calling.get("flags", {}), **group}

    def _flat(self, groups: list[dict[str, Any]], settings: dict[str, Any]) -> Any:
        """The optimizer of the first group with members, which is then told its own settings, and given the others."""
        named = named_parameters if self._calling.get("named") else list
        place = next((n for n, group in enumerate(groups) if group["params"]), 0)
        optimizer = self._own(named(groups)[place]["params"], **settings)
        held = getattr(optimizer, "param_groups", None) or [{}]
        held[0].update({key: value for key, value in groups[place].items() if key != "params"})
        if len(groups) > 1 and not hasattr(optimizer, "add_param_group"):
            return self._own([p for group in named(groups) for p in group["params"]], **settings)
        others = named_parameters(groups) if "param_names" in held[0] else groups
        for group in (*others[:place], *others[place + 1 :]):
            optimizer.add_param_group(group)
        held.insert(place, held.pop(0))
        return optimizer

    def _renamed(self, settings: dict[str, Any]) -> dict[str, Any]:
        table = self._calling.get("renamed", {})
        found: dict[str, Any] = {}
        several: dict[str, dict[int, Any]] = {}
        for name, value in settings.items():
            split = isinstance(value, (list, tuple)) and f"{name}[0]" in table
            entries = {f"{name}[{place}]": one for place, one in enumerate(value)} if split else {name: value}
            for key, one in entries.items():
                own, _, place = table.get(key, key).partition("[")
                if place:
                    several.setdefault(own, {})[int(place.rstrip("]"))] = one
                else:
                    found[own] = one
        return {**found, **{own: tuple(places[n] for n in sorted(places)) for own, places in several.items()}}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._own, name)


def named_parameters(groups: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Groups in which every parameter stands with a name."""
    found, place = [], 0
    for group in groups:
        members = list(group["params"])
        found.append({**group, "params": [(name_of(place + n), p) for n, p in enumerate(members)]})
        place += len(members)
    return found


class FunctionOptimizer(torch.optim.Optimizer):
    """A function of parameters, gradients and states as an optimizer: each state is a dict, empty at first.

    What it returns replaces parameters, or parameters and states; it may return nothing.
    """

    def __init__(self, function: Any, params: Any, **settings: Any) -> None:
        self._function = function
        super().__init__(params, settings)

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        """The function is called once for each group, with what has a gradient."""
        loss = None if closure is None else torch.enable_grad()(closure)()
        for group in self.param_groups:
            members = [p for p in group["params"] if p.grad is not None]
            states: list[Any] = [self.state[p] for p in members]
            settings = {key: value for key, value in group.items() if key in self.defaults}
            returned = self._function(members, [p.grad for p in members], states, **settings)
            if isinstance(returned, tuple) and len(returned) == 2 and isinstance(returned[0], (list, tuple)):
                returned, states = returned
                for p, state in zip(members, states):
                    self.state[p] = state
            for p, value in zip(members, returned or ()):
                p.copy_(value)
        return loss


def step_of(optimizer: Any, parameters: list[Any]) -> Callable[[], Any]:
    """A call without arguments that makes one step.

    Where a closure is asked for, it is one whose loss is 0 and whose gradients are those that stand there.
    """
    if not asks_for_closure(optimizer):
        return optimizer.step  # type: ignore[no-any-return]

    def step() -> Any:
        given = [(p, None if p.grad is None else p.grad.clone()) for p in parameters]

        def closure() -> torch.Tensor:
            for p, gradient in given:
                p.grad = None if gradient is None else gradient.clone()
            return torch.zeros(())

        return optimizer.step(closure)

    return step


def asks_for_closure(optimizer: Any) -> bool:
    """Tell whether a step cannot be called with nothing, by its class: schedulers replace an instance's step."""
    try:
        _, *parameters = inspect.signature(type(optimizer).step).parameters.values()
    except (AttributeError, TypeError, ValueError):
        return False
    ordinary = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return any(p.default is inspect.Parameter.empty and p.kind in ordinary for p in parameters)
