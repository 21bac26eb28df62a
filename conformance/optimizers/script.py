"""The standalone script of a finding in an optimizer: its framework and its library alone."""

from __future__ import annotations

from conformance.engine.evidence import RAISED
from conformance.engine.script_builder import assembled, comment, compared, literal, raising
from conformance.optimizers import formula_lines as rendering
from conformance.optimizers import script_jax, script_torch
from conformance.optimizers.agreement import Outside
from conformance.optimizers.subject import WorkerSubject

BODIES = {"torch": script_torch.body, "jax": script_jax.body}


def script(subject: WorkerSubject, failure: Outside, stop: str = "") -> str:
    """Return a script that makes the steps of the case and shows the value beside what is legal.

    ``stop`` is what was said of an exception, or of the end of the process, where that is the failure.
    """
    implementation = subject.implementation
    title = f"{implementation.identifier}, {subject.path.name}: {failure.quantity}."
    if implementation.framework not in BODIES:
        needed = f"{implementation.identifier} is called by no script: have it step the case that the finding tells"
        return assembled(title, [f"sys.exit({literal(needed)})"])
    body = BODIES[implementation.framework](subject, failure)
    if failure.quantity == RAISED:
        lines = raising(body.lines, stop)
    else:
        formula = comment(rendering.line_of(subject.rules[failure.case.switches], failure.quantity)[1])
        lines = [*body.lines, "", *formula, *compared(failure.quantity, body.value, failure.legal)]
    return assembled(title, lines, body.targets, body.functions, body.held)
