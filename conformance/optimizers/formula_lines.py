"""How formulas, symbols and cases are written in findings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from conformance.optimizers.agreement import Outside
from conformance.optimizers.subject import GRADIENT
from spec import rendering
from spec.rule import UpdateRule


def line_of(rule: UpdateRule, quantity: str) -> tuple[str, str, str]:
    """Return name, text and MathML of the line that computes a quantity."""
    for item in rule.quantities:
        if item.symbol.name == quantity:
            line = rule.assignment(item.updated)
            return line.name, rendering.line_text(rule, line), rendering.line_mathml(rule, line)
    return ("step count", "t = t + 1", "<math><mi>t</mi><mo>=</mo><mi>t</mi><mo>+</mo><mn>1</mn></math>")


def symbol(quantity: str) -> str:
    """Return the letter of a quantity."""
    return {"theta": "θ"}.get(quantity, quantity)


def case_table(failure: Outside) -> dict[str, Any]:
    """Return what entered the failing value, readable."""
    case = failure.case
    shapes = [[list(t.shape) for t in group.tensors] for group in case.groups]
    scalars = {name: f"{value:.17g}" for name, value in failure.scalars.items()}
    before = {name: f"{value:.17g}" for name, value in failure.before.items()}
    return {
        "switches": ", ".join(case.switches) or "none",
        "hyperparameters": scalars,
        "before": before,
        "tensors": str(shapes),
        "steps": case.steps,
        **_beside(failure),
    }


def _beside(failure: Outside) -> dict[str, Any]:
    """Return what else of the case decides the value: settings that change, other groups, earlier gradients."""
    case, steps = failure.case, failure.step + 1
    changes = {f"step {n + 1}": _shown(change) for n, change in enumerate(case.changes[:steps]) if change}
    owners = [group for group in case.groups for _ in group.tensors]
    own = owners[failure.tensor]
    others = {f"group {n}": _shown(group.hyperparameters) for n, group in enumerate(case.groups) if group is not own}
    given = own.tensors[failure.tensor - owners.index(own)].values or {}
    rows = [given[f"{GRADIENT}{n}"] for n in range(steps - 1) if f"{GRADIENT}{n}" in given]
    earlier = {f"step {n + 1}": f"{row[failure.place % len(row)]:.17g}" for n, row in enumerate(rows) if row}
    parts = {"changed settings": changes, "other groups": others, "earlier gradients": earlier}
    return {name: part for name, part in parts.items() if part}


def _shown(settings: Mapping[str, float]) -> str:
    return "  ".join(f"{name}={value:.9g}" for name, value in settings.items())
