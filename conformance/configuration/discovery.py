"""Finds the optimizers and schedulers of a project in its source files, of which none is imported."""

from __future__ import annotations

import ast
import enum
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

SKIPPED = frozenset({"build", "dist", "node_modules", "site-packages", "test", "tests", "venv", "env", "docs"})
"""Folders in which nobody keeps what a gate is for, beside hidden ones."""
MOST_FILES, LARGEST = 20_000, 1 << 20
SOURCES = ("src", "lib", "python")
"""Folders that are put on the path of imports rather than imported."""


class ClassSort(enum.StrEnum):
    """What a class says that it is."""

    OPTIMIZER = "optimizer"
    SCHEDULER = "scheduler"


@dataclass(frozen=True)
class FoundClass:
    """A class of the project: its target, the folder it is imported from, and what it says that it is."""

    target: str
    folder: str
    sort: ClassSort
    line: int

    @property
    def name(self) -> str:
        """The name of the class."""
        return self.target.rpartition(":")[2]


@dataclass
class _SourceFile:
    """A source file: the names that it imports, and the classes that it defines with their bases."""

    name: str
    folder: str
    imported: dict[str, str] = field(default_factory=dict)
    classes: dict[str, tuple[ast.ClassDef, tuple[str, ...]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Scan:
    """What the sources of a project hold: its classes, a sentence for each file that is no Python, and own formulas.

    ``rules`` is the folder in whose ``spec`` families of formulas are defined, or nothing.
    """

    classes: tuple[FoundClass, ...]
    unread: tuple[str, ...]
    rules: str


def scanned(root: Path) -> Scan:
    """Return what is below a folder: classes in the order of their names; each file is read once."""
    read = {file: _read(file, root) for file in _files(root)}
    modules = {file: found for file, found in read.items() if isinstance(found, _SourceFile)}
    bases = {
        f"{module.name}.{name}": found for module in modules.values() for name, (_, found) in module.classes.items()
    }
    classes = tuple(
        FoundClass(f"{module.name}:{name}", module.folder, sort, definition.lineno)
        for module in sorted(modules.values(), key=lambda module: module.name)
        for name, (definition, _) in module.classes.items()
        if not name.startswith("_") and (sort := _sort(f"{module.name}.{name}", bases, definition)) is not None
    )
    rules = (folder for file, module in modules.items() if (folder := _rules(file, module, root)))
    return Scan(classes, tuple(said for said in read.values() if isinstance(said, str)), next(rules, ""))


def _rules(file: Path, module: _SourceFile, root: Path) -> str:
    """Return the folder of formulas in which a file defines one, or nothing."""
    folder = {"spec": file.parent.parent, "schedules": file.parent.parent.parent}.get(file.parent.name)
    if folder is None or not folder.is_relative_to(root) or "spec.family.Family" not in module.imported.values():
        return ""
    return str(folder.relative_to(root))


def _files(root: Path) -> Iterator[Path]:
    count = 0
    for place, folders, names in os.walk(root):
        folders[:] = sorted(
            name for name in folders if not name.startswith((".", "__")) and not _skipped(Path(place) / name)
        )
        for name in sorted(names):
            if name.endswith(".py") and not name.startswith("test_") and name != "conftest.py":
                count += 1
                if count > MOST_FILES:
                    return
                yield Path(place) / name


def _skipped(folder: Path) -> bool:
    return folder.name in SKIPPED or (folder / "pyvenv.cfg").exists()


def _read(file: Path, root: Path) -> _SourceFile | str:
    """Return what a file defines, or why that cannot be read."""
    try:
        if file.stat().st_size > LARGEST:
            return f"{file.relative_to(root)}: more than {LARGEST:,} bytes"
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError) as error:
        where = f" line {error.lineno}" if isinstance(error, SyntaxError) else ""
        return f"{file.relative_to(root)}: {type(error).__name__}{where}"
    name, folder = _module_name(file, root)
    module = _SourceFile(name, folder)
    for node in _statements(tree.body):
        if isinstance(node, ast.Import):
            for alias in node.names:
                first = alias.name.partition(".")[0]
                module.imported[alias.asname or first] = alias.name if alias.asname else first
        elif isinstance(node, ast.ImportFrom):
            origin = _origin(node, name, file.name == "__init__.py")
            module.imported |= {alias.asname or alias.name: f"{origin}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.ClassDef):
            module.classes[node.name] = node, tuple(filter(None, (_dotted(base) for base in node.bases)))
    module.classes = {
        name: (node, tuple(_resolved(base, module) for base in bases)) for name, (node, bases) in module.classes.items()
    }
    return module


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements of a module, those in the branches of conditions and exceptions too."""
    for node in body:
        yield node
        if isinstance(node, ast.If | ast.Try | ast.With):
            yield from _statements(node.body)
        if isinstance(node, ast.If | ast.Try):
            yield from _statements(node.orelse)
        for handler in node.handlers if isinstance(node, ast.Try) else ():
            yield from _statements(handler.body)


def _module_name(file: Path, root: Path) -> tuple[str, str]:
    """Return the name under which a file is imported, and from which folder below the root: "." is the root itself."""
    parts = list(file.relative_to(root).with_suffix("").parts)
    if parts[-1] == "__init__" and len(parts) > 1:
        parts.pop()
    folder = "."
    if len(parts) > 1 and parts[0] in SOURCES and not (root / parts[0] / "__init__.py").exists():
        folder = parts.pop(0)
    return ".".join(parts), folder


def _origin(node: ast.ImportFrom, module: str, package: bool) -> str:
    """Return the module that an import names, a relative one too."""
    if not node.level:
        return node.module or ""
    parts = module.split(".")
    kept = parts[: len(parts) - node.level + package]
    return ".".join([*kept, *(node.module or "").split(".")]).strip(".")


def _dotted(node: ast.expr) -> str:
    """Return a name with dots, without what stands in brackets; nothing for another expression."""
    if isinstance(node, ast.Subscript):
        return _dotted(node.value)
    if isinstance(node, ast.Attribute):
        before = _dotted(node.value)
        return f"{before}.{node.attr}" if before else ""
    return node.id if isinstance(node, ast.Name) else ""


def _resolved(base: str, module: _SourceFile) -> str:
    """Return a base under its full name, as far as the imports of its module tell it."""
    first, dot, rest = base.partition(".")
    if first in module.classes:
        return f"{module.name}.{base}"
    return f"{module.imported.get(first, first)}{dot}{rest}"


def _sort(name: str, bases: Mapping[str, tuple[str, ...]], definition: ast.ClassDef) -> ClassSort | None:
    """Return what a class is by the roots of its bases, or by its methods where it has no base."""
    seen: set[str] = set()
    waiting = [name]
    while waiting:
        one = waiting.pop()
        if one in seen:
            continue
        seen.add(one)
        if one != name and (sort := _known(one)) is not None:
            return sort
        waiting += bases.get(one, _alike(one, bases))
    methods = {item.name for item in definition.body if isinstance(item, ast.FunctionDef)}
    return ClassSort.OPTIMIZER if {"step", "zero_grad"} <= methods else None


def _alike(name: str, bases: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Return the bases of a class that a package gives on under a shorter name."""
    last = f".{name.rpartition('.')[2]}"
    first = name.partition(".")[0]
    return next((found for other, found in bases.items() if other.endswith(last) and other.startswith(f"{first}.")), ())


def _known(name: str) -> ClassSort | None:
    """Return what a base from outside the project is."""
    last = name.rpartition(".")[2]
    if ".lr_scheduler" in name or last in {"LRScheduler", "_LRScheduler"}:
        return ClassSort.SCHEDULER
    return ClassSort.OPTIMIZER if name.startswith("torch.optim") or last == "Optimizer" else None
