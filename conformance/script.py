"""The standalone script of a finding: torch alone, a few lines, exit status 1 while it fails."""

from __future__ import annotations

from importlib.resources import files

from conformance.agreement import Outside
from conformance.contract.observation import RAISED
from conformance.script_jax import script_of_transformation
from conformance.subject import GRADIENT, NEGATED, WorkerSubject, prepare

SUBNORMAL_FORMAT = "{!r}"


def script(subject: WorkerSubject, failure: Outside) -> str:
    """Return a script that builds the case with torch and shows the value beside what is legal."""
    if subject.implementation.framework == "jax":
        return script_of_transformation(subject, failure)
    if subject.implementation.framework != "torch":
        return f"# {subject.implementation.identifier} needs stepproof itself: replay the case\n"
    case = failure.case
    rule = subject.rules[case.switches]
    header = subject.request(case, prepare(case, rule, subject.storage), every=False)
    module, _, name = subject.implementation.target.rpartition(":")
    lines = [
        f'"""{subject.implementation.identifier}, {subject.path.name}: {failure.quantity}."""',
        "",
        "import sys",
        "",
        "import torch",
        *_imported(subject, module, name),
        "",
        f"dtype, device = torch.{subject.storage.name}, {subject.device!r}",
        "parameters, groups = [], []",
    ]
    prepared = prepare(case, rule, subject.storage)
    for index, group in enumerate(header["groups"]):
        lines.append("members = []")
        for item in [p for p in prepared if p.group == index]:
            values = _values(item.values[rule.parameter.symbol.name], item.shape)
            # Autograd forbids to overwrite a leaf that asks for a gradient while it records.
            copy = ".clone()" if header["constructor"].get("differentiable") else ""
            lines += [f"p = torch.nn.Parameter({values}){copy}", "members.append(p)"]
        lines.append("parameters += members")
        lines.append(f"groups.append({{'params': members, **{group['options']!r}}})")
    lines.append(f"optimizer = {name}(groups, **{header['constructor']!r})")
    lines += _states(subject, failure)
    compiled = subject.path.compiled
    lines += ["make_step = torch.compile(lambda: optimizer.step())"] if compiled else []
    for step in range(case.steps):
        for number, item in enumerate(prepared):
            gradient = _values(item.gradients[step], item.shape)
            lines.append(f"parameters[{number}].grad = {gradient}")
        for number, options in enumerate(header["steps"][step].get("options", [])):
            lines.append(f"optimizer.param_groups[{number}].update({options!r})")
        lines.append("make_step()" if compiled else "optimizer.step()")
        if step == failure.step:
            break
    return "\n".join(lines + _ending(subject, failure)) + "\n"


def _imported(subject: WorkerSubject, module: str, name: str) -> list[str]:
    """Return the lines that import a target, or for an adapter its own source."""
    adapted = subject.implementation.adapts
    if not adapted:
        return [import_line(module, name)]
    file, _, minimiser = adapted.rpartition(":")
    source = files("impls").joinpath("worker", f"{module.rpartition('.')[2]}.py").read_text()
    body = source[source.index("\n\n", source.index("from .target")) :].strip()
    named = [import_line(file, minimiser), f"resolve = {{{adapted!r}: {minimiser}}}.get"]
    return ["from typing import Any", *named, "", body]


def import_line(module: str, name: str) -> str:
    """Return the line that imports a target."""
    if module.endswith(".py"):
        return f"import runpy; {name} = runpy.run_path({module!r})[{name!r}]"
    return f"from {module} import {name}"


def _values(array: object, shape: tuple[int, ...]) -> str:
    flat = [float(x) for x in array]  # type: ignore[attr-defined]
    if len(set(flat)) == 1 and len(flat) > 1:
        return f"torch.full({tuple(shape)!r}, {flat[0]!r}, dtype=dtype, device=device)"
    return f"torch.tensor({flat!r}, dtype=dtype, device=device).reshape({tuple(shape)!r})"


def _states(subject: WorkerSubject, failure: Outside) -> list[str]:
    rule = subject.rules[failure.case.switches]
    keys = {s.symbol.name: subject.implementation.states.get(s.keyword, s.keyword) for s in rule.states}
    lines = []
    for number, item in enumerate(prepare(failure.case, rule, subject.storage)):
        if item.count == 0:
            continue
        lines.append(f"state = optimizer.state[parameters[{number}]]")
        lines += _counted(subject.implementation.counter, item.group, item.count)
        numbers = {s.symbol.name for s in rule.states if s.scalar}
        shapes = {s.symbol.name: s.shape(item.shape) for s in rule.states}
        lines += [
            f"state[{key!r}] = {_number(item.values[symbol][0])}"
            if symbol in numbers
            else f"state[{key.removeprefix(NEGATED)!r}] = {'-' * key.startswith(NEGATED)}"
            f"{_values(item.values[symbol], shapes[symbol])}"
            for symbol, key in keys.items()
            if key
        ]
        ahead = subject.ahead(rule, failure.case.groups[item.group].hyperparameters, item)
        lines += [f"state[{key!r}] = {_number(value)}" for key, value in ahead.items()]
    return lines


def _counted(counter: str | None, group: int, count: int) -> list[str]:
    if counter is None:
        return []
    if counter.startswith("group:"):
        return [f"optimizer.param_groups[{group}][{counter.removeprefix('group:')!r}] = {count}"]
    return [f"state[{counter!r}] = torch.tensor({count}.0)"]


def _number(value: float) -> str:
    return f"torch.tensor({float(value)!r}, device=device)"


def _ending(subject: WorkerSubject, failure: Outside) -> list[str]:
    if failure.quantity == RAISED:
        return ["print('no exception')"]
    rule = subject.rules[failure.case.switches]
    owner = f"parameters[{failure.tensor}]"
    keys = {s.symbol.name: subject.implementation.states.get(s.keyword, s.keyword) for s in rule.states}
    value = f"{owner}.detach().flatten()[{failure.place}].item()"
    if failure.quantity in keys:
        key = keys[failure.quantity]
        sign, key = "-" * key.startswith(NEGATED), key.removeprefix(NEGATED)
        value = f"{sign}optimizer.state[{owner}][{key!r}].flatten()[{failure.place}].item()"
    if failure.quantity == "t":
        value = f"float(optimizer.state[{owner}][{subject.implementation.counter!r}])"
    lo, hi = failure.legal
    return [
        f"value = {value}",
        f"low, high = float.fromhex({lo.hex()!r}), float.fromhex({hi.hex()!r})",
        f"print(f'{failure.quantity} = {{value!r}}; legal: [{{low!r}}, {{high!r}}]')",
        "sys.exit(0 if low <= value <= high else 1)",
    ]


__all__ = ["GRADIENT", "script"]
