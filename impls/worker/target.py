"""A target is written `module:attribute` or `path/to/file.py:attribute`."""

from __future__ import annotations

import sys
import zlib
from functools import cache
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .failures import phase

if TYPE_CHECKING:
    from types import ModuleType

IMPORT_FROM = "STEPPROOF_IMPORT_FROM"
"""The variable that names folders, as `PYTHONPATH` does, for the code under test alone."""


@cache
def resolve(target: str) -> Any:
    """The object that a target names is imported once in the life of a worker."""
    with phase("import"):
        module_name, _, attribute = target.rpartition(":")
        if not module_name or not attribute:
            raise ValueError(
                f"the target {target!r} names no attribute of a module; "
                "write module:attribute or path/to/file.py:attribute"
            )
        found: Any = _module(module_name)
        for name in attribute.split("."):
            found = getattr(found, name)
        return found


def _module(name: str) -> ModuleType:
    return _module_of_file(Path(name)) if name.endswith(".py") else import_module(name)


def _module_of_file(path: Path) -> ModuleType:
    location = path.resolve()
    name = f"_stepproof_target_{location.stem}_{zlib.crc32(bytes(location)):08x}"
    if name in sys.modules:
        return sys.modules[name]
    spec = spec_from_file_location(name, location)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} cannot be loaded as a module; name a Python source file")
    module = module_from_spec(spec)
    sys.modules[name] = module  # pickle and dataclasses look a class's module up by its name
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module
