"""Clauses about gradients, which a step reads and leaves alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from conformance.contract.arguments import each, once
from conformance.contract.clause import Clause
from conformance.contract.requirements import needs_independent_elements, needs_visible_state
from conformance.engine.verdict import Level
from conformance.optimizers.shared_count import promises_own_count
from conformance.optimizers.subject import WorkerSubject
from spec.rule import UpdateRule

TITLE = "Gradients"
AUTOGRAD = "torch: `.grad` belongs to autograd and to the user, who may read or reuse it after the step"
ABSENT = "torch, Optimizer.zero_grad: with a gradient of None the step is skipped altogether"


def _rows(subject: WorkerSubject, _: UpdateRule) -> Iterator[Mapping[str, Any]]:
    # A row given twice is added twice, which the half formats round twice.
    twice = [[1, 4, 1]] if subject.storage.name in {"float32", "float64"} else []
    yield {"rows": [[1, 4], [0], *twice], "steps": 2}


CLAUSES = (
    Clause(
        "gradients/not-modified",
        "A step leaves every gradient as it found it.",
        AUTOGRAD,
        "gradients.not_modified",
        each({"steps": 2}),
        switched_off=True,
    ),
    Clause(
        "gradients/not-taken",
        "A gradient is there after the step.",
        AUTOGRAD,
        "gradients.not_taken",
        once({}),
        level=Level.SHOULD,
    ),
    Clause(
        "gradients/not-kept",
        "A gradient is not needed after the step, and no state shares its memory.",
        AUTOGRAD,
        "gradients.not_kept",
        each({"steps": 3}),
        switched_off=True,
    ),
    Clause(
        "gradients/no-graph",
        "Gradients that autograd can go through leave no graph in parameters and states.",
        "torch, Tensor.backward: with create_graph gradients have a graph, which lives as long as anything keeps it",
        "gradients.graph_dropped",
        each({"steps": 2}),
        switched_off=True,
    ),
    Clause(
        "gradients/none",
        "A parameter whose gradient is None keeps its value and its state.",
        ABSENT,
        "gradients.absent",
        each({"made": [0, 2], "left out": [[0], [1], [0, 1]]}),
        switched_off=True,
    ),
    Clause(
        "gradients/late",
        "A parameter whose first gradient comes late starts its own state then.",
        "torch: the state belongs to each parameter",
        "gradients.late",
        each({"steps": 4}),
        promised=promises_own_count,
        switched_off=True,
    ),
    Clause(
        "gradients/zero",
        "A gradient of zeros is a gradient: momentum and decay act.",
        "torch, Optimizer.zero_grad: optimizers behave differently if the gradient is 0 or None",
        "gradients.zero",
        each({"made": 2}),
        needs=needs_independent_elements,
        switched_off=True,
    ),
    Clause(
        "gradients/sparse",
        "A sparse gradient gives the dense one's result, or an error that says sparse.",
        "torch, torch.sparse: optimizers that take sparse gradients are named",
        "gradients.sparse",
        _rows,
        needs=needs_visible_state,
        switched_off=True,
    ),
    Clause(
        "gradients/other-dtype",
        "A gradient of another dtype gives its conversion's result, or an error.",
        "torch, Tensor.grad_dtype: a gradient may have a dtype of its own",
        "gradients.other_dtype",
        once({"dtypes": ["float64", "float32", "bfloat16", "float16"], "steps": 2}),
        needs=needs_visible_state,
    ),
    Clause(
        "gradients/other-device",
        "A gradient on another device is refused.",
        "torch, Tensor.grad: a gradient lies where its tensor does",
        "gradients.other_device",
        once({}),
        level=Level.SHOULD,
    ),
)
