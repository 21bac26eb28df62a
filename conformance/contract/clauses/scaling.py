"""Clauses about loss scaling and autocast."""

from __future__ import annotations

from conformance.contract.arguments import each, once
from conformance.contract.clause import Clause
from conformance.contract.requirements import all_of, needs_grad_scale, needs_groups, needs_step_alone, needs_unscaling

TITLE = "Scaling"
AMP = "torch, torch.amp.GradScaler: a step with an infinite gradient is skipped"
CLAUSES = (
    Clause(
        "scaling/found-inf",
        "With found_inf set no parameter, no state and no count moves, and later steps do not notice.",
        AMP,
        "scaling.found_infinity",
        each({"made": [0, 2]}),
        needs=needs_grad_scale,
        switched_off=True,
    ),
    Clause(
        "scaling/grad-scale",
        "With grad_scale set every gradient is divided by it exactly once.",
        AMP,
        "scaling.divided_once",
        each({"steps": 2}),
        needs=needs_grad_scale,
    ),
    Clause(
        "scaling/scaler",
        "Under GradScaler a step with an infinite gradient is skipped, and the others are as without it.",
        AMP,
        "scaling.scaler",
        once({}),
        needs=all_of(needs_groups, needs_unscaling, needs_step_alone),
    ),
    Clause(
        "scaling/autocast",
        "A step inside autocast is the step outside it.",
        "torch, torch.autocast: the backward pass and the step belong outside it",
        "scaling.autocast",
        once({"steps": 2}),
    ),
)
