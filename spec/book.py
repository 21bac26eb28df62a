"""The book: the families of a package, one module each, imported when they are named."""

from __future__ import annotations

import importlib
import os
import pkgutil
from collections.abc import Mapping
from pathlib import Path
from typing import Generic

from spec.family import Family, Formula
from spec.own_rules import OWN_RULES


class OwnFormulaError(ValueError):
    """A file of somebody's own cannot be used; the message says why."""


class ShadowedRuleError(OwnFormulaError):
    """A file of somebody's own has the name of one of the book."""


def modules(package: str, own: str = "") -> tuple[str, ...]:
    """Return the names of a package's modules, with those of somebody's own.

    ``own`` is the subfolder of the folder that ``STEPPROOF_RULES`` names.  Raises ``ShadowedRuleError``
    for a file there that has the name of a module of the package.
    """
    path = importlib.import_module(package).__path__
    names = {module.name for module in pkgutil.iter_modules(path[:1])}
    if not (own and os.environ.get(OWN_RULES)):
        return tuple(sorted(names))
    folder = str(Path(os.environ[OWN_RULES]) / own)
    theirs = {module.name for module in pkgutil.iter_modules([folder])}
    for name in sorted(theirs & names):
        raise ShadowedRuleError(
            f"{folder}/{name}.py has the name of a rule of the book, {', '.join(sorted(names))}; rename it"
        )
    if folder not in path:
        path.append(folder)
    return tuple(sorted(names | theirs))


class Book(Generic[Formula]):
    """The families of one package by name; each module has its ``FAMILY``."""

    def __init__(self, package: str, own: str = "") -> None:
        self.package, self.own = package, own
        self._families: dict[str, Family[Formula]] = {}
        self._built: dict[tuple[str, tuple[tuple[str, str], ...]], Formula] = {}

    def __contains__(self, name: str) -> bool:
        """Tell whether people use ``name`` for a family."""
        try:
            self.named(name)
        except KeyError:
            return False
        return True

    def family_names(self) -> tuple[str, ...]:
        """Return the name of every family, of which none is imported."""
        return modules(self.package, self.own)

    def family(self, name: str) -> Family[Formula]:
        """Return the family called ``name``, of which the name may be an alias; raises ``KeyError``."""
        return self.named(name)[0]

    def named(self, name: str) -> tuple[Family[Formula], Mapping[str, str]]:
        """Return the family that people call ``name`` and the options that it means; raises ``KeyError``.

        Others are imported where that is no family's own name, those last with whose name it does not begin.
        """
        known = self.family_names()
        if name in self._families or name in known:
            return self._imported(name), {}
        for other in sorted(known, key=lambda own: not name.startswith(own)):
            family = self._imported(other)
            if name in family.aliases:
                return family, family.aliases[name]
        raise KeyError(name)

    def families(self) -> dict[str, Family[Formula]]:
        """Return every family by name."""
        return {name: self._imported(name) for name in self.family_names()}

    def names(self) -> dict[str, tuple[Family[Formula], Mapping[str, str]]]:
        """Return every name people use for a family, with the options that it means."""
        known: dict[str, tuple[Family[Formula], Mapping[str, str]]] = {}
        for name, family in self.families().items():
            known[name] = (family, {})
            known |= {alias: (family, options) for alias, options in family.aliases.items()}
        return known

    def build(self, name: str, options: Mapping[str, str] | None = None) -> Formula:
        """Return the formula called ``name`` with ``options`` chosen beside those the name means.

        The same is built once.  Raises ``KeyError`` for an unknown name and ``ValueError`` for an
        unknown option or value.
        """
        family, meant = self.named(name)
        chosen = family.chosen({**meant, **(options or {})}, name)
        key = family.name, tuple(chosen.items())
        if key not in self._built:
            self._built[key] = family.build(**chosen)
        return self._built[key]

    def _imported(self, name: str) -> Family[Formula]:
        if name not in self._families:
            try:
                self._families[name] = importlib.import_module(f"{self.package}.{name}").FAMILY
            except Exception as error:
                if name in modules(self.package):
                    raise
                place = Path(os.environ[OWN_RULES]) / self.own / f"{name}.py"
                said = f"{type(error).__name__}: {error}"
                raise OwnFormulaError(f"{place} defines no FAMILY: {said}; mend it, or move it out") from error
        return self._families[name]
