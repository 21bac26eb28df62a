"""A tutorial's experiment: torch's optimizer and the notebook train with one rule, and each has a verdict."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import msgspec

from conformance.catalogue.installed import version_of
from conformance.catalogue.optimizer_units import OptimizerUnit
from conformance.engine.evidence import Exhibit
from conformance.engine.exhibits import TrainingEntry
from conformance.engine.judging import judge_cell
from conformance.engine.verdict import CellResult, Verdict
from conformance.recognition.constructor import NotJudgeableError
from conformance.training.claims import TrainingClaim
from impls.catalogue.entries import Implementation
from impls.catalogue.from_scratch import FROM_SCRATCH
from impls.catalogue.torch_optimizers import CATALOGUE
from impls.devices import HOST
from impls.session import Session

STEPS = 60
RULES = tuple(item.rule for item in CATALOGUE)
"""Those with an optimizer of torch, which trains with them."""
SHOWN = ("sgd", "rmsprop", "adam", "adamw")
"""The rules that `stepproof train` shows unless others are named."""


@dataclass(frozen=True)
class Tutorial:
    """What an experiment shows, and the verdict on each of its runs."""

    entry: TrainingEntry
    verdicts: tuple[Verdict, ...]


def implementations(rule: str) -> tuple[Implementation, ...]:
    """Return who trains with a rule: torch's optimizer, and the notebook where it is written out."""
    return tuple(item for item in (*CATALOGUE, *FROM_SCRATCH) if item.rule == rule)


def experiment(
    problem: str,
    rule: str,
    session: Session,
    *,
    steps: int = STEPS,
    dtype: str = "float32",
    learning_rate: float | None = None,
) -> Tutorial:
    """Train a problem with a rule, by every implementation and by the reference, and judge each as a cell.

    Raises ``NotJudgeableError`` where one of them cannot be trained.
    """
    claim = TrainingClaim(problem, steps, learning_rate)
    judged = [_judged(item, claim, dtype, session) for item in implementations(rule)]
    entries = [msgspec.convert(exhibit.data, TrainingEntry) for _, exhibit in judged]
    whole = dataclasses.replace(entries[0], runs=tuple(run for entry in entries for run in entry.runs))
    return Tutorial(whole, tuple(result.verdict for result, _ in judged))


def _judged(item: Implementation, claim: TrainingClaim, dtype: str, session: Session) -> tuple[CellResult, Exhibit]:
    """Return the verdict on an implementation, and what is shown of its course."""
    unit = OptimizerUnit(item, item.paths[0], HOST, dtype, (claim.identifier,), 1, 0, measure_power=False)
    subject, shown = unit.subject(session), list[Exhibit]()
    version = version_of(subject.library, session)
    result = judge_cell(unit, subject, claim, version, unit.power(), exhibits=shown)
    if not shown:
        raise NotJudgeableError(f"{item.identifier} trains nothing: {result.reason}")
    return result, shown[-1]
