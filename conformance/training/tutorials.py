"""A tutorial's experiment: torch's optimizer and the notebook train with one rule, and each has a verdict."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

from conformance.catalogue.installed import version_of
from conformance.engine.claim import first_of_each
from conformance.engine.exhibits import TrainingEntry
from conformance.engine.ledger import OPTIMIZERS, Entry, named
from conformance.engine.replay import is_known, replayed
from conformance.engine.verdict import Verdict
from conformance.optimizers.subject import WorkerSubject, worker_subject
from conformance.training.cases import TrainingCase, TrainingFailure
from conformance.training.claims import CLAIMS, TrainingClaim
from conformance.training.experiment import compared, settings_of
from impls.catalogue.entries import Implementation
from impls.catalogue.from_scratch import FROM_SCRATCH
from impls.catalogue.torch_optimizers import CATALOGUE
from impls.session import Session
from reference.formats import FORMATS

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


@dataclass(frozen=True)
class _Known:
    """A subject as the ledger lets it be judged, and the entries that explain what it does."""

    subject: WorkerSubject
    explaining: tuple[Entry, ...]


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
    """Train a problem with a rule, by every implementation and by the reference, and judge each step."""
    storage, claim = FORMATS[dtype], next(claim for claim in CLAIMS if claim.problem == problem)
    subjects = [worker_subject(item, item.paths[0], "cpu", storage, session) for item in implementations(rule)]
    settings = settings_of(subjects[0].rules[()], problem, learning_rate)
    known = [_known(subject, claim) for subject in subjects]
    entry, failures = compared(problem, rule, [one.subject for one in known], settings, steps)
    case = TrainingCase(problem, steps, settings)
    found = [[TrainingFailure(case, seen) for seen in mine] for mine in failures]
    return Tutorial(entry, tuple(_verdict(one, claim, mine) for one, mine in zip(known, found, strict=True)))


def _known(subject: WorkerSubject, claim: TrainingClaim) -> _Known:
    """Return what the ledger says of the cell in which a subject is judged."""
    version, kin = version_of(subject.library, subject.session), subject.kin(claim.identifier)
    entries = [entry for entry in named(OPTIMIZERS) if any(entry.matches(cell, version) for cell in kin)]
    standing = [entry for entry in entries if replayed(subject, claim, entry)]
    wider = functools.reduce(lambda of, entry: of.beside(entry), standing, subject)
    observed = [entry for entry in entries if entry.observed]
    return _Known(wider, (*observed, *(one for one in standing if not (one.observed or one.narrows))))


def _verdict(known: _Known, claim: TrainingClaim, failures: Sequence[TrainingFailure]) -> Verdict:
    """Return the verdict that a cell with these failures has."""
    left = [one for one in failures if not any(is_known(entry, one) for entry in known.explaining)]
    if not left:
        return Verdict.DEVIATION if failures else Verdict.PASS
    told = first_of_each(left, claim.kind.most_findings)
    return Verdict.FAIL if any(claim.kind.confirms(known.subject, claim, one) for one in told) else Verdict.UNDECIDED
