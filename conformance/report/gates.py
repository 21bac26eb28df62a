"""Whether a run conforms: what it must show, what was observed, and the one outcome that follows.

The page, the summary, the console, the JSON and the exit status all read ``gate_outcomes`` and ``outcome``.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping

from conformance.engine.exhibits import PointsEntry, TrainingRunEntry
from conformance.engine.verdict import Cell, Level, Shown, Verdict
from conformance.report import covered, totals
from conformance.report.difference import BaselineStatus, Difference
from conformance.report.model import Gate, GateStatus, Outcome, Report
from conformance.report.wording import exact

EXIT_STATUS = {Outcome.CONFORMS: 0, Outcome.DOES_NOT_CONFORM: 1, Outcome.NOT_JUDGED: 2}
"""What a command ends with; an error of the judge itself is never a 1."""
FINE_FORMATS = frozenset({"float32", "float64"})
"""Formats that tell a coefficient from one that is off by 1e-6; the half formats round such mutants away."""
IN_FORCE = "in force"
SEEN = "seen"


def gates(report: Report) -> tuple[Gate, ...]:
    """Return every gate of a run, in the order in which they are told.

    Held against a baseline a gate counts what that does not know, and further ones count what is worse than in it.
    """
    baseline = report.baseline
    if baseline is None or baseline.status is not BaselineStatus.COMPARED:
        return _gates(report)
    beyond = (_beyond(gate, baseline.known.get(gate.name, 0)) for gate in _gates(report))
    return (*beyond, *_since(report, baseline.difference))


def _beyond(gate: Gate, known: int) -> Gate:
    """Return a gate that does not count what the baseline knows."""
    known = min(known, gate.observed)
    if not known:
        return gate
    left = gate.observed - known
    status = GateStatus.NOT_MET if left else GateStatus.MET
    counts = f"{gate.counts}, beside {exact(known)} that the baseline knows"
    return dataclasses.replace(gate, observed=left, status=status, counts=counts)


def _since(report: Report, difference: Difference) -> tuple[Gate, ...]:
    """Return the gates of what is worse than in the baseline.

    A ratio that grew is legal arithmetic still: it is told, and enforced in a strict run alone.
    """
    against, unsure, of = Outcome.DOES_NOT_CONFORM, Outcome.NOT_JUDGED, difference.compared
    new = sum(cause.level is Level.MUST or report.strict for cause in difference.new_causes)
    ratio = _none("ratio", "cells whose largest ratio grew", len(difference.ratios), of, against)
    return (
        _none("new-causes", "causes that the baseline does not know", new, of, against),
        _none("stopped", "cells that stopped running", len(difference.stopped), of, unsure),
        _none("power-lost", "formula mutants that were noticed and live", len(difference.power_lost), of, unsure),
        _none("coverage-lost", "cells with fewer cases", len(difference.coverage_lost), of, unsure),
        _none("vanished-deviations", "deviations that vanished unannounced", len(difference.vanished), of, unsure),
        dataclasses.replace(ratio, enforced=report.strict),
    )


def _gates(report: Report) -> tuple[Gate, ...]:
    """Return the gates of a run by itself.

    What speaks against the code under test does not conform.  What only weakens the judge's own ground, an
    unproven formula or a mutant that is alive, or leaves a question open, could not be judged.
    """
    against, unsure, cells = Outcome.DOES_NOT_CONFORM, Outcome.NOT_JUDGED, len(report.results)
    verdicts = Counter(result.shown for result in report.results)
    proven = totals.proven(report.rules)
    claims = (*(proof for rule in report.rules for proof in rule.proofs), *report.claims)
    open_claims = sum(not totals.is_proven(claim) for claim in claims)
    stale = sum(entry.status != IN_FORCE for entry in report.deviations)
    unseen = sum(entry.status != SEEN for entry in report.experiments)
    return (
        _none("findings", "cells that fail", verdicts[Verdict.FAIL], cells, against),
        _should(report, verdicts),
        _none("errors", "cells that ended in an error", verdicts[Verdict.ERROR], cells, unsure),
        _none("own-errors", "cells that ended in an error of stepproof", verdicts[Verdict.OURS], cells, unsure),
        _none("undecided", "cells that are undecided", verdicts[Verdict.UNDECIDED], cells, unsure),
        _decided(verdicts),
        _none("targets", "targets of which nothing could be judged", len(report.unjudged), 1, unsure),
        _none("cut-short", "runs that were cut short", int(report.cut_short), 1, unsure),
        _none("claims", "claims about formulas that are not proven", open_claims, len(claims), unsure),
        _none(
            "forms",
            "forms that are not proven equal to the assignment they compute",
            proven.forms_total - proven.forms,
            proven.forms_total,
            unsure,
        ),
        _mutants(report),
        _parts(report),
        _none(
            "experiments",
            "experiments that do not show what the literature claims",
            unseen,
            len(report.experiments),
            unsure,
        ),
        _training(report),
        _searches(report),
        _none("deviations", "deviations that no longer show", stale, len(report.deviations), unsure),
        _scope(report, verdicts),
    )


def outcome(report: Report) -> Outcome:
    """Return what the gates that are enforced say together: the worst of them names the run."""
    missed = {gate.otherwise for gate in not_met(report) if gate.enforced}
    for worst in (Outcome.DOES_NOT_CONFORM, Outcome.NOT_JUDGED):
        if worst in missed:
            return worst
    return Outcome.CONFORMS


def exit_status(report: Report) -> int:
    """Return 0 if the run conforms, 1 if it does not, 2 if it could not be judged."""
    return EXIT_STATUS[outcome(report)]


def not_met(report: Report) -> tuple[Gate, ...]:
    """Return the gates at which something is amiss."""
    return tuple(gate for gate in gates(report) if gate.status is GateStatus.NOT_MET)


def weighed(report: Report) -> Report:
    """Return the report with its gates and its outcome written into it."""
    return dataclasses.replace(report, gate_outcomes=gates(report), outcome=outcome(report))


def headline(report: Report) -> str:
    """Return the outcome in a few words, with what a reader must not overlook beside it."""
    said, verdict = outcome(report).value.capitalize(), overall(report)
    if report.cut_short:
        return f"{said}: cut short" if verdict is Verdict.UNDECIDED else f"{said}, cut short"
    conforms = outcome(report) is Outcome.CONFORMS
    if conforms and _missed(report, "scope"):
        said = f"{said}, as far as it was run"
    if conforms and known_before(report):
        return f"{said}, but for what the baseline knows"
    if verdict in {Verdict.NOT_RUN, Level.SHOULD} and _missed(report, "should"):
        return f"{said}, with findings of what only should hold"
    return f"{said}, with known deviations" if verdict is Verdict.DEVIATION else said


def overall(report: Report) -> Shown:
    """Return the verdict whose sign and colour the whole run has; one left out in part is no pass."""
    held = outcome(report)
    if held is not Outcome.CONFORMS:
        return Verdict.FAIL if held is Outcome.DOES_NOT_CONFORM else Verdict.UNDECIDED
    if known_before(report):
        return Verdict.DEVIATION
    if _missed(report, "scope"):
        return Verdict.NOT_RUN
    if _missed(report, "should"):
        return Level.SHOULD
    known = any(result.verdict is Verdict.DEVIATION for result in report.results)
    return Verdict.DEVIATION if known else Verdict.PASS


def known_before(report: Report) -> int:
    """Return how much of what speaks against the run its baseline knows."""
    held = report.baseline
    return sum(held.known.values()) if held is not None and held.status is BaselineStatus.COMPARED else 0


def warnings(report: Report) -> tuple[str, ...]:
    """Return a sentence for each gate that is not met; what was not run has a place of its own."""
    return tuple(f"{gate.counts}: {exact(gate.observed)}" for gate in not_met(report) if gate.name != "scope")


def _missed(report: Report, name: str) -> bool:
    return any(gate.name == name for gate in not_met(report))


def _should(report: Report, verdicts: Counter[Shown]) -> Gate:
    """Return the gate of what only should hold, which is enforced in a strict run."""
    counts = "cells that fail what only should hold"
    gate = _none("should", counts, verdicts[Level.SHOULD], len(report.results), Outcome.DOES_NOT_CONFORM)
    return dataclasses.replace(gate, enforced=report.strict)


def _decided(verdicts: Counter[Shown]) -> Gate:
    decided = sum(verdicts[shown] for shown in (Verdict.PASS, Verdict.DEVIATION, Verdict.FAIL, Level.SHOULD))
    gate = _none("decided", "cells that pass, fail or deviate as known", decided, 1, Outcome.NOT_JUDGED)
    status = GateStatus.MET if decided else GateStatus.NOT_MET
    return dataclasses.replace(gate, status=status, threshold=1, bound="at least")


def _mutants(report: Report) -> Gate:
    """Return the gate of the suite's own strength: a wrong formula that no case tells from the right one.

    In a half format alone a coefficient that is off by 1e-6 is none that anything could notice.
    """
    power = totals.power(totals.mutants_of(report.rules))
    counts = "formula mutants that survive: wrong formulas that no case tells from the right one"
    gate = _none("mutants", counts, power.survived, power.total, Outcome.NOT_JUDGED)
    fine = any(result.cell.dtype in FINE_FORMATS for result in report.results)
    return dataclasses.replace(gate, enforced=fine)


def _parts(report: Report) -> Gate:
    """Return the gate of what no case made visible; it is only told, for not every setting can be given to all."""
    measured, missing = covered.parts_of(report.rules), covered.not_verified(report.rules)
    counts = "terms and settings of formulas that no case made visible, and so not verified"
    gate = _none("parts", counts, len(missing), len(measured), Outcome.NOT_JUDGED)
    return dataclasses.replace(gate, enforced=False)


def _training(report: Report) -> Gate:
    runs, failing = [run for entry in report.training for run in entry.runs], _failing(report)
    outside = sum(_outside(run, failing) for run in runs)
    values = sum(run.values for run in runs)
    return _none("training", "values of training outside their enclosures", outside, values, Outcome.DOES_NOT_CONFORM)


def _failing(report: Report) -> dict[Cell, int]:
    """Return the cells that fail, each with how many of its values are outside and no known deviation."""
    return {result.cell: result.figures.outside for result in report.results if result.shown is Verdict.FAIL}


def _outside(run: TrainingRunEntry, failing: Mapping[Cell, int]) -> int:
    """Return how many values of a course speak against the run: those that its cell has, where it fails."""
    if run.cell is None:
        return run.outside_step_by_step + run.outside_from_the_start
    return failing.get(run.cell, 0)


def _searches(report: Report) -> Gate:
    failing = _failing(report)

    def leaves(points: PointsEntry) -> bool:
        return bool(points.departed) and (points.cell is None or points.cell in failing)

    left = sum(leaves(entry.from_what_it_saw) or leaves(entry.from_the_start) for entry in report.searches)
    counts, of = "searches that leave their enclosures", len(report.searches)
    return _none("searches", counts, left, of, Outcome.DOES_NOT_CONFORM)


def _scope(report: Report, verdicts: Counter[Shown]) -> Gate:
    left_out = len(report.not_run) + verdicts[Verdict.NOT_RUN]
    gate = _none("scope", "parts that were not run", left_out, 1, Outcome.NOT_JUDGED)
    return dataclasses.replace(gate, enforced=False)


def _none(name: str, counts: str, observed: int, of: int, otherwise: Outcome) -> Gate:
    """Return an enforced gate that asks for none of ``of``."""
    status = GateStatus.NOT_MET if observed else GateStatus.MET if of else GateStatus.NOT_MEASURED
    return Gate(
        name, counts, status, enforced=True, observed=observed, threshold=0, bound="at most", otherwise=otherwise
    )
