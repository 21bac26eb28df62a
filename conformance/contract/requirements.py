"""What clauses require of an optimizer: each requirement returns the reason why it is not met, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import sympy as sp

from conformance.contract import settings
from conformance.contract.clause import framework
from conformance.contract.offers import asked, grouped, offers
from conformance.engine.ledger import load
from conformance.engine.verdict import Cell
from conformance.optimizers.setting_names import constructor_setting
from conformance.optimizers.subject import WorkerSubject
from impls.devices import DEVICES, HOST
from spec.rule import UpdateRule
from spec.symbols import g, lr
from spec.tensor_functions import MatrixProduct

Needs = Callable[[WorkerSubject], str]
DEPENDENT = "by its formula an element depends on the others of its tensor"


def all_of(*needs: Needs) -> Needs:
    """Return one requirement of several: its reason is that of the first that is not met."""
    return lambda subject: next((why for need in needs if (why := need(subject))), "")


def needs_keyword(name: str) -> Needs:
    """Require a keyword of the constructor."""
    return lambda subject: "" if name in offers(subject)["constructor"] else f"it offers no `{name}`"


def needs_tensor_setting(name: str) -> Needs:
    """Require a constructor and a step that take a setting as a Tensor, or a type that has a Tensor.

    What refuses one and is not typed so promised nothing, and its refusal is the reason.
    """

    def need(subject: WorkerSubject) -> str:
        rules = subject.rules.values()
        if not all(name in subject.held_options(rule, settings.active(rule, subject.fixed)) for rule in rules):
            return f"its formula has no `{name}`"
        if not typed_otherwise(name)(subject):
            return ""
        refusal = asked(subject, "takes_tensor", subject.path, keyword=name)["refusal"]
        return f"it takes no Tensor as its `{name}`: {refusal}" if refusal else ""

    return need


def typed_otherwise(name: str) -> Needs:
    """Ask for the type of a setting: arithmetic takes a Tensor for a number, whether anybody thought of it or not."""
    why = f"it only should hold: no type of its `{name}` has a Tensor"
    return lambda subject: "" if name in offers(subject)["typed as tensors"] else why


def needs_smooth_formula(subject: WorkerSubject) -> str:
    """Require a formula with a derivative by the gradient that is not zero, as it is in rules of signs."""
    if not all(rule.elementwise for rule in subject.rules.values()):
        return DEPENDENT
    by_sign = any(g not in _smooth(rule).free_symbols for rule in subject.rules.values())
    return "its formula uses the gradient's sign alone" if by_sign else ""


def _smooth(rule: UpdateRule) -> sp.Expr:
    """Return the parameter after a step, with a symbol for each sign and each condition."""
    step = rule.composed(rule.parameter.updated).replace(sp.sign, lambda _: sp.Symbol("s"))
    return step.xreplace({condition: sp.Symbol("c") for condition in step.atoms(sp.core.relational.Relational)})


def needs_documented_defaults(subject: WorkerSubject) -> str:
    """Require a documentation that states defaults."""
    return "" if offers(subject)["documented"] else "its documentation states no default"


def needs_closure(subject: WorkerSubject) -> str:
    """Require a step that takes a closure."""
    return "" if offers(subject)["step"] else "its step takes no closure"


def changes(subject: WorkerSubject, rule: UpdateRule) -> list[list[Any]]:
    """Return one other value for each setting of a group that acts in a step."""
    held = grouped(subject, dict(settings.changes(subject, rule)))
    return [[key, value] for key, value in held.items()]


def needs_step_alone(subject: WorkerSubject) -> str:
    """Require a step that can be called without a closure."""
    return "its step must be given a closure" if offers(subject)["requires closure"] else ""


def needs_usual_checkpoint(subject: WorkerSubject) -> str:
    """Require a state dictionary with torch's two parts."""
    return "" if offers(subject)["usual checkpoint"] else "its state dictionary has a format of its own"


