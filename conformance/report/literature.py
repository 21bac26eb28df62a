"""Claims of the literature as entries of the report: proofs, and experiments with their figures."""

from __future__ import annotations

from conformance.report.model import ExperimentEntry, LineEntry, PlotEntry, ProofEntry
from reference.experiments import Experiment, ExperimentOutcome, run_all
from spec.claims import claims
from spec.kept_proofs import kept_proof
from spec.proofs import Proof


def proof_entry(proof: Proof) -> ProofEntry:
    """Return a proof as the report holds it."""
    claim = proof.claim
    shown = (proof.status, proof.equations, claim.method)
    return ProofEntry(claim.identifier, claim.sentence, claim.source, *shown)


def proven_claims() -> tuple[ProofEntry, ...]:
    """Prove the claims about several rules or whole runs."""
    return tuple(proof_entry(kept_proof(claim)) for claim in claims())


def experiment_entries() -> tuple[ExperimentEntry, ...]:
    """Run every experiment."""
    return tuple(_entry(*pair) for pair in run_all())


def _entry(item: Experiment, outcome: ExperimentOutcome) -> ExperimentEntry:
    curves = tuple(LineEntry(c.name, _rounded(c.x), _rounded(c.y)) for c in outcome.curves)
    figures = {name: float(f"{value:.6g}") for name, value in outcome.figures.items()}
    status = "seen" if outcome.seen else "not seen"
    plot = PlotEntry(item.sentence, *item.axes, curves)
    return ExperimentEntry(item.identifier, item.sentence, item.source, status, figures, plot)


def _rounded(values: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(float(f"{value:.6g}") for value in values)
