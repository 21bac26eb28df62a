"""Clauses about an optimizer with a past: what it did before changes nothing but its state."""

from __future__ import annotations

from conformance.contract.arguments import beside_other
from conformance.contract.clause import Clause
from conformance.contract.requirements import (
    all_of,
    needs_base_class,
    needs_closure,
    needs_count_of_group,
    needs_dense_gradients,
    needs_groups,
    needs_step_alone,
)
from conformance.engine import methods
from conformance.engine.verdict import Level

TITLE = "An optimizer with a past"

LOADING = "torch, Optimizer.load_state_dict: the state loaded is the state of the optimizer"

CLAUSES = (
    Clause(
        "history/loaded-over",
        "A checkpoint loaded into an optimizer that has stepped takes the place of all that it had.",
        LOADING,
        "history.loaded_over",
        beside_other({"made": [0, 1, 3]}),
        needs=needs_groups,
        methods=methods.LOADING,
    ),
    Clause(
        "history/loaded-again",
        "Of two checkpoints loaded one after the other the second alone counts.",
        LOADING,
        "history.loaded_again",
        beside_other({"made": [0, 2]}),
        methods=methods.LOADING,
    ),
    Clause(
        "history/went-back",
        "A checkpoint of its own past brings an optimizer back to that step.",
        LOADING,
        "history.went_back",
        beside_other({"made": 2}),
        methods=methods.LOADING,
    ),
    Clause(
        "history/data-replaced",
        "A parameter whose data was replaced steps where its data lies now.",
        "torch, Tensor.data: modules move their parameters by assigning to it",
        "history.data_replaced",
        beside_other({}),
    ),
    Clause(
        "history/closure-raises",
        "A closure that raises ends its step: nothing has changed, and the next step is as usual.",
        "torch, Optimizer.step: the closure is called before anything else",
        "history.closure_raises",
        beside_other({}),
        needs=needs_closure,
    ),
    Clause(
        "history/hook-raises",
        "A hook that raises before a step ends it: nothing has changed, and the next step is as usual.",
        "torch, Optimizer.register_step_pre_hook: the hook is called before the step",
        "history.hook_raises",
        beside_other({}),
        needs=needs_base_class,
    ),
    Clause(
        "history/step-raises",
        "A step that fails in the middle leaves gradients enabled, and an optimizer that its checkpoint brings back.",
        "Python, the with statement: what is set for a time is set back where an exception ends it",
        "history.step_raises",
        beside_other({}),
        needs=all_of(needs_step_alone, needs_dense_gradients("a sparse gradient has no subclass")),
    ),
    Clause(
        "history/misfit-refused",
        "A checkpoint of other groups is refused, and changes nothing.",
        "torch, Optimizer.load_state_dict: it raises a ValueError for groups that do not match",
        "history.misfit_refused",
        beside_other({}),
        needs=needs_groups,
        methods=methods.REFUSING_A_CHECKPOINT,
    ),
    Clause(
        "history/others-settings",
        "What others keep in a group, as a scheduler its initial_lr, is saved and loaded.",
        "torch, LRScheduler: it resumes with the initial_lr that it finds in the groups",
        "history.others_settings",
        beside_other({}),
        needs=needs_groups,
        methods=methods.LOADING,
    ),
    Clause(
        "history/empty-group",
        "Groups without parameters are saved and loaded like the others.",
        "torch, Optimizer.state_dict: it has every param group",
        "history.empty_group",
        beside_other({}),
        needs=needs_groups,
        methods=methods.LOADING,
    ),
    Clause(
        "history/empty-group-counts",
        "A count that a group keeps goes on while the group has no parameters.",
        "torch, fully_shard: a process may hold no part of a group, and load what another saved",
        "history.empty_counts",
        beside_other({}),
        needs=needs_count_of_group,
        level=Level.SHOULD,
        methods=methods.LOADING,
    ),
    Clause(
        "history/empty-beside",
        "Tensors without elements, wherever they are in a group, change nothing for the others.",
        "torch, fully_shard: a shard of a small parameter may have no elements",
        "history.empty_beside",
        beside_other({}),
        needs=needs_dense_gradients("a sparse gradient needs rows"),
    ),
    Clause(
        "history/rebuilt",
        "A new optimizer on parameters that another has moved starts afresh.",
        "torch, torch.optim: an optimizer's state is its own",
        "history.rebuilt",
        beside_other({}),
        methods=methods.LOADING,
    ),
)