def needs_base_class(subject: WorkerSubject) -> str:
    """Require an instance of torch's base class, which brings hooks and of which schedulers ask it."""
    return "" if offers(subject)["torch's own"] else "it is no torch.optim.Optimizer, whose base class brings hooks"


def needs_groups(subject: WorkerSubject) -> str:
    """Require param groups, in which an experiment finds the parameters of a copy and the settings."""
    return "" if offers(subject).get("groups", True) else "it holds its parameters in no param groups"


def needs_settings_in_groups(subject: WorkerSubject) -> str:
    """Require groups that hold a setting which acts in a step, under the constructor's name."""
    found = any(grouped(subject, settings.other(subject, rule)) for rule in subject.rules.values())
    return "" if found else "its groups hold none of its settings under the constructor's name"


def needs_step_count(subject: WorkerSubject) -> str:
    """Require a step count that can be read."""
    return "" if subject.counted else "it keeps no step count"


def needs_count_of_group(subject: WorkerSubject) -> str:
    """Require a step count that is kept in a param group."""
    counter = subject.implementation.counter or ""
    return "" if counter.startswith("group:") else "no param group counts its steps"


def needs_visible_state(subject: WorkerSubject) -> str:
    """Require that every state of the rule can be read."""
    return subject.unreadable


def needs_tensors_of_rank(count: int) -> Needs:
    """Require tensors of ``count`` dimensions."""

    def need(subject: WorkerSubject) -> str:
        lowest, highest = (end(r.ranks[n] for r in subject.rules.values()) for n, end in ((0, max), (1, min)))
        return "" if lowest <= count <= highest else f"its rule has no tensors of {count} dimensions"

    return need


def needs_matrix_products(subject: WorkerSubject) -> str:
    """Require a rule that multiplies matrices: what it makes of one is its own, and no mean over others."""
    programs = (rule.program for rule in subject.rules.values())
    products = all(any(line.expression.has(MatrixProduct) for line in program) for program in programs)
    return "" if products else "its rule multiplies no matrices"


def needs_independent_elements(subject: WorkerSubject) -> str:
    """Require a formula by which elements are independent, and states that can be read."""
    whole = not all(rule.elementwise for rule in subject.rules.values())
    return DEPENDENT if whole else needs_visible_state(subject)


def needs_dense_gradients(why: str) -> Needs:
    """Require dense gradients; ``why`` says why sparse ones will not do."""
    return lambda subject: "" if subject.implementation.gradient == "dense" else why


def needs_grad_scale(subject: WorkerSubject) -> str:
    """Require a step that unscales by itself."""
    return "" if offers(subject)["scaling"] else "its step takes no `grad_scale`"


def needs_unscaling(subject: WorkerSubject) -> str:
    """Require a format that GradScaler takes there: none is float16 unless the step unscales, nor bfloat16 on CUDA."""
    refused = offers(subject)["unscaling"]
    return f"torch.amp.GradScaler refuses to unscale {subject.storage.name} gradients" if refused else ""


def needs_complex_parameters(subject: WorkerSubject) -> str:
    """Require a format with complex numbers, and a path on which a complex parameter makes a step."""
    if subject.storage.name not in {"float32", "float64"}:
        return "there are no complex numbers in this format"
    paths = [subject.path]
    paths += [p for p in subject.implementation.paths_on(subject.device) if p.whole]
    refusals = [str(asked(subject, "takes_complex", path)["refusal"]) for path in paths]
    return f"it takes no complex parameter: {refusals[0]}" if all(refusals) else ""


def promises_complex_numbers(subject: WorkerSubject) -> str:
    """Ask for who says that it steps complex parameters: torch says so of its own, and of what inherits from them."""
    said = subject.implementation.complex_numbers
    return "" if said else "it only should hold: nobody says that it steps complex parameters"


def needs_another_path(subject: WorkerSubject) -> str:
    """Require another path."""
    return "" if list(other_paths(subject, ())) else "it has no other path"


