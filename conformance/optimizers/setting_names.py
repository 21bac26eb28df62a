"""How settings are written: under which keyword, at which place of it, and for whom."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from spec.rule import Hyperparameter

ON_OPTIMIZER = "optimizer:"
"""Stands before the name of an attribute in which an optimizer keeps something itself."""


def placed(keyword: str) -> tuple[str, int | None]:
    """Return the setting that a keyword names and the place in it: ``betas`` and 0 for ``betas[0]``."""
    name, _, place = keyword.partition("[")
    return name, int(place.removesuffix("]")) if place else None


def written(
    items: Iterable[Hyperparameter], values: Mapping[str, float], keywords: Mapping[str, tuple[str, ...]]
) -> dict[str, Any]:
    """Return the values of hyperparameters, by symbol, under the keywords that others have for them."""
    settings: dict[str, Any] = {}
    for item in items:
        if item.symbol.name in values:
            for keyword in keywords.get(item.keyword, (item.keyword,)):
                setting, place = placed(keyword)
                if place is None:
                    settings[setting] = values[item.symbol.name]
                else:
                    settings.setdefault(setting, []).append(values[item.symbol.name])
    return settings


def constructor_setting(switch: str) -> tuple[str, Any]:
    """Return the keyword and value of a switch: ``amsgrad`` is on, ``ns_steps=1`` is given."""
    keyword, _, value = switch.partition("=")
    if not value:
        return keyword, True
    try:
        return keyword, json.loads(value)
    except ValueError:
        return keyword, value
