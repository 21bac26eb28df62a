"""Training from end to end as entries of the report."""

from __future__ import annotations

from conformance.report.model import TrainingEntry, TrainingRunEntry
from conformance.training.experiment import SHOWN, STEPS_OF_REPORT, Experiment, Run, experiment
from conformance.training.problems import PROBLEMS
from impls.session import Session


def training_entries(session: Session, *, steps: int = STEPS_OF_REPORT) -> tuple[TrainingEntry, ...]:
    """Train every problem with every rule that the report shows, and judge each step."""
    return tuple(
        training_entry(experiment(name, rule, session, steps=steps)) for name in PROBLEMS for rule in SHOWN
    )


def training_entry(shown: Experiment) -> TrainingEntry:
    """Return an experiment as the report holds it."""
    return TrainingEntry(
        shown.problem,
        shown.title,
        shown.rule,
        shown.dtype,
        dict(shown.settings),
        shown.parameters,
        shown.losses,
        tuple(_run(run) for run in shown.runs),
    )


def _run(run: Run) -> TrainingRunEntry:
    judged = run.judgement
    return TrainingRunEntry(
        run.implementation,
        run.losses,
        run.farthest,
        judged.widths,
        values=judged.values,
        outside_step_by_step=judged.outside_local,
        outside_from_the_start=judged.outside_propagated,
        undecided=judged.undecided_local,
        finite_steps=judged.finite_steps,
    )
