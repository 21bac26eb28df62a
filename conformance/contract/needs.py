"""Why a clause does not apply to an optimizer: what it does not offer."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from weakref import WeakKeyDictionary

import sympy as sp

from conformance.contract.clause import framework
from conformance.ledger import load
from conformance.subject import WorkerSubject, constructor_setting
from conformance.verdict import Cell
from impls.catalogue import ExecutionPath
from impls.session import Session
from spec.rule import UpdateRule
from spec.symbols import g, lr

Needs = Callable[[WorkerSubject], str]


_ANSWERS: WeakKeyDictionary[Session, dict[str, Mapping[str, Any]]] = WeakKeyDictionary()
"""What each worker has answered, by the question; it is forgotten with its session."""


def _asked(subject: WorkerSubject, operation: str, path: ExecutionPath) -> Mapping[str, Any]:
    question = {
        "op": operation,
        "target": subject.implementation.target,
        "constructor": dict(path.constructor),
        "device": subject.device,
        "dtype": subject.storage.name,
        "sparse": subject.implementation.gradient != "dense",
    }
    answers = _ANSWERS.setdefault(subject.session, {})
    text = json.dumps(question, sort_keys=True)
    if text not in answers:
        answers[text] = subject.session.request(question).header
    return answers[text]


def offers(subject: WorkerSubject) -> Mapping[str, Any]:
    """Return what an optimizer offers: keywords of its constructor and of its step, loss scaling."""
    return _asked(subject, "offers", subject.path)


def every(*needs: Needs) -> Needs:
    """Return what the first of several needs lacks."""
    return lambda subject: next((why for need in needs if (why := need(subject))), "")


def keyword(name: str) -> Needs:
    """Return a need of a constructor keyword."""
    return lambda subject: "" if name in offers(subject)["constructor"] else f"it offers no `{name}`"


def tensor(name: str) -> Needs:
    """Return a need of a constructor keyword whose annotation mentions a Tensor."""
    return lambda subject: (
        "" if name in offers(subject)["tensors"] else f"its `{name}` is not said to be a Tensor"
    )


def derivative(subject: WorkerSubject) -> str:
    """Say that a parameter's derivative by the gradient is zero, as in rules of signs."""
    if any(rule.whole for rule in subject.rules.values()):
        return "by its formula an element depends on the others of its tensor"
    by_sign = any(g not in _smooth(rule).free_symbols for rule in subject.rules.values())
    return "its formula uses the gradient's sign alone" if by_sign else ""


def _smooth(rule: UpdateRule) -> sp.Expr:
    """Return the parameter after a step, with a symbol for each sign and each condition."""
    step = rule.composed(rule.parameter.updated).replace(sp.sign, lambda _: sp.Symbol("s"))
    return step.xreplace(
        {condition: sp.Symbol("c") for condition in step.atoms(sp.core.relational.Relational)}
    )


def documented(subject: WorkerSubject) -> str:
    """Say that nothing is written about defaults."""
    return "" if offers(subject)["documented"] else "its documentation states no default"


def closure(subject: WorkerSubject) -> str:
    """Say that a step takes no closure."""
    return "" if offers(subject)["step"] else "its step takes no closure"


def counter(subject: WorkerSubject) -> str:
    """Say that no step count can be read."""
    return "" if subject.counted else "it keeps no step count"


def shown(subject: WorkerSubject) -> str:
    """Say that states are hidden."""
    hidden = ", ".join(sorted(subject.hidden))
    return f"it does not show its state ({hidden})" if hidden else ""


def rank(count: int) -> Needs:
    """Return a need of tensors with ``count`` dimensions."""

    def need(subject: WorkerSubject) -> str:
        lowest, highest = (end(r.ranks[n] for r in subject.rules.values()) for n, end in ((0, max), (1, min)))
        return "" if lowest <= count <= highest else f"its rule has no tensors of {count} dimensions"

    return need


def elementwise(subject: WorkerSubject) -> str:
    """Say that elements are not independent by the formula."""
    whole = any(rule.whole for rule in subject.rules.values())
    return "by its formula an element depends on the others of its tensor" if whole else shown(subject)


def dense(why: str) -> Needs:
    """Return a need of dense gradients, and why sparse ones will not do."""
    return lambda subject: "" if subject.implementation.gradient == "dense" else why


