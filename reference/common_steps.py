"""What the references of many rules do alike: the gradient used, and decoupled decay."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from reference.formats import Array

Number: TypeAlias = type[Any]
"""The scalar type of the format a reference computes in."""


def used_gradient(
    options: Mapping[str, str], number: Number, scalars: Mapping[str, float], before: Mapping[str, Array]
) -> Array:
    """Return the gradient after maximize and coupled decay."""
    gradient: Array = before["g"].astype(number)
    if options["maximize"] == "yes":
        gradient = -gradient
    if options.get("decay") == "coupled":
        gradient = gradient + number(scalars["lambda"]) * before["theta"].astype(number)
    return gradient


def decayed(options: Mapping[str, str], number: Number, scalars: Mapping[str, float], theta: Array) -> Array:
    """Return the parameter after decoupled weight decay."""
    if options["decay"] != "decoupled":
        return theta
    shrunk: Array = theta * number(1 - scalars["eta"] * scalars["lambda"])
    return shrunk
