"""Clauses about state: saved, loaded and copied."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from conformance.contract.arguments import beside_other, of_first_variant
from conformance.contract.clause import Clause
from conformance.contract.requirements import (
    all_of,
    needs_another_path,
    needs_base_class,
    needs_groups,
    needs_settings_in_groups,
    needs_step_count,
    needs_usual_checkpoint,
    needs_visible_state,
    other_paths,
)
from conformance.engine import methods
from conformance.engine.verdict import Level
from conformance.optimizers.subject import WorkerSubject
from spec.rule import UpdateRule

TITLE = "State"

CHECKPOINT = "torch, Optimizer.state_dict and load_state_dict: training resumes"
MADE = {"made": [0, 1, 3]}
SOURCES: tuple[tuple[str, Mapping[str, float]], ...] = (
    ("SGD", {"lr": 0.0625, "momentum": 0.875}),
    ("Adam", {"lr": 0.0625}),
    ("RMSprop", {"lr": 0.0625}),
)


def _paths(subject: WorkerSubject, rule: UpdateRule) -> Iterator[Mapping[str, Any]]:
    switches = next(key for key, value in subject.rules.items() if value is rule)
    for path in other_paths(subject, switches):
        yield {"paths": [path], "made": [1, 3]}


@of_first_variant
def _foreign(_: WorkerSubject, rule: UpdateRule) -> Iterator[Mapping[str, Any]]:
    yield {"others": [list(source) for source in SOURCES if source[0].lower() != rule.name]}


CLAUSES = (
    Clause(
        "state/round-trip",
        "Saved and loaded into a fresh instance, an optimizer goes on as if nothing had happened.",
        CHECKPOINT,
        "state.round_trip",
        beside_other(MADE),
        switched_off=True,
        needs=needs_groups,
        methods=methods.SAVING,
    ),
    Clause(
        "state/weights-only",
        "A checkpoint goes through torch.save and torch.load(weights_only=True) unchanged.",
        "torch, torch.load: weights_only is the default",
        "state.weights_only",
        beside_other(MADE),
        needs=needs_groups,
        methods=methods.SAVING,
    ),
    Clause(
        "state/deepcopy",
        "A deep copy goes on as the original does, and each leaves the other alone.",
        "Python, copy.deepcopy",
        "state.deepcopied",
        beside_other(MADE),
        needs=needs_groups,
        methods=methods.SAVING,
    ),
    Clause(
        "state/pickle",
        "A pickled optimizer goes on as the original does.",
        "Python, pickle; torch, Optimizer.__getstate__",
        "state.pickled",
        beside_other(MADE),
        needs=needs_groups,
        methods=methods.SAVING,
    ),
    Clause(
        "state/not-aliased",
        "A loaded optimizer shares no memory with the one that it was loaded from.",
        "torch, Optimizer.load_state_dict: it makes a deep copy of each value",
        "state.not_aliased",
        beside_other({}),
        needs=needs_groups,
        methods=methods.SAVING,
    ),
    Clause(
        "state/dtypes-kept",
        "Every state keeps its dtype through saving and loading.",
        CHECKPOINT,
        "state.dtypes_kept",
        beside_other({}),
        needs=needs_groups,
        methods=methods.SAVING,
    ),
    Clause(
        "state/count-kept",
        "A step count that the parameter's format cannot hold comes back exactly.",
        "torch, Optimizer.load_state_dict: the step is not cast to the parameter's dtype",
        "state.count_kept",
        beside_other({"counts": [257, 2049, 65505, 16777213]}),
        needs=all_of(needs_groups, needs_step_count),
        methods=methods.SAVING,
    ),
    Clause(
        "state/plain-numbers",
        "A checkpoint with Python numbers for states of one number is refused, or goes on alike.",
        "torch, Optimizer.__setstate__: older versions wrote numbers where there are tensors now",
        "state.plain_numbers",
        beside_other({"made": [1, 3]}),
        needs=all_of(needs_step_count, needs_usual_checkpoint),
        methods=methods.SAVING,
    ),
    Clause(
        "state/settings-loaded",
        "Loading brings back every group's settings.",
        CHECKPOINT,
        "state.settings_loaded",
        beside_other({}),
        needs=needs_settings_in_groups,
        methods=methods.SAVING,
    ),
    Clause(
        "state/other-path",
        "A state saved on one path and loaded on another gives the same step.",
        "torch, torch.optim: foreach and fused choose how a step is computed, not which",
        "state.other_path",
        _paths,
        needs=all_of(needs_another_path, needs_visible_state, needs_usual_checkpoint),
        every_path=True,
        methods=methods.SAVING,
    ),
    Clause(
        "state/other-rule",
        "A checkpoint of another rule is refused, or goes on as what it was.",
        "this contract: no checkpoint is misread in silence",
        "state.other_rule",
        _foreign,
        level=Level.SHOULD,
        methods=methods.SAVING,
    ),
    Clause(
        "state/hooks",
        "The hooks before and after saving and loading run once, in order.",
        "torch, Optimizer.register_state_dict_pre_hook and its three relatives",
        "state.state_hooks",
        beside_other({}),
        needs=needs_base_class,
        methods=methods.SAVING,
    ),
)
