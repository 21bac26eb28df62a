"""The standalone script of a breach: the experiment's own source, with torch alone."""

from __future__ import annotations

import ast
import re
import symtable
from collections.abc import Iterable
from importlib.resources import files

from conformance.contract.clause import Clause, request
from conformance.contract.observation import Breach
from conformance.script import import_line
from conformance.subject import WorkerSubject

COMMENT = re.compile(r"  # (noqa|fmt|type):.*$")
IMPORTS = """from __future__ import annotations

import ast
import copy
import dataclasses
import gc
import inspect
import io
import math
import os
import pickle
import random
import re
import sys
import tempfile
import warnings
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import torch
"""


def script(subject: WorkerSubject, clause: Clause, breach: Breach) -> str:
    """Return a script that makes the experiment and ends with status 1 while the clause is broken."""
    header = request(clause, subject, breach.case)
    target, _, name = header["target"].rpartition(":")
    body = source(clause)
    sparse = "    sparse=True,\n" if header["sparse"] else ""
    trial = (
        f"trial = Trial(\n    {name},\n    path={header['path']!r},\n    settings={_settings(header)},\n"
        f"    dtype=torch.{header['dtype']},\n    device={header['device']!r},\n"
        f"    arguments={header['arguments']!r},\n{sparse})"
    )
    return "\n".join(
        [
            f'"""{subject.implementation.identifier}, {subject.path.name}: {clause.sentence}"""',
            "",
            imports(body),
            import_line(target, name),
            "",
            body,
            "",
            trial,
            *_ending(clause.experiment.rpartition(".")[2], breach),
            "",
        ]
    )


def source(clause: Clause) -> str:
    """Return the source of a clause's experiment, with all that it uses but for imports."""
    module, _, function = clause.experiment.partition(".")
    return _source((module, "trial"), function)


def _settings(header: dict[str, object]) -> str:
    settings = header["settings"]
    assert isinstance(settings, dict)
    return repr({key: tuple(value) if isinstance(value, list) else value for key, value in settings.items()})


def imports(body: str) -> str:
    """Return the imports that a source needs."""
    names = {node.id for node in ast.walk(ast.parse(body)) if isinstance(node, ast.Name)} | {"torch", "sys"}
    kept = []
    for node in ast.parse(IMPORTS).body:
        if isinstance(node, ast.ImportFrom) and node.module != "__future__":
            node.names = [alias for alias in node.names if alias.name in names]
            if not node.names:
                continue
        elif isinstance(node, ast.Import) and node.names[0].name not in names:
            continue
        kept.append(ast.unparse(node))
    return "\n".join(kept)


def _source(modules: Iterable[str], function: str) -> str:
    """Return the source of a function and of all that it uses, in the order of the modules."""
    folder = files("impls").joinpath("worker", "contract")
    found: dict[str, tuple[str, set[str]]] = {}
    for module in reversed(tuple(modules)):
        text = folder.joinpath(f"{module}.py").read_text()
        for node in ast.parse(text).body:
            for name in _defined(node):
                found[name] = (_text(text, node), names_read(node))
    wanted, new = {function}, {function}
    while new:
        new = {name for known in new for name in found[known][1] if name in found} - wanted
        wanted |= new
    return "\n\n\n".join(text for name, (text, _) in found.items() if name in wanted)


def names_read(node: ast.stmt) -> set[str]:
    """Return the names that a definition reads from its module: those that it does not bind itself."""
    return _read(symtable.symtable(ast.unparse(node), "<experiment>", "exec"))


def _read(table: symtable.SymbolTable) -> set[str]:
    module = table.get_type() == "module"
    names = {s.get_name() for s in table.get_symbols() if s.is_referenced() and (module or s.is_global())}
    return names.union(*(_read(child) for child in table.get_children()))


def _defined(node: ast.stmt) -> list[str]:
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return [node.name]
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return [node.target.id]
    if isinstance(node, ast.Assign):
        return [target.id for target in node.targets if isinstance(target, ast.Name)]
    return []


def _text(text: str, node: ast.stmt) -> str:
    decorators = getattr(node, "decorator_list", [])
    first = min([node.lineno, *(item.lineno for item in decorators)])
    lines = text.splitlines()[first - 1 : node.end_lineno]
    return "\n".join(COMMENT.sub("", line).rstrip() for line in lines)


def _ending(function: str, breach: Breach) -> list[str]:
    low, high = breach.legal
    if breach.compared != "by the enclosure of the step":
        return [
            f"for seen in {function}(trial):",
            "    if seen.differing and seen.step is None:",
            '        print(f"{seen.what}: {seen.got!r}; expected {seen.expected!r}")',
            "        sys.exit(1)",
        ]
    side = "expected" if breach.quantity.endswith(" beside it") else "got"
    what = breach.quantity.removesuffix(" beside it")
    key = what.rpartition(": ")[2]
    return [
        f"low, high = float.fromhex({low.hex()!r}), float.fromhex({high.hex()!r})",
        f"for seen in {function}(trial):",
        f"    if seen.step and seen.what.startswith({what.rpartition(': ')[0]!r}):",
        f"        values = dict(zip(seen.step['places'], seen.step[{side!r}][{key!r}].tolist()))",
        f"        value = values.get({breach.place}, low)",
        f'        print(f"{what}[{breach.place}] = {{value!r}}; legal: [{{low!r}}, {{high!r}}]")',
        "        if not low <= value <= high:",
        "            sys.exit(1)",
    ]
