"""Clauses about what a step is to the program around it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from conformance.contract.arguments import each, once
from conformance.contract.clause import Clause
from conformance.contract.needs import (
    capturable,
    closure,
    derivative,
    elementwise,
    every,
    keyword,
    offers,
    other_paths,
    process_of_its_own,
    several_paths,
    shown,
    single,
)
from conformance.subject import WorkerSubject
from spec.rule import UpdateRule


def _paths(subject: WorkerSubject, rule: UpdateRule) -> Iterator[Mapping[str, Any]]:
    switches = next(key for key, value in subject.rules.items() if value is rule)
    for path in other_paths(subject, switches):
        yield {"paths": [path], "steps": 3}


def _derivatives(subject: WorkerSubject, _: UpdateRule) -> Iterator[Mapping[str, Any]]:
    yield {"made": [0, 2], "by": ["gradient"]}
    if "lr" in offers(subject)["tensors"]:
        yield {"made": [0, 2], "by": ["lr"]}


CLAUSES = (
    Clause(
        "whole/paths-agree",
        "All paths of an optimizer make the same step, as far as their profiles go.",
        "torch, torch.optim: foreach and fused choose how a step is computed, not which",
        "whole.paths",
        _paths,
        needs=every(several_paths, shown),
        every_path=True,
    ),
    Clause(
        "whole/deterministic",
        "Two equal runs end equal.",
        "torch, notes on reproducibility",
        "whole.deterministic",
        once({"size": 999, "steps": 2}),
    ),
    Clause(
        "whole/threads",
        "The number of threads changes no element's result.",
        "torch, set_num_threads: it sets how many threads compute, not what",
        "whole.threads",
        once({"sizes": [65537, 131073], "threads": 2}),
        needs=shown,
    ),
    Clause(
        "whole/surroundings",
        "Settings of torch, random states, signal handlers and everybody's functions stay as they were.",
        "this contract: a step changes parameters and states, and nothing else",
        "whole.surroundings",
        each({}),
    ),
    Clause(
        "whole/import",
        "Its import changes no setting of torch, no signal handler and no function that others call.",
        "Python: an import defines names in its own module",
        "whole.imported",
        once({}),
        needs=process_of_its_own,
    ),
    Clause(
        "whole/leaves-nothing",
        "Dropped, it leaves no thread and no process, and the program ends with its own status.",
        "Python, the data model: a finalizer and an exit handler belong to their object",
        "whole.leaves_nothing",
        once({}),
        needs=process_of_its_own,
    ),
    Clause(
        "whole/default-dtype",
        "The default dtype changes no result.",
        "torch, set_default_dtype: it is the dtype of tensors that name none",
        "whole.default_dtype",
        once({"dtypes": ["float64", "float16", "bfloat16"], "steps": 3}),
    ),
    Clause(
        "whole/default-device",
        "The default device, where it is not the parameters', changes no result.",
        "torch, set_default_device; torch.optim.Adam keeps its step count on the CPU whatever it is",
        "whole.default_device",
        once({}),
    ),
    Clause(
        "whole/closure",
        "A closure is called once, with gradients enabled, and its loss is returned.",
        "torch, Optimizer.step: a closure that reevaluates the model and returns the loss",
        "whole.closure",
        each({}),
        needs=closure,
    ),
    Clause(
        "whole/step-hooks",
        "The hooks before and after a step run once each, until they are removed.",
        "torch, Optimizer.register_step_pre_hook and register_step_post_hook",
        "whole.step_hooks",
        once({}),
    ),
    Clause(
        "whole/hook-arguments",
        "A hook before a step may put others in the place of its arguments, a closure for one.",
        "torch, Optimizer.register_step_pre_hook: it may return new arguments",
        "whole.hook_arguments",
        once({}),
    ),
    Clause(
        "whole/zero-grad",
        "zero_grad removes the gradients, or fills them with zeros where it is asked to.",
        "torch, Optimizer.zero_grad",
        "whole.zero_grad",
        once({}),
    ),
    Clause(
        "whole/in-place",
        "A step writes into the parameters that it was given.",
        "torch, torch.optim: the model and the optimizer hold the same parameters",
        "whole.in_place",
        each({}),
    ),
    Clause(
        "whole/memory",
        "Memory does not grow with the number of steps, and a dropped optimizer is freed.",
        "this contract: a state is kept once for each parameter",
        "whole.memory",
        once({"steps": 20}),
    ),
    Clause(
        "whole/differentiable",
        "With differentiable the step is the same, and autograd finds the derivative of the formula.",
        "torch, torch.optim: autograd occurs through the step",
        "whole.differentiable",
        _derivatives,
        needs=every(keyword("differentiable"), single, derivative, elementwise),
        wider={"scalar": "float32", "forms": ("*",)},
    ),
    Clause(
        "whole/no-synchronisation",
        "A capturable step reads no number of a tensor, for which it would wait for the device.",
        "torch, torch.optim: capturable says that a step is safe to capture in a graph",
        "whole.no_synchronisation",
        each({}),
        needs=capturable,
    ),
)
