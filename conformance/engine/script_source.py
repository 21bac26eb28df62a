"""Source that stands by itself: a definition, all that it uses, and the imports of that."""

from __future__ import annotations

import ast
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
    for text in _modules(folder, module):
        statements = ast.parse(text).body
        imports |= imported(statements)
        for node in statements:
            for defined in _defined(node):
                found[defined] = (_text(text, node), names_read(ast.unparse(node)))
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


def _modules(folder: Traversable, module: str) -> Iterator[str]:
    """Yield the text of a module, after those of the modules from which it has relative imports."""
    *packages, name = module.split(".")
    text = folder.joinpath(*packages, f"{name}.py").read_text()
    for node in ast.parse(text).body:
        if isinstance(node, ast.ImportFrom) and node.level and node.module:
            package = packages[: len(packages) + 1 - node.level]
            yield from _modules(folder, ".".join([*package, node.module]))
    yield text


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
