"""A path says where an optimizer keeps a number or a tensor of a parameter.

`KEY` is a key of the parameter's state, `group:KEY` of the param group that holds it, and
`optimizer:NAME` an attribute of the optimizer.  `/KEY` goes on into what is held there: a key of a
mapping, a place in a list or along the first dimension of a tensor, `:N` a place along the last one,
an attribute of anything else.  `*` is the entry of the parameter: it has it for a key, its id, its
name or its place.  `~1` stands for a slash in a key, and `~0` for a tilde.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from collections.abc import Iterator

IN_GROUP = "group:"
ON_OPTIMIZER = "optimizer:"
OWN = "*"
DEEPEST = 5
"""So many keys one after the other are looked at."""
INHERITED = frozenset({"state", "param_groups", "_zero_grad_profile_name", "_warned_capturable_if_run_uncaptured"})
"""Attributes of every optimizer that hold no state of its own."""


def state_of(optimizer: Any, parameter: torch.Tensor) -> Mapping[str, Any]:
    """An optimizer that keeps no state for a parameter has an empty one."""
    states = getattr(optimizer, "state", None)
    state = states.get(parameter) if isinstance(states, Mapping) else None
    return state if isinstance(state, Mapping) else {}


def groups_of(optimizer: Any) -> list[Any]:
    """The param groups of an optimizer, none where it has no such list."""
    groups = getattr(optimizer, "param_groups", None)
    return groups if isinstance(groups, list) else []


def held(optimizer: Any, parameter: torch.Tensor, path: str) -> Any:
    """What is kept there, or None where there is no such place."""
    found, keys = _root(optimizer, parameter, path)
    try:
        for key in keys:
            found = _entered(found, key, optimizer, parameter)
    except (KeyError, IndexError, AttributeError, TypeError, ValueError):
        return None
    return found


def put(optimizer: Any, parameter: torch.Tensor, path: str, value: Any) -> None:
    """The value is kept there from now on; what is part of a tensor is written into it."""
    root, keys = _root(optimizer, parameter, path)
    _put(root, keys, value, optimizer, parameter)


def listed(optimizer: Any, parameter: torch.Tensor) -> dict[str, Any]:
    """Every number and tensor that is kept for a parameter, by its path: its state first."""
    found: dict[str, Any] = {}
    for root, holder in _roots(optimizer, parameter):
        for keys, value in _leaves(holder, optimizer, parameter, root != "", ()):
            found.setdefault(root + "/".join(keys), value)
    return found


def _roots(optimizer: Any, parameter: torch.Tensor) -> Iterator[tuple[str, Any]]:
    yield "", state_of(optimizer, parameter)
    yield IN_GROUP, {key: value for key, value in _group(optimizer, parameter).items() if key != "params"}
    own = {name: value for name, value in _attributes(optimizer).items() if name not in INHERITED}
    yield ON_OPTIMIZER, own
    states = getattr(optimizer, "state", None)
    if isinstance(states, Mapping):
        shared = {key: value for key, value in states.items() if isinstance(key, str)}
        yield ON_OPTIMIZER, {"state": shared if parameter in states else states}


def _leaves(
    value: Any, optimizer: Any, parameter: torch.Tensor, shared: bool, keys: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(value, torch.Tensor):
        yield keys, value
        yield from _parts(value, parameter, keys)
    elif isinstance(value, (bool, int, float)):
        yield keys, value
    elif len(keys) < DEEPEST:
        for key in _keys(value, optimizer, parameter, shared):
            try:
                entry = _entered(value, key, optimizer, parameter)
            except (KeyError, IndexError, AttributeError, TypeError):
                continue
            yield from _leaves(entry, optimizer, parameter, shared and key != OWN, (*keys, key))


def _parts(
    value: torch.Tensor, parameter: torch.Tensor, keys: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The tensors of the parameter's shape that lie beside each other in one."""
    if value.dim() == parameter.dim() + 1 and value.numel():
        if value.shape[1:] == parameter.shape:
            yield from (((*keys, str(place)), value[place]) for place in range(len(value)))
        if value.shape[:-1] == parameter.shape:
            yield from (((*keys, f":{place}"), value[..., place]) for place in range(value.shape[-1]))


def _keys(value: Any, optimizer: Any, parameter: torch.Tensor, shared: bool) -> list[str]:
    if isinstance(value, Mapping):
        own = [OWN] if shared and _own_key(value, optimizer, parameter) is not None else []
        return own or [_escaped(key) for key in value if isinstance(key, (str, int)) and key != "params"]
    if isinstance(value, (list, tuple)):
        if shared and len(value) in {len(_members(optimizer)), len(_neighbours(optimizer, parameter))}:
            return [OWN]
        return [str(place) for place in range(len(value))]
    if isinstance(value, (str, bytes, torch.nn.Module)) or callable(value):
        return []
    return [_escaped(name) for name in _attributes(value)]


