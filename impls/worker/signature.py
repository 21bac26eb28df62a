"""The signature of a target: the names, kinds and defaults of its parameters, as JSON."""

from __future__ import annotations

import inspect
import linecache
import re
from typing import TYPE_CHECKING, Any

from .place import FOREIGN, Frame
from .serialisation import to_json
from .target import resolve
from .text import shown

if TYPE_CHECKING:
    from types import CodeType

DEFINITION = re.compile(r"\s*(async\s+)?def\s")
MOST_LINES = 50
"""So many lines of decorators are looked through for the one that defines a function."""


def signature(header: dict[str, Any], _buffers: list[memoryview]) -> tuple[dict[str, Any], list[bytes]]:
    """The parameters of a target, none where it has no signature."""
    return {"parameters": parameters_of(resolve(header["target"])) or []}, []


def step_place(header: dict[str, Any], _buffers: list[memoryview]) -> tuple[dict[str, Any], list[bytes]]:
    """The file and the line of the first of some methods that a target's author wrote, else of the last of them.

    Nothing where that is unknown; without ``methods`` it is that of the step.
    """
    target = resolve(header["target"])
    found = [frame for name in header.get("methods", ["step"]) if (frame := _written_at(target, name)) is not None]
    own = [frame for frame in found if not FOREIGN.match(frame.file)]
    return {"place": str((own or found[-1:])[0]) if found else ""}, []


def _written_at(target: Any, name: str) -> Frame | None:
    """The place of a method, or of the target itself where it is a function."""
    code = getattr(inspect.unwrap(getattr(target, name, target)), "__code__", None)
    return None if code is None else Frame(code.co_filename, _line_of_definition(code), code.co_name)


def _line_of_definition(code: CodeType) -> int:
    """The line that begins with ``def``, below those of decorators."""
    first = code.co_firstlineno
    below = range(first, first + MOST_LINES)
    return next((n for n in below if DEFINITION.match(linecache.getline(code.co_filename, n))), first)


def parameters_of(target: Any) -> list[dict[str, Any]] | None:
    """The parameters in their order, None for a callable that has no signature, as one written in C."""
    try:
        parameters = inspect.signature(target).parameters.values()
    except (TypeError, ValueError):
        return None
    return [_parameter(parameter) for parameter in [*parameters, *_passed_on(target, list(parameters))]]


def _passed_on(target: Any, known: list[inspect.Parameter]) -> list[inspect.Parameter]:
    """What the classes above take of a class that takes keywords of any name and none of its own."""
    stars = {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD}
    plain = [parameter for parameter in known if parameter.kind not in stars]
    takes_any = any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in known)
    if not (isinstance(target, type) and takes_any and len(plain) <= 1):
        return []
    found: dict[str, inspect.Parameter] = {}
    for owner in [above for above in target.__mro__ if "__init__" in vars(above)][1:]:
        if owner is object or owner.__module__ == "torch.optim.optimizer":
            break
        _, *taken = inspect.signature(vars(owner)["__init__"]).parameters.values()
        rest = taken[1:] if plain else taken
        found.update({p.name: p for p in rest if p.kind not in stars and p.name not in {k.name for k in plain}})
        if not any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in taken):
            break
    return list(found.values())


def _parameter(parameter: inspect.Parameter) -> dict[str, Any]:
    described = {"name": parameter.name, "kind": parameter.kind.name.lower()}
    if parameter.default is inspect.Parameter.empty:
        return described
    return {**described, "default": json_or_repr(parameter.default)}


def json_or_repr(value: Any) -> Any:
    """The value itself where JSON knows it, or what it prints as."""
    try:
        to_json(value)
    except BaseException:  # noqa: BLE001 - the value may be of any class
        return {"repr": shown(value)}
    return value
