"""Clauses about a step as the program calls it: paths, closures, hooks, derivatives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from conformance.contract.arguments import each, once
from conformance.contract.clause import Clause
from conformance.contract.offers import offers
from conformance.contract.requirements import (
    all_of,
    changes,
    needs_another_path,
    needs_base_class,
    needs_capturable_step,
    needs_captures,
    needs_closure,
    needs_independent_elements,
    needs_keyword,
    needs_single_tensor_path,
    needs_smooth_formula,
    needs_step_alone,
    needs_streams,
    needs_visible_state,
    other_paths,
)
from conformance.optimizers.subject import WorkerSubject
from spec.rule import UpdateRule

TITLE = "The step as it is called"


def _paths(subject: WorkerSubject, rule: UpdateRule) -> Iterator[Mapping[str, Any]]:
    switches = next(key for key, value in subject.rules.items() if value is rule)
    for path in other_paths(subject, switches):
        yield {"paths": [path], "steps": 3}


def _derivatives(subject: WorkerSubject, _: UpdateRule) -> Iterator[Mapping[str, Any]]:
    yield {"made": [0, 2], "by": ["gradient"]}
    if "lr" in offers(subject)["typed as tensors"]:
        yield {"made": [0, 2], "by": ["lr"]}


def _changes(subject: WorkerSubject, rule: UpdateRule) -> Iterator[Mapping[str, Any]]:
    yield {"changes": changes(subject, rule)}


CLAUSES = (
    Clause(
        "whole/paths-agree",
        "All paths of an optimizer make the same step, as far as their profiles go.",
        "torch, torch.optim: foreach and fused choose how a step is computed, not which",
        "step_api.paths",
        _paths,
        needs=all_of(needs_another_path, needs_visible_state),
        every_path=True,
    ),
    Clause(
        "whole/closure",
        "A closure is called once, with gradients enabled, and its loss is returned.",
        "torch, Optimizer.step: a closure that reevaluates the model and returns the loss",
        "step_api.closure",
        each({}),
        needs=needs_closure,
    ),
    Clause(
        "whole/step-hooks",
        "The hooks before and after a step run once each, until they are removed.",
        "torch, Optimizer.register_step_pre_hook and register_step_post_hook",
        "step_api.step_hooks",
        once({}),
        needs=needs_base_class,
    ),
    Clause(
        "whole/hook-arguments",
        "A hook before a step may put others in the place of its arguments, a closure for one.",
        "torch, Optimizer.register_step_pre_hook: it may return new arguments",
        "step_api.hook_arguments",
        once({}),
        needs=needs_base_class,
    ),
    Clause(
        "whole/zero-grad",
        "zero_grad removes the gradients, or fills them with zeros where it is asked to.",
        "torch, Optimizer.zero_grad",
        "step_api.zero_grad",
        once({}),
    ),
    Clause(
        "whole/in-place",
        "A step writes into the parameters that it was given.",
        "torch, torch.optim: the model and the optimizer hold the same parameters",
        "step_api.in_place",
        each({}),
    ),
    Clause(
        "whole/differentiable",
        "With differentiable the step is the same, and autograd finds the derivative of the formula.",
        "torch, torch.optim: autograd occurs through the step",
        "step_api.differentiable",
        _derivatives,
        needs=all_of(
            needs_keyword("differentiable"), needs_single_tensor_path, needs_smooth_formula, needs_independent_elements
        ),
        wider={"scalar": "float32", "forms": ("*",)},
    ),
    Clause(
        "whole/no-synchronisation",
        "A capturable step reads no number of a tensor, for which it would wait for the device.",
        "torch, torch.optim: capturable says that a step is safe to capture in a graph",
        "step_api.no_synchronisation",
        each({}),
        needs=needs_capturable_step,
    ),
    Clause(
        "whole/captured",
        "A captured step, replayed, is the step itself: it counts, and reads gradients anew.",
        "torch, CUDA semantics, graphs: a replay reads and writes the same memory again",
        "step_api.replayed",
        each({"steps": 3}),
        needs=all_of(needs_captures, needs_capturable_step),
    ),
    Clause(
        "whole/captured-settings",
        "A replay reads settings that are Tensors and step counts anew, or such a step is not captured.",
        "torch, CUDA semantics, graphs: a replay reads the memory that it was captured with, and runs no Python",
        "step_api.replayed_anew",
        _changes,
        needs=all_of(needs_captures, needs_capturable_step),
    ),
    Clause(
        "whole/streams",
        "A step comes after what its stream was given before it, and before what that is given after it.",
        "torch, CUDA semantics, streams: work of one stream is done in the order in which it was given",
        "step_api.on_another_stream",
        each({"steps": 2}),
        needs=all_of(needs_streams, needs_step_alone),
    ),
)