def _attributes(value: Any) -> dict[str, Any]:
    try:
        return dict(vars(value))
    except TypeError:
        return {name: getattr(value, name) for name in getattr(type(value), "__slots__", ()) if hasattr(value, name)}


def _root(optimizer: Any, parameter: torch.Tensor, path: str) -> tuple[Any, list[str]]:
    if path.startswith(IN_GROUP):
        return _group(optimizer, parameter), path[len(IN_GROUP) :].split("/")
    if path.startswith(ON_OPTIMIZER):
        return optimizer, path[len(ON_OPTIMIZER) :].split("/")
    return state_of(optimizer, parameter), path.split("/")


def _group(optimizer: Any, parameter: torch.Tensor) -> Any:
    holds = (group for group in groups_of(optimizer) if any(p is parameter for p in group["params"]))
    return next(holds, {})


def _members(optimizer: Any) -> list[Any]:
    return [p for group in groups_of(optimizer) for p in group["params"]]


def _entered(value: Any, key: str, optimizer: Any, parameter: torch.Tensor) -> Any:
    if isinstance(value, torch.Tensor):
        return value[..., int(key[1:])] if key.startswith(":") else value[int(key)]
    if isinstance(value, Mapping):
        return value[_actual(value, key, optimizer, parameter)]
    if isinstance(value, (list, tuple)):
        return value[_place(key, optimizer, parameter, len(value))]
    return getattr(value, _plain(key))


def _put(root: Any, keys: list[str], value: Any, optimizer: Any, parameter: torch.Tensor) -> None:
    *before, last = keys
    holder = root
    for key in before:
        holder = _entered(holder, key, optimizer, parameter)
    if isinstance(holder, torch.Tensor):
        with torch.no_grad():
            _entered(holder, last, optimizer, parameter).copy_(torch.as_tensor(value))
    elif isinstance(holder, Mapping):
        holder[_actual(holder, last, optimizer, parameter)] = value  # type: ignore[index]
    elif isinstance(holder, list):
        holder[_place(last, optimizer, parameter, len(holder))] = value
    elif isinstance(holder, tuple):
        place = _place(last, optimizer, parameter, len(holder))
        changed = [*holder[:place], value, *holder[place + 1 :]]
        whole = type(holder)(*changed) if hasattr(holder, "_fields") else tuple(changed)
        _put(root, before, whole, optimizer, parameter)
    else:
        setattr(holder, _plain(last), value)


def _neighbours(optimizer: Any, parameter: torch.Tensor) -> list[Any]:
    return list(_group(optimizer, parameter).get("params", ()))


def _place(key: str, optimizer: Any, parameter: torch.Tensor, size: int) -> int:
    """A place in a list of so many: of all parameters, or of those of the group."""
    if key != OWN:
        return int(key)
    members = _members(optimizer)
    listed_by = members if len(members) == size else _neighbours(optimizer, parameter)
    return next(place for place, p in enumerate(listed_by) if p is parameter)


def _actual(value: Mapping[Any, Any], key: str, optimizer: Any, parameter: torch.Tensor) -> Any:
    """The key itself, which is no string in every mapping."""
    if key == OWN:
        own = _own_key(value, optimizer, parameter)
        if own is None:
            raise KeyError(key)
        return own[0]
    plain = _plain(key)
    if plain in value:
        return plain
    return next((known for known in value if not isinstance(known, torch.Tensor) and str(known) == plain), plain)


def _own_key(value: Mapping[Any, Any], optimizer: Any, parameter: torch.Tensor) -> tuple[Any] | None:
    """The key by which a mapping knows a parameter: itself, its id, its name or its place."""
    if any(key is parameter for key in value):
        return (parameter,)
    if id(parameter) in value:
        return (id(parameter),)
    group = _group(optimizer, parameter)
    names = group.get("param_names") if isinstance(group, Mapping) else None
    members = _members(optimizer)
    place = next((n for n, p in enumerate(members) if p is parameter), None)
    known = [] if place is None else [place, name_of(place)]
    if names:
        known.append(names[next(n for n, p in enumerate(group["params"]) if p is parameter)])
    return next(((key,) for key in known if key in value), None)


def name_of(place: int) -> str:
    """The name of a parameter where an optimizer asks for named ones."""
    return f"p{place}.weight"


def _escaped(key: Any) -> str:
    return str(key).replace("~", "~0").replace("/", "~1")


def _plain(key: str) -> str:
    return key.replace("~1", "/").replace("~0", "~")
