"""Where an implementation is written, as its target names it: nothing is imported to find that out."""

from __future__ import annotations

import ast
import contextlib
import hashlib
from collections.abc import Iterator
from pathlib import Path, PurePath

from conformance.exchange.occasion import SourcePlace
from conformance.report.model import Report

MOST_BYTES = 10_000_000
"""A larger file is none that somebody wrote."""


def sources(report: Report, root: Path) -> dict[str, SourcePlace]:
    """Return the file of each implementation that is written below the root, with the line of its step."""
    found: dict[str, SourcePlace | None] = {}
    for item in report.implementations:
        module, _, name = item.target.rpartition(":")
        with contextlib.suppress(OSError):  # a target may be no name of a file at all
            held = (_source(path.resolve(), name, root) for path in _files_of(module))
            found[item.identifier] = next((source for source in held if source), None)
    return {name: source for name, source in found.items() if source}


def _source(path: Path, name: str, root: Path) -> SourcePlace | None:
    if not (path.is_file() and path.is_relative_to(root) and path.stat().st_size <= MOST_BYTES):
        return None
    content = path.read_bytes()
    return SourcePlace(path.relative_to(root).as_posix(), hashlib.sha256(content).hexdigest(), step_line(content, name))


def step_line(content: bytes, name: str) -> int:
    """Return the line at which the step of a class begins, or the class or function itself; else the first line."""
    line = 1
    with contextlib.suppress(SyntaxError, ValueError, RecursionError, MemoryError):
        for node in ast.parse(content).body:
            if isinstance(node, ast.ClassDef) and node.name == name:
                steps = [part for part in node.body if isinstance(part, ast.FunctionDef) and part.name == "step"]
                line = _first_line(steps[-1] if steps else node)
            elif isinstance(node, ast.FunctionDef) and node.name == name:
                line = _first_line(node)
    return line


def _first_line(node: ast.ClassDef | ast.FunctionDef) -> int:
    return min(part.lineno for part in (node, *node.decorator_list))


def _files_of(module: str) -> Iterator[Path]:
    """Yield where a module may lie, from the folder one is in."""
    if "\0" in module:
        return
    if module.endswith(".py"):
        yield Path(module)
        return
    parts = module.split(".")
    if not all(part.isidentifier() for part in parts):
        return
    path = PurePath(*parts)
    for folder in ("", "src"):
        yield Path(folder, path.with_suffix(".py"))
        yield Path(folder, path, "__init__.py")
