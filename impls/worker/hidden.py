"""A target behind which the names of its class, its settings and its states are hidden.

The attribute names it: `x` and the hexadecimal digits of JSON with the target and what it is always given.
Its settings are called p0, p1, ... in an order of their own, and its states s0, s1, ...
"""

from __future__ import annotations

import inspect
import json
import zlib
from typing import Any

from .failures import TargetFailure
from .target import resolve


def __getattr__(name: str) -> Any:
    if not name.startswith("x"):
        raise AttributeError(name)
    fields = json.loads(bytes.fromhex(name[1:]))
    try:
        target, always = resolve(fields["target"]), fields["always"]
    except TargetFailure as failure:  # it is marked by whoever resolves this attribute
        raise ImportError(f"{fields['target']}: {failure.__cause__}") from failure
    names = _names(target, always)
    if fields["framework"] == "torch":
        return _class(target, always, names)
    return _function(target, always, names, *(("optimizer",) if fields["framework"] == "scheduler" else ()))


def _names(target: Any, always: dict[str, Any]) -> dict[str, inspect.Parameter]:
    """The settings that stay open, by what they are called here."""
    parameters = [
        parameter
        for name, parameter in inspect.signature(target).parameters.items()
        if name not in {*always, "params", "optimizer"} and parameter.kind is not inspect.Parameter.VAR_KEYWORD
    ]
    parameters.sort(key=lambda parameter: zlib.crc32(parameter.name.encode()))
    return {f"p{place}": parameter for place, parameter in enumerate(parameters)}


def _signature(names: dict[str, inspect.Parameter], *first: str) -> inspect.Signature:
    before = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in first]
    after = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=parameter.default)
        for name, parameter in names.items()
    ]
    return inspect.Signature(before + after)


def _function(target: Any, always: dict[str, Any], names: dict[str, inspect.Parameter], *first: str) -> Any:
    def hidden(*before: Any, **given: Any) -> Any:
        return target(*before, **always, **{names[name].name: value for name, value in given.items()})

    hidden.__signature__ = _signature(names, *first)  # type: ignore[attr-defined]
    return hidden


def _class(target: Any, always: dict[str, Any], names: dict[str, inspect.Parameter]) -> Any:
    import torch

    def plain(given: dict[str, Any]) -> dict[str, Any]:
        return {names[name].name: value for name, value in given.items() if name in names}

    class Hidden(torch.optim.Optimizer):
        def __init__(self, params: Any, **given: Any) -> None:
            defaults = {name: given.get(name, parameter.default) for name, parameter in names.items()}
            missing = [name for name, value in defaults.items() if value is inspect.Parameter.empty]
            if missing:
                raise TypeError(f"missing: {missing}")
            super().__init__(params, defaults)
            self._inner = None
            self._open()

        def _open(self) -> Any:
            if self._inner is None:
                own = [{"params": group["params"], **plain(group)} for group in self.param_groups]
                self._inner = target(own, **always, **plain(self.defaults))
            return self._inner

        def step(self, closure: Any = None) -> Any:
            inner = self._open()
            for mine, own in zip(self.param_groups, inner.param_groups):
                own.update({name: value for name, value in plain(mine).items() if name in own})
            loss = inner.step() if closure is None else inner.step(closure)
            for parameter, state in inner.state.items():
                keys = sorted(state, key=lambda key: zlib.crc32(str(key).encode()))
                self.state[parameter] = {f"s{place}": state[key] for place, key in enumerate(keys)}
            return loss

    Hidden.__signature__ = _signature(names, "params")  # type: ignore[attr-defined]
    return Hidden
