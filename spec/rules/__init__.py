"""The rule book: one module per rule, each with its ``FAMILY``.

``STEPPROOF_RULES`` names a folder whose ``spec`` holds rules of your own.
"""

from __future__ import annotations

import functools
import importlib
import os
import pkgutil
from collections.abc import Mapping

from spec.rule import RuleFamily, UpdateRule

OWN_RULES = os.environ.get("STEPPROOF_RULES", "")
if OWN_RULES:
    __path__ = [*__path__, f"{OWN_RULES}/spec"]


@functools.cache
def families() -> dict[str, RuleFamily]:
    """Return every rule family of the book by name."""
    modules = sorted(module.name for module in pkgutil.iter_modules(__path__))
    found = (importlib.import_module(f"{__name__}.{name}").FAMILY for name in modules)
    return {family.name: family for family in found}


def names() -> dict[str, tuple[RuleFamily, Mapping[str, str]]]:
    """Return every name people use for a rule, with its family and the options it means."""
    known: dict[str, tuple[RuleFamily, Mapping[str, str]]] = {}
    for family in families().values():
        known[family.name] = (family, {})
        known |= {alias: (family, options) for alias, options in family.aliases.items()}
    return known


def build(name: str, options: Mapping[str, str] | None = None) -> UpdateRule:
    """Return the rule called ``name`` with ``options`` chosen beside those the name means.

    Raises ``KeyError`` for an unknown name and ``ValueError`` for an unknown option or value.
    """
    family, meant = names()[name]
    chosen = {**meant, **(options or {})}
    legal = {option.name: option.values for option in family.options}
    for option, value in chosen.items():
        if option not in legal:
            raise ValueError(f"{name} has no option `{option}`; it has: {', '.join(legal)}")
        if value not in legal[option]:
            raise ValueError(
                f"option `{option}` of {name} cannot be `{value}`; it can be: {', '.join(legal[option])}"
            )
    if not family.legal(chosen):
        together = ", ".join(f"{option}={value}" for option, value in chosen.items())
        raise ValueError(f"{name} has no variant with {together}; change one of them")
    return family.build(**chosen)


def chosen_options(family: RuleFamily, options: Mapping[str, str]) -> dict[str, str]:
    """Return the options that differ from the family's defaults."""
    defaults = {option.name: option.default for option in family.options}
    return {name: value for name, value in options.items() if defaults[name] != value}
