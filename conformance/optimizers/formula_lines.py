"""How formulas, symbols and cases are written in findings."""

from __future__ import annotations

from typing import Any

from conformance.optimizers.agreement import Outside
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
    }
