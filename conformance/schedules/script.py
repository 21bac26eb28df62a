"""The standalone script of a finding on a scheduler: torch and the scheduler's library, nothing else.

It ends with status 1 while it fails.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from conformance.schedules.cases import described
from conformance.schedules.script_optax import script_optax
from conformance.schedules.subject import EPOCH, Failure
from impls.scheduler import OPTAX, TIMM, TORCH

GROUP_LINES = {
    EPOCH: "[scheduler.last_epoch]",
    "get_last_lr": "[float(lr) for lr in scheduler.get_last_lr()]",
    "the momentum": "[g['momentum'] if 'momentum' in g else g['betas'][0] for g in optimizer.param_groups]",
}
RATES = "[float(g['lr']) for g in optimizer.param_groups]"
STEP = {TORCH: ["scheduler.step()"], TIMM: ["count += 1", "scheduler.step(count)"]}
MEASURED = {TORCH: ["scheduler.step(given)"], TIMM: ["count += 1", "scheduler.step(count, given)"]}


def script(failure: Failure) -> str:
    """Return a script of a few lines that builds the case and shows what is wrong."""
    case = failure.case
    interface = case.node.entry.interface
    if interface == OPTAX:
        return script_optax(failure)
    node = described(case.node, case.base, case.order)
    built, counter = _built(node, "**more"), ["count = 0"] if interface == TIMM else []
    lines = [
        f'"""{case.node.entry.name}: {failure.quantity}."""', "", "import sys", "", "import torch",
        "from torch.optim import lr_scheduler", *_imports(node), "", "",
        *_optimizer(failure), "", "",
        "def schedule(optimizer, **more):", f"    return {built}", "", "",
        "optimizer = new_optimizer()", "tensors = [g['lr'] for g in optimizer.param_groups]",
        "scheduler = schedule(optimizer)", "found = []", *counter, "", "",
        "def read():", f"    found.append({GROUP_LINES.get(failure.quantity, RATES)})", "", "",
    ]  # fmt: skip
    for action in failure.actions:
        lines += _action(action, interface)
    return "\n".join([*lines, *_ending(failure)]) + "\n"


def _optimizer(failure: Failure) -> Iterator[str]:
    case = failure.case
    yield "def new_optimizer():"
    groups = []
    for lr in case.base:
        value = f"torch.tensor({lr!r}, dtype=torch.{case.lr_dtype})" if case.lr_dtype else repr(lr)
        given = "" if case.shared else f", 'lr': {value}"
        groups.append(f"{{'params': [torch.nn.Parameter(torch.zeros(1))]{given}}}")
    shared = f", lr=torch.tensor({case.base[0]!r}, dtype=torch.{case.lr_dtype})" if case.shared else ""
    more = "momentum=0.9" if case.optimizer == "SGD" else "betas=(0.9, 0.999)"
    more += f", lr={case.base[0]!r}" if case.node.entry.one_base else ""
    yield f"    groups = [{', '.join(groups)}]"
    yield f"    return torch.optim.{case.optimizer}(groups, {more}{shared})"


def _built(node: Mapping[str, Any], more: str) -> str:
    name = _called(node["target"])
    keywords = [f"{key}={value!r}" for key, value in node.get("keywords", {}).items()]
    for key, tables in node.get("tables", {}).items():
        functions = [f"{_shortened(table)}.__getitem__" for table in tables]
        keywords.append(f"{key}={functions[0] if len(functions) == 1 else '[' + ', '.join(functions) + ']'}")
    if "parts" in node:
        parts = "[" + ", ".join(_built(part, "") for part in node["parts"]) + "]"
        given = [parts, "optimizer=optimizer"] if node["first"] == "schedulers" else ["optimizer", parts]
        return f"{name}({', '.join([*given, *keywords])})"
    return f"{name}({', '.join(['optimizer', *keywords, *([more] if more else [])])})"


def _called(target: str) -> str:
    module, _, name = target.rpartition(":")
    return f"lr_scheduler.{name}" if module == "torch.optim.lr_scheduler" else name


def _imports(node: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a target from outside torch needs to be imported, whichever part it is."""
    module, _, name = node["target"].rpartition(":")
    if module.endswith(".py"):
        yield f"import runpy; {name} = runpy.run_path({module!r})[{name!r}]"
    elif module != "torch.optim.lr_scheduler":
        yield f"from {module} import {name}"
    for part in node.get("parts", ()):
        yield from _imports(part)


def _shortened(table: list[float]) -> str:
    if len(set(table)) == 1:
        return f"([{table[0]!r}] * {len(table)})"
    return repr(table)


def _action(action: list[Any], interface: str) -> list[str]:
    name, *given = action
    if name == "run":
        stepped = ["read()", "optimizer.step()", *STEP[interface]]
        return [f"for _ in range({given[0]}):", *(f"    {line}" for line in stepped)] if given[0] else []
    if name == "skip":
        return [f"for _ in range({given[0]}):", *(f"    {line}" for line in STEP[interface])]
    if name == "add":
        parameter = "torch.nn.Parameter(torch.zeros(1))"
        return [f"optimizer.add_param_group({{'params': [{parameter}], 'lr': {given[0]!r}}})"]
    if name == "read":
        return ["read()"]
    if name in {"metrics", "epochs"}:
        stepped = [*(MEASURED[interface] if name == "metrics" else ["scheduler.step(given)"]), "read()"]
        return [f"for given in {given[0]!r}:", *(f"    {line}" for line in stepped)] if given[0] else []
    if name == "resume":
        return [
            "state = optimizer.state_dict()",
            "optimizer = new_optimizer()",
            "optimizer.load_state_dict(state)",
            f"scheduler = schedule(optimizer, last_epoch={given[0]})",
        ]
    return ["kept, state = optimizer.state_dict(), scheduler.state_dict()", "before = set(state)",
            "optimizer = new_optimizer()", "tensors = [g['lr'] for g in optimizer.param_groups]",
        "scheduler = schedule(optimizer)",
            "optimizer.load_state_dict(kept)",
            "scheduler.load_state_dict(state)"]  # fmt: skip


def _ending(failure: Failure) -> Iterator[str]:
    lo, hi = failure.legal
    if failure.error:
        yield f"print('no longer raises {failure.error.partition(':')[0]}')"
    elif "tensor" in failure.quantity:
        yield "lrs = [g['lr'] for g in optimizer.param_groups]"
        yield "shared = len({id(lr) for lr in lrs}) < len(lrs)"
        yield "replaced = any(lr is not tensor for lr, tensor in zip(lrs, tensors))"
        yield "print(lrs, 'share one tensor' * shared, 'are other tensors than were given' * replaced)"
        yield "sys.exit(shared or replaced)"
    elif "of the state" in failure.quantity:
        yield "print('keys lost from the state that was loaded:', before - set(state))"
        yield "sys.exit(before != set(state))"
    elif math.isnan(lo):
        yield f"print({failure.quantity!r}, 'should be', {failure.expected!r})"
        yield "sys.exit(1)"
    else:
        end = "float('inf')" if math.isinf(hi) else repr(hi)
        yield f"value = found[{failure.index}][{failure.group}]"
        yield f"print(f'{{value!r}}; legal: from {lo!r} to {hi!r}')"
        yield f"sys.exit(not {lo!r} <= value <= {end})"
