"""The parts that every standalone script has, around the body that a kind of finding contributes.

A script ends with status 3 and a line that begins with `shown:` where its finding shows, and with
status 0 and `not shown:` where it does not.  Any other status says that the case could not be tried:
an exception that is not the finding ends it with 1.
"""

from __future__ import annotations

import ast
import builtins
import keyword
import math
import os
import re
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conformance.engine.safe_text import escaped
from conformance.engine.script_source import Import, Source, imported, names_read
from impls.session import IMPORT_FROM

SHOWN = 3
OF_A_BODY = re.compile(r"(p|part_)\d+")
SECONDS = 60
"""A step that ends its process, or never ends, is given so long."""
STANDARD = imported(
    ast.parse("""
import base64
import copy
import importlib.util
import io
import json
import os
import pickle
import subprocess
import sys
import traceback
import zlib

import jax
import jax.numpy as jnp
import optax
import torch
from torch.optim import lr_scheduler
""").body
)
"""What bodies may import, by the names that they use."""
BOUND = names_read("""(
    accepted, before, broken, compiled, count, device, dtype, error, features, file, first_state, found, g,
    given, groups, held, high, keys, kept, labels, loaded, low, module, new_optimizer, optimizer, other,
    others, p, parent, put, raised, readings, resolve, row, rows, schedule, scheduler, seen, settings, shown,
    spec, state, status, step, step_of, transformation, trial, unpacked, updates, value
)""")
"""The names that bodies bind, beside tensors p0, p1 and parts part_0, part_1: no target is called so."""


@dataclass(frozen=True)
class Target:
    """A class or function of somebody's code, and the name under which a script knows it."""

    module: str
    attribute: str
    name: str

    def imported(self, number: int) -> list[str]:
        """Return the lines that import it; ``number`` tells several files apart."""
        parts = self.attribute.split(".")
        if self.module.endswith(".py"):
            # Pickle and dataclasses look a class's module up by its name.
            name = literal(f"target_{number}")
            return [
                f"spec = importlib.util.spec_from_file_location({name}, {literal(_absolute(self.module))})",
                f"module = sys.modules[{name}] = importlib.util.module_from_spec(spec)",
                "spec.loader.exec_module(module)",
                f"{self.name} = {_attribute('module', parts)}",
            ]
        if len(parts) > 1 or not all(map(_is_name, [*self.module.split("."), *parts])):
            module = f"importlib.import_module({literal(self.module)})"
            return [*self._found_here(), f"{self.name} = {_attribute(module, parts)}"]
        renamed = f" as {self.name}" * (self.name != self.attribute)
        return [*self._found_here(), f"from {self.module} import {self.attribute}{renamed}"]

    def _found_here(self) -> list[str]:
        """Return the line without which a module of the current directory or a named folder is not found."""
        first = self.module.partition(".")[0]
        named = [folder for folder in os.environ.get(IMPORT_FROM, "").split(os.pathsep) if folder]
        for folder in (".", *named) if first else ():
            root = Path(folder, first)
            if root.is_dir() or root.with_suffix(".py").is_file():
                return [f"sys.path.insert(0, {literal(_absolute(folder))})"]
        return []


def target(text: str, taken: Collection[str] = ()) -> Target:
    """Return the target written ``module:attribute`` or ``file.py:attribute``, under a name not ``taken``."""
    module, _, attribute = text.rpartition(":")
    name = re.sub(r"\W", "_", attribute.rpartition(".")[2], flags=re.ASCII)
    name = name if _is_name(name) else f"target_{name}"
    while name in {*taken, *BOUND, *STANDARD} or hasattr(builtins, name) or OF_A_BODY.fullmatch(name):
        name += "_"
    return Target(module, attribute, name)


@dataclass(frozen=True)
class Body:
    """Lines of a script, the expression of the value that they lead to, and what they use."""

    lines: Sequence[str]
    value: str
    targets: Sequence[Target]
    functions: Sequence[str] = ()
    held: Source | None = None


def assembled(
    title: str,
    body: Iterable[str],
    targets: Iterable[Target] = (),
    functions: Iterable[str] = (),
    held: Source | None = None,
) -> str:
    """Return a script: what it is about, the imports that it uses, targets, definitions and the body.

    ``functions`` are definitions as text; ``held`` is source of ours that stands before them.
    """
    loaded = [line for number, item in enumerate(targets) for line in item.imported(number)]
    defined = [f"\n\n{text.strip()}" for text in ([held.text] if held else []) + [*functions]]
    parts = [*loaded, *defined, "\n" if defined else "", *body]
    code = "\n".join(parts)
    read = names_read(code)
    known = {**STANDARD, **(held.imports if held else {})}
    used = {name: item for name, item in known.items() if name in read or ("." in name and name in code)}
    future = ["from __future__ import annotations", ""] if held else []
    return "\n".join([docstring(title), "", *future, *_imports(used), *parts, ""])


def _imports(used: Mapping[str, Import]) -> Iterator[str]:
    """Yield import lines: the standard library's, and after an empty line all others."""
    statements = {(item.module, "") for item in used.values() if not item.name} | {
        (item.module, "from") for item in used.values() if item.name
    }
    own = {pair for pair in statements if pair[0].partition(".")[0] in sys.stdlib_module_names}
    for number, block in enumerate((own, statements - own)):
        yield from [""] * (number and bool(block))
        for module, from_it in sorted(block, key=lambda pair: (pair[1], pair[0])):
            bound = {name: item.name for name, item in used.items() if item.module == module}
            if from_it:
                names = (name if name == of_it else f"{of_it} as {name}" for name, of_it in bound.items() if of_it)
                yield f"from {module} import {', '.join(sorted(names))}"
            else:
                renamed = next(name for name, of_it in bound.items() if not of_it)
                yield f"import {module}" + f" as {renamed}" * (renamed != module)


