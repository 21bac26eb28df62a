"""How a scheduler's state travels: pickle, torch's safe loader, JSON; and what a group holds."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import torch

from .serialisation import from_json, from_pickle, to_json, to_pickle


def through(way: str, state: Any) -> Any:
    """The state as it comes back; None where its content is not what JSON can hold."""
    if way == "pickle":
        return from_pickle(to_pickle(state))
    if way == "weights_only":
        stream = io.BytesIO()
        torch.save(state, stream)
        stream.seek(0)
        return torch.load(stream, weights_only=True)
    if not _fits_json(state):
        return None
    return from_json(to_json(state))


def _fits_json(value: Any) -> bool:
    """Keys that are no strings and values that are no JSON come back as something else."""
    if isinstance(value, Mapping):  # a Counter comes back as a plain dictionary
        return type(value) is dict and all(isinstance(key, str) and _fits_json(item) for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return all(_fits_json(item) for item in value)
    return value is None or isinstance(value, (str, int, float, bool))


def touched(group: Mapping[str, Any], own: frozenset[str]) -> dict[str, str]:
    """Everything in a group that a scheduler has no business with, as text."""
    rest = {key: value for key, value in group.items() if key not in own | {"params", "lr", "momentum"}}
    if "betas" in rest:
        rest["betas"] = rest["betas"][1:]
    return {key: repr(value) for key, value in rest.items()}
