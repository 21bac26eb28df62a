"""The book of schedules: one module per schedule, each with its ``FAMILY``."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Mapping

from spec.schedule import Schedule, ScheduleFamily


@functools.cache
def families() -> dict[str, ScheduleFamily]:
    """Return every family of the book by name."""
    modules = sorted(module.name for module in pkgutil.iter_modules(__path__))
    found = [importlib.import_module(f"{__name__}.{name}") for name in modules]
    return {module.FAMILY.name: module.FAMILY for module in found if hasattr(module, "FAMILY")}


def build(name: str, options: Mapping[str, str] | None = None) -> Schedule:
    """Return the schedule called ``name``.

    Raises ``KeyError`` for an unknown name and ``ValueError`` for an unknown option or value.
    """
    family = families()[name]
    legal = {option.name: option.values for option in family.options}
    for option, value in (options or {}).items():
        if option not in legal:
            known = ", ".join(legal) or "none"
            raise ValueError(f"{name} has no option `{option}`; it has: {known}")
        if value not in legal[option]:
            known = ", ".join(legal[option])
            raise ValueError(f"option `{option}` of {name} cannot be `{value}`; it can be: {known}")
    return _built(name, tuple(sorted((options or {}).items())))


@functools.cache
def _built(name: str, options: tuple[tuple[str, str], ...]) -> Schedule:
    return families()[name].build(**dict(options))
