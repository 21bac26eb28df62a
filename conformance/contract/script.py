"""The standalone script of a breach: the experiment's own source, with torch alone."""

from __future__ import annotations

import ast
import re
import symtable
from collections.abc import Iterable, Iterator
from importlib.resources import files

from conformance.contract.clause import Clause, request
from conformance.contract.observation import Breach
from conformance.script import import_line
from conformance.subject import WorkerSubject

COMMENT = re.compile(r"  # (noqa|fmt|type):.*$")
FOLDER = files("impls").joinpath("worker", "contract")


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
    return _source(_modules(module), function)


def _modules(name: str) -> list[str]:
    """Return a module of experiments and those beside it that it imports from."""
    wanted = [name]
    for module in wanted:
        nodes = ast.walk(ast.parse(_written(module)))
        beside = (node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.level == 1)
        wanted += [other for other in beside if other and other not in wanted]
    return wanted


def _written(module: str) -> str:
    return FOLDER.joinpath(f"{module}.py").read_text()


def _settings(header: dict[str, object]) -> str:
    settings = header["settings"]
    assert isinstance(settings, dict)
    return repr({key: tuple(value) if isinstance(value, list) else value for key, value in settings.items()})


def imports(body: str) -> str:
    """Return the imports that a source needs, of those that the experiments' modules make."""
    names = {node.id for node in ast.walk(ast.parse(body)) if isinstance(node, ast.Name)} | {"torch", "sys"}
    whole: set[str] = set()
    parts: dict[str, set[str]] = {}
    for node in _imports():
        if isinstance(node, ast.Import):
            used = (a.name for a in node.names if a.name in names or ("." in a.name and f"{a.name}." in body))
            whole |= {f"import {name}" for name in used}
        elif node.module != "__future__" and not node.level:
            parts.setdefault(str(node.module), set()).update(a.name for a in node.names if a.name in names)
    some = (
        f"from {module} import {', '.join(sorted(used))}" for module, used in sorted(parts.items()) if used
    )
    return "\n".join(["from __future__ import annotations", "", *sorted(whole), *some])


def _imports() -> Iterator[ast.Import | ast.ImportFrom]:
    """Yield the imports at the top of the experiments' modules, those for the type checker too."""
    for file in FOLDER.iterdir():
        for node in ast.parse(file.read_text()).body if file.name.endswith(".py") else ():
            inside = node.body if isinstance(node, ast.If) else [node]
            yield from (item for item in inside if isinstance(item, (ast.Import, ast.ImportFrom)))


def _source(modules: Iterable[str], function: str) -> str:
    """Return the source of a function and of all that it uses, in the order of the modules."""
    found: dict[str, tuple[str, set[str]]] = {}
    for module in reversed(tuple(modules)):
        text = _written(module)
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
