"""Finds half formats in which an unknown optimizer keeps beside a parameter what the format cannot hold of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from conformance.recognition.trial import TrialSteps, Trier
from reference.formats import BFLOAT16, FLOAT16, FLOAT32, FLOAT64, Format

SIXTEEN_BITS = frozenset({"int16", "uint16"})
"""How the lower half of a float32 number is kept whose upper half is a bfloat16 number."""


def rests(trier: Trier, trial: TrialSteps, known: Collection[str]) -> tuple[str, ...]:
    """Return the half formats in which a parameter is stepped with more than it shows.

    A master weight in float32, the 16 bits that make one of a bfloat16 number, or what its rounding lost, is kept
    beside the states; ``known`` are the paths of these.
    """
    found = []
    for storage in (BFLOAT16, FLOAT16):
        like = {"shape": list(trial.shape), "gradient": trial.gradient, "dtype": storage.name}
        shown = trier.described(**like, constructor=dict(trial.constructor), calling=trial.calling)["trial"]
        if shown.get("ok") and _keeps_rest(shown["steps"], known, storage):
            found.append(storage.name)
    return tuple(found)


def _keeps_rest(steps: Sequence[Mapping[str, Any]], known: Collection[str], storage: Format) -> bool:
    paths = steps[-1]["state"].keys() - set(known)
    parameters = [np.array(step["parameter"], FLOAT64.work) for step in steps]
    return any(_is_rest([step["state"].get(path, {}) for step in steps], parameters, storage) for path in paths)


def _is_rest(kept: Sequence[Mapping[str, Any]], parameters: Sequence[Any], storage: Format) -> bool:
    dtype = kept[-1].get("dtype")
    if any(
        item.get("dtype") != dtype or len(item.get("values") or ()) != p.size for item, p in _pairs(kept, parameters)
    ):
        return False
    values = [(np.array(item["values"], FLOAT64.work), p) for item, p in _pairs(kept, parameters)]
    if all((value == 0.0).all() for value, _ in values):
        return False
    if dtype in SIXTEEN_BITS:
        return storage == BFLOAT16
    if dtype == FLOAT32.name:
        near = all((storage.nearest(value.astype(storage.work)) == p).all() for value, p in values)
        if near and any((value != p).any() for value, p in values):
            return True
    room = 2.0 * storage.unit_roundoff
    return dtype in {FLOAT32.name, storage.name} and all(
        (np.abs(value) <= room * (np.abs(p) + storage.smallest_normal)).all() for value, p in values
    )


def _pairs(kept: Sequence[Mapping[str, Any]], parameters: Sequence[Any]) -> list[tuple[Mapping[str, Any], Any]]:
    return list(zip(kept, parameters, strict=True))