def scaling(subject: WorkerSubject) -> str:
    """Say that the step itself does not unscale."""
    return "" if offers(subject)["scaling"] else "its step takes no `grad_scale`"


def scaler(subject: WorkerSubject) -> str:
    """Say that GradScaler does not unscale a format, unless the step itself does."""
    refused = subject.storage.name == "float16" and not offers(subject)["scaling"]
    return "torch.amp.GradScaler refuses to unscale float16 gradients" if refused else ""


def complex_parameters(subject: WorkerSubject) -> str:
    """Say that a format has no complex numbers, or that on no path a complex parameter makes a step."""
    if subject.storage.name not in {"float32", "float64"}:
        return "there are no complex numbers in this format"
    paths = [subject.path]
    paths += [p for p in subject.implementation.paths if p.whole and subject.device in p.devices]
    refusals = [str(_asked(subject, "takes_complex", path)["refusal"]) for path in paths]
    return f"it takes no complex parameter: {refusals[0]}" if all(refusals) else ""


def several_paths(subject: WorkerSubject) -> str:
    """Say that there is one path only."""
    return "" if list(other_paths(subject, ())) else "it has no other path"


def other_paths(subject: WorkerSubject, switches: tuple[str, ...]) -> Iterator[list[Any]]:
    """Yield name and keywords of the other paths on this device in this format."""
    for path in subject.implementation.paths:
        fits = path.whole and subject.device in path.devices and subject.storage.name in path.dtypes
        if fits and path.name != subject.path.name and not broken(subject, path.name):
            yield [path.name, {**path.constructor, **dict(map(constructor_setting, switches))}]


def broken(subject: WorkerSubject, path: str) -> bool:
    """Tell whether nothing can be compared with a path, since its arithmetic itself is a known deviation."""
    cell = Cell(
        subject.implementation.identifier, path, subject.device, subject.storage.name, "agreement/local"
    )
    version = framework(subject)
    whole = (e for e in load() if not e.judgeable and e.matches(cell, version))
    return any(entry.speaks_of("elements/order") for entry in whole)


def capturable(subject: WorkerSubject) -> str:
    """Say that a capturable step does not run on the device."""
    if "capturable" not in offers(subject)["constructor"]:
        return "it offers no `capturable`"
    refusal = offers(subject)["capturable"]
    return f"a capturable step does not run on the device: {refusal}" if refusal else ""


def single(subject: WorkerSubject) -> str:
    """Say that only the single-tensor path can be differentiated."""
    path = subject.path.constructor
    return "torch refuses it beside foreach and fused" if path.get("foreach") or path.get("fused") else ""


def process_of_its_own(subject: WorkerSubject) -> str:
    """Say that another cell speaks for this one, or that every program that uses torch has it."""
    item = subject.implementation
    if item.target.partition(":")[0].partition(".")[0] == "torch":
        return "it is part of torch, which is what the others are compared with"
    if subject.path.name != item.paths[0].name:
        return f"the path plays no part; {item.paths[0].name} is judged"
    return "" if subject.storage.name == "float32" else "the format plays no part; float32 is judged"


def _unmoved(rule: UpdateRule) -> bool:
    """Tell whether a learning rate of 0 leaves the parameter, whatever the other lines compute."""
    step: sp.Expr = rule.parameter.updated
    for line in reversed(rule.program):
        step = step.subs(line.target, line.expression.subs(lr, 0))
    return bool(step == rule.parameter.symbol)


def given_rate(subject: WorkerSubject) -> str:
    """Say that nobody gives a learning rate."""
    return "it finds its learning rate by itself" if lr.name in subject.fixed else ""


def rate(subject: WorkerSubject) -> str:
    """Say that a learning rate of 0 cannot be given, is not legal, or does not stop the rule."""
    if given_rate(subject):
        return given_rate(subject)
    rates = [h for rule in subject.rules.values() for h in rule.hyperparameters if h.symbol == lr]
    if any(0.0 not in h.domain for h in rates):
        return "it takes no learning rate of 0"
    stopped = all(_unmoved(rule) for rule in subject.rules.values())
    return "" if stopped else "by its formula a learning rate of 0 does not stop it"
