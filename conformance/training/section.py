"""What an experiment says in words: for the console, and as a section of the report's page."""

from __future__ import annotations

import html
from collections.abc import Iterable

from conformance.training.experiment import SHOWN, Experiment, Run, experiment
from conformance.training.plots import curves
from conformance.training.problems import PROBLEMS
from impls.session import Session

HEADINGS = (
    "implementation", "loss at first", "loss at last", "largest difference of losses", "values",
    "outside, step by step", "outside, from the start", "undecided", "steps with a finite bound",
)  # fmt: skip


def experiments(session: Session, *, steps: int) -> tuple[Experiment, ...]:
    """Run every problem with every rule that the report shows."""
    return tuple(experiment(name, rule, session, steps=steps) for name in PROBLEMS for rule in SHOWN)


def row(of: Experiment, run: Run) -> tuple[str, ...]:
    """Return the figures of one run, in the order of ``HEADINGS``."""
    apart = max(abs(a - b) for a, b in zip(run.losses, of.losses, strict=True))
    judged = run.judgement
    return (
        run.implementation, f"{run.losses[0]:.6g}", f"{run.losses[-1]:.6g}", f"{apart:.2g}",
        f"{judged.values:,}", f"{judged.outside_local:,}", f"{judged.outside_propagated:,}",
        f"{judged.undecided_local:,}", f"{judged.finite_steps} of {len(run.losses) - 1}",
    )  # fmt: skip


def heading(of: Experiment) -> str:
    """Return what was trained, with what settings, in one line."""
    given = ", ".join(f"{name}={value:g}" for name, value in of.settings.items())
    return f"{of.title}: {of.rule} in {of.dtype}, {of.parameters:,} parameters, {given}"


def section(of: Iterable[Experiment]) -> str:
    """Return the section as HTML: for each experiment its figures and curves."""
    parts = [
        '<section id="training">',
        "<h2>Training</h2>",
        "<p>A model, a loss and an optimizer as tutorials have them, in full batches. Gradients are torch's. "
        "Every step of an optimizer is judged twice: in the enclosure of a step from where it stood, and in "
        "the one propagated from the start through the gradients that it saw. The reference takes its own "
        "path: NumPy steps along torch's gradients at its own parameters.</p>",
    ]
    for item in of:
        head = "".join(f'<th scope="col">{name}</th>' for name in HEADINGS)
        rows = "".join(_row(row(item, run)) for run in item.runs)
        parts += [
            f"<h3>{html.escape(heading(item))}</h3>",
            curves(item),
            '<div class="scroll"><table>',
            f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>",
        ]
    return "\n".join([*parts, "</section>"])


def _row(cells: tuple[str, ...]) -> str:
    first, *rest = (html.escape(cell) for cell in cells)
    return (
        f'<tr><th scope="row">{first}</th>' + "".join(f'<td class="number">{x}</td>' for x in rest) + "</tr>"
    )