def docstring(text: str) -> str:
    """Return a docstring of one line that holds any text."""
    return '"""' + escaped("".join(f"\\{c}" if c in '\\"' else c for c in _one_line(text))) + '"""'


def comment(text: str) -> list[str]:
    """Return a comment of one line, none for no text."""
    return [f"# {escaped(_one_line(text))}"] if text else []


def _one_line(text: str) -> str:
    return " ".join(text.split())


def literal(value: Any) -> str:
    """Return the expression of a value that JSON could hold, or a tuple: every number exactly."""
    if isinstance(value, float):
        return repr(float(value)) if math.isfinite(value) else f"float({str(float(value))!r})"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{literal(key)}: {literal(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        items = ", ".join(map(literal, value))
        return f"[{items}]" if isinstance(value, list) else f"({items}{',' * (len(value) == 1)})"
    return repr(value)


def tuples(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings with tuples in place of lists, as optimizers ask for several numbers."""
    return {key: tuple(value) if isinstance(value, list) else value for key, value in settings.items()}


def as_written(compiles: Collection[str]) -> list[str]:
    """Return the line without which what code gives to torch.compile itself would be compiled."""
    return ["torch.compiler.set_stance('force_eager')"] if compiles else []


def keywords(settings: Mapping[str, Any], targets: list[Target]) -> str:
    """Return keywords of a constructor as a literal; objects that stand for themselves join the ``targets``."""
    shown = {name: literal(value) for name, value in tuples(settings).items()}
    for name, value in settings.items():
        if isinstance(value, Mapping) and set(value) == {"object"}:
            targets.append(target(value["object"], {known.name for known in targets}))
            shown[name] = targets[-1].name
    return f"{{{', '.join(f'{literal(name)}: {value}' for name, value in shown.items())}}}"


def arguments(*given: str, **settings: Any) -> str:
    """Return what stands between the brackets of a call."""
    plain = all(map(_is_name, settings))
    named = [f"{key}={literal(value)}" for key, value in settings.items() if plain]
    return ", ".join([*given, *(named if plain else [f"**{literal(settings)}"])])


def repeated(blocks: Sequence[Sequence[str]]) -> list[str]:
    """Return blocks of lines one after another, equal ones that follow each other as a loop."""
    lines: list[str] = []
    place = 0
    while place < len(blocks):
        end = place
        while end < len(blocks) and blocks[end] == blocks[place]:
            end += 1
        lines += loop(end - place, blocks[place])
        place = end
    return lines


def loop(times: int, block: Sequence[str]) -> list[str]:
    """Return a block of lines, so many times."""
    return list(block) if times == 1 else [f"for _ in range({times}):", *indented(block)] if times else []


def indented(lines: Iterable[str]) -> list[str]:
    """Return lines one level further in."""
    return [f"    {line}" if line else "" for line in lines]


def told(text: str) -> str:
    """Return text as a part of what an ending says, in which braces hold expressions."""
    return _one_line(text).replace("{", "{{").replace("}", "}}")


def ending(shown: str, said: str) -> list[str]:
    """Return the end of every script: ``shown`` is a condition, ``said`` the content of an f-string."""
    return [
        f"shown = {shown}",
        f"print('shown:' if shown else 'not shown:', f{said!r})",
        f"sys.exit({SHOWN} if shown else 0)",
    ]


def compared(what: str, value: str, legal: tuple[float, float]) -> list[str]:
    """Return the end of a script that compares the value of an expression with the legal interval."""
    said = f"{told(what)} = {{value!r}}; legal: from {{low!r}} to {{high!r}}"
    return [
        f"value = {value}",
        f"low, high = {literal(legal[0])}, {literal(legal[1])}",
        *ending("not low <= value <= high", said),
    ]


def raising(lines: Sequence[str], error: str, expected: str = "no exception") -> list[str]:
    """Return lines that should not raise, and the end of a script that shows that they do.

    ``error`` is what was seen, as `Kind: message` or `Kind during ...`; where it is nothing of that
    sort the process ended or gave no answer, and the lines are tried in a process of their own.
    """
    kind = re.match(r"(\w+)(?::| during )", error)
    if not kind and error:
        return [*_in_a_child(expected), *lines]
    other = [f"    if type(error).__name__ != {literal(kind[1])}:", "        raise"] if kind else []
    return [
        "raised = ''",
        "try:",
        *indented(lines),
        "except Exception as error:",
        *other,
        "    traceback.print_exc()",
        "    raised = type(error).__name__",
        *ending("bool(raised)", f"it raises {{raised or None}}; expected: {told(expected)}"),
    ]


def _in_a_child(expected: str) -> list[str]:
    return [
        "if len(sys.argv) == 1:",
        *indented(
            [
                "try:",
                f"    status = subprocess.call([sys.executable, __file__, 'try'], timeout={SECONDS})",
                "except subprocess.TimeoutExpired:",
                f"    status = 'none within {SECONDS} seconds'",
                "if status == 1:",
                "    sys.exit(1)",
                *ending("status != 0", f"its process ends with status {{status}}; expected: {told(expected)}"),
            ]
        ),
        "",
    ]


def _attribute(owner: str, parts: Sequence[str]) -> str:
    for part in parts:
        owner = f"{owner}.{part}" if _is_name(part) else f"getattr({owner}, {literal(part)})"
    return owner


def _absolute(path: str) -> str:
    return str(Path(path).resolve())


def _is_name(text: str) -> bool:
    return text.isidentifier() and not keyword.iskeyword(text)
