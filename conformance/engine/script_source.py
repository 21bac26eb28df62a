"""Source that stands by itself: a definition, all that it uses, and the imports of that."""

from __future__ import annotations

import ast
import functools
import re
import symtable
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from importlib.resources.abc import Traversable

COMMENT = re.compile(r"  # (noqa|fmt|type):.*$")


@dataclass(frozen=True)
class Import:
    """One imported name: a module, or ``name`` of it."""

    module: str
    name: str = ""


@dataclass(frozen=True)
class Source:
    """Definitions as text, and by the names that they bind the imports that they may use."""

    text: str
    imports: Mapping[str, Import]


def source(folder: Traversable, module: str, *names: str, without: Container[str] = ()) -> Source:
    """Return definitions of a module with all that they use, there and in modules that it imports from.

    ``module`` is dotted, and ``folder`` holds all that its relative imports reach.  Names in ``without`` are
    left out: who puts the source into a program defines them there.
    """
    found: dict[str, tuple[str, set[str]]] = {}
    imports: dict[str, Import] = {}
    for read in _modules(folder, module):
        imports |= read.imports
        found |= read.definitions
    wanted = new = set(names)
    while new:
        new = {used for known in new for used in found[known][1] if used in found} - wanted
        new = {used for used in new if used not in without}
        wanted = wanted | new
    return Source("\n\n\n".join(text for known, (text, _) in found.items() if known in wanted), imports)


def names_read(text: str) -> set[str]:
    """Return the names that a program reads from its module or from Python itself."""
    return _read(symtable.symtable(text, "<script>", "exec"))


def imported(statements: list[ast.stmt]) -> dict[str, Import]:
    """Return the absolute imports of a module by the names that they bind, those for types among them."""
    found: dict[str, Import] = {}
    for node in statements:
        if isinstance(node, ast.If):
            found |= imported(node.body)
        elif isinstance(node, ast.Import):
            found |= {alias.asname or alias.name: Import(alias.name) for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {alias.asname or alias.name: Import(node.module, alias.name) for alias in node.names}
    return found


@dataclass(frozen=True)
class _Module:
    """What a module defines, with the names that each definition reads, and what it imports."""

    definitions: Mapping[str, tuple[str, set[str]]]
    imports: Mapping[str, Import]
    relative: tuple[tuple[int, str], ...]
    """Its relative imports: how far up, and the module."""


@functools.lru_cache(maxsize=256)
def _module(text: str) -> _Module:
    """Read a module; each is read once."""
    statements = ast.parse(text).body
    definitions = {
        defined: (_text(text, node), names_read(ast.unparse(node))) for node in statements for defined in _defined(node)
    }
    relative = (node for node in statements if isinstance(node, ast.ImportFrom) and node.level and node.module)
    return _Module(definitions, imported(statements), tuple((node.level, node.module or "") for node in relative))


def _modules(folder: Traversable, module: str) -> Iterator[_Module]:
    """Yield a module after those from which it has relative imports."""
    *packages, name = module.split(".")
    read = _module(folder.joinpath(*packages, f"{name}.py").read_text())
    for level, other in read.relative:
        yield from _modules(folder, ".".join([*packages[: len(packages) + 1 - level], other]))
    yield read


def _read(table: symtable.SymbolTable) -> set[str]:
    module = table.get_type() == "module"
    names = {s.get_name() for s in table.get_symbols() if s.is_referenced() and (module or s.is_global())}
    return names.union(*(_read(child) for child in table.get_children()))


def _defined(node: ast.stmt) -> list[str]:
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _text(text: str, node: ast.stmt) -> str:
    decorators = getattr(node, "decorator_list", [])
    first = min([node.lineno, *(item.lineno for item in decorators)])
    lines = text.splitlines()[first - 1 : node.end_lineno]
    return "\n".join(COMMENT.sub("", line).rstrip() for line in lines)
