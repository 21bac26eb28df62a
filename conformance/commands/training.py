"""Trains a tutorial's problem and judges every step: ``stepproof train``."""

from __future__ import annotations

import os
from pathlib import Path

from rich.console import Console
from rich.table import Table

from conformance.commands.exit_status import CONFORMS, DOES_NOT, NOT_JUDGED
from conformance.engine.verdict import Verdict
from conformance.report.loss_curves import training_plot
from conformance.report.plots import standalone
from conformance.report.training_figures import training_figures, training_heading
from conformance.training.tutorials import experiment
from impls.session import Session


def train(
    console: Console,
    problem: str,
    rules: tuple[str, ...],
    *,
    steps: int,
    dtype: str,
    learning_rate: float | None,
    output: Path,
    python: str | None,
) -> int:
    """Train a problem with each rule, print the figures and write the curves; returns the exit status."""
    verdicts: set[Verdict] = set()
    output.mkdir(parents=True, exist_ok=True)
    with Session(python) as session:
        for rule in rules:
            made = experiment(problem, rule, session, steps=steps, dtype=dtype, learning_rate=learning_rate)
            entry = made.entry
            console.print(training_heading(entry), markup=False)
            table = Table(box=None, show_header=False)
            rows = [training_figures(entry, run) for run in entry.runs]
            for name in rows[0]:
                table.add_row(name, *(row[name] for row in rows))
            table.add_row("verdict", *made.verdicts)
            console.print(table)
            path = output / f"{problem}-{rule}.svg"
            path.write_text(standalone(training_plot(entry)))
            console.print(f"wrote {os.path.relpath(path)}")
            verdicts |= {*made.verdicts}
    if Verdict.FAIL in verdicts:
        return DOES_NOT
    return NOT_JUDGED if Verdict.UNDECIDED in verdicts else CONFORMS