def other_paths(subject: WorkerSubject, switches: tuple[str, ...]) -> Iterator[list[Any]]:
    """Yield name and keywords of the other paths on this device in this format."""
    for path in subject.implementation.paths_on(subject.device):
        fits = path.whole and subject.storage.name in path.dtypes
        if fits and path.name != subject.path.name and not deviates_in_arithmetic(subject, path.name):
            yield [path.name, {**path.constructor, **dict(map(constructor_setting, switches))}]


def deviates_in_arithmetic(subject: WorkerSubject, path: str) -> bool:
    """Tell whether nothing can be compared with a path, since its arithmetic itself is a known deviation."""
    cell = Cell(subject.implementation.identifier, path, subject.device, subject.storage.name, "agreement/local")
    version = framework(subject)
    whole = (e for e in load() if not e.narrows and e.matches(cell, version))
    return any(entry.speaks_of("elements/order") for entry in whole)


def needs_capturable_step(subject: WorkerSubject) -> str:
    """Require a capturable step that runs on the device."""
    if "capturable" not in offers(subject)["constructor"]:
        return "it offers no `capturable`"
    refusal = offers(subject)["capturable"]
    return f"a capturable step does not run on the device: {refusal}" if refusal else ""


def needs_another_device(subject: WorkerSubject) -> str:
    """Require a device that is not the host, and a path that runs on both."""
    if subject.device == HOST:
        return "everything lies on the host"
    return "a captured step has its parameters on devices" if subject.path.constructor.get("capturable") else ""


def needs_captures(subject: WorkerSubject) -> str:
    """Require a device that records a step as a graph."""
    return "" if DEVICES[subject.device].captures else f"no step is captured on {DEVICES[subject.device].title}"


def needs_streams(subject: WorkerSubject) -> str:
    """Require a device with streams, which every device has that records a step as a graph."""
    return "" if DEVICES[subject.device].captures else f"{DEVICES[subject.device].title} has no streams"


def needs_single_tensor_path(subject: WorkerSubject) -> str:
    """Require the single-tensor path, the only one that can be differentiated."""
    path = subject.path.constructor
    return "torch refuses it beside foreach and fused" if path.get("foreach") or path.get("fused") else ""


def needs_float32(subject: WorkerSubject) -> str:
    """Require the one format that speaks for all."""
    return "" if subject.storage.name == "float32" else "the format plays no part; float32 is judged"


def needs_program_of_its_own(subject: WorkerSubject) -> str:
    """Require the cell that speaks for all paths and formats, of what is no part of torch itself."""
    item = subject.implementation
    if item.target.partition(":")[0].partition(".")[0] == "torch":
        return "it is part of torch, which is what the others are compared with"
    first = item.paths_on(subject.device)[0].name
    if subject.path.name != first:
        return f"the path plays no part; {first} is judged"
    return needs_float32(subject)


def _unmoved(rule: UpdateRule) -> bool:
    """Tell whether a learning rate of 0 leaves the parameter, whatever the other lines compute."""
    step: sp.Expr = rule.parameter.updated
    for line in reversed(rule.program):
        step = step.subs(line.target, line.expression.subs(lr, 0))
    return bool(step == rule.parameter.symbol)


def needs_given_rate(subject: WorkerSubject) -> str:
    """Require a learning rate that is given."""
    return "it finds its learning rate by itself" if lr.name in subject.fixed else ""


def needs_rate_of_zero(subject: WorkerSubject) -> str:
    """Require a learning rate of 0 that can be given, is legal and stops the rule."""
    if needs_given_rate(subject):
        return needs_given_rate(subject)
    rates = [h for rule in subject.rules.values() for h in rule.hyperparameters if h.symbol == lr]
    if any(0.0 not in h.domain for h in rates):
        return "it takes no learning rate of 0"
    stopped = all(_unmoved(rule) for rule in subject.rules.values())
    return "" if stopped else "by its formula a learning rate of 0 does not stop it"
