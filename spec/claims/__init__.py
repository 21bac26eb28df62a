"""Claims of the literature about several rules or whole runs: one module each, with its ``CLAIMS``."""

from __future__ import annotations

import functools
import importlib
import pkgutil

from spec.family import FormulaClaim


@functools.cache
def claims() -> tuple[FormulaClaim, ...]:
    """Return every claim of this folder, module by module."""
    modules = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return tuple(claim for name in modules for claim in importlib.import_module(f"{__name__}.{name}").CLAIMS)
