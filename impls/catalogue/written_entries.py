"""The entry of a scheduler from outside the catalogue as its own name: whoever reads it builds it again."""

from __future__ import annotations

import dataclasses
import functools
import json
from collections.abc import Mapping
from typing import Any

from impls.catalogue.scheduler_entries import CLAIM, Scheduler

OPENS = CLAIM + "{"
"""Ends the target in the name of an entry that is written out."""
_DEFAULTS = {item.name: item for item in dataclasses.fields(Scheduler)}


def written(entry: Scheduler) -> Scheduler:
    """Return an entry whose identifier says all that it holds, so that it is found by that alone."""
    plain = {
        name: getattr(entry, name)
        for name in _DEFAULTS
        if name not in {"identifier", "target"} and getattr(entry, name) != _default(name)
    }
    text = json.dumps(plain, separators=(",", ":"), sort_keys=True)
    return read(f"{entry.target}{CLAIM}{text}")


@functools.lru_cache(maxsize=4096)
def read(identifier: str) -> Scheduler:
    """Return the entry that an identifier writes out; raises ``ValueError`` for what is none."""
    target, _, text = identifier.partition(CLAIM)
    plain: dict[str, Any] = json.loads(text)
    unknown = plain.keys() - _DEFAULTS.keys()
    if unknown:
        raise ValueError(f"an entry of a scheduler has no {', '.join(sorted(unknown))}: another version wrote it")
    return Scheduler(identifier, target, **{name: _frozen(value) for name, value in plain.items()})


def _default(name: str) -> Any:
    item = _DEFAULTS[name]
    return item.default_factory() if item.default_factory is not dataclasses.MISSING else item.default


def _frozen(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_frozen(item) for item in value)
    return {key: _frozen(item) for key, item in value.items()} if isinstance(value, Mapping) else value
