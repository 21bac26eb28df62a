"""One outcome: each gate alone turns it, and page, summary, JSON, console and exit status say the same."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from conformance.commands.console import show_report
from conformance.engine import exhibits
from conformance.engine.verdict import Cell, CellResult, Figures, Finding, Level, Verdict
from conformance.report import gates, model, write_report
from conformance.report.model import GateStatus, Outcome, Report

CONFORMS, DOES_NOT, NOT_JUDGED = Outcome.CONFORMS, Outcome.DOES_NOT_CONFORM, Outcome.NOT_JUDGED


def result(verdict: Verdict, dtype: str = "float32", claim: str = "agreement/local") -> CellResult:
    """Return a cell with a verdict."""
    cell = Cell("torch.AdamW", "single-tensor", "cpu", dtype, claim)
    return CellResult(cell, verdict, str(verdict), Figures(1, 1, 1))


def variant(*statuses: str, proven: bool = True) -> model.VariantEntry:
    """Return a program of one line with one form, and a mutant of each status."""
    form = exhibits.FormEntry("lerp", "<mi>m</mi>", "m", proven)
    line = exhibits.AssignmentEntry("update", "<mi>m</mi>", "m", (form,))
    mutants = tuple(model.MutantEntry(f"mutant {i}", s, "m", "") for i, s in enumerate(statuses))
    part = model.PartEntry(
        "lr", "", "setting", model.PartStatus.VERIFIED, (model.PartInFormat("float32", 9, 4, 0.5, (4, *(0,) * 10)),)
    )
    return model.VariantEntry("adam()", {}, (line,), mutants, (part,))


def sound(dtype: str = "float32") -> Report:
    """Return a report in which every gate is met."""
    proof = model.ProofEntry("a/claim", "It holds.", "a source", "proven", 1, "induction")
    rule = model.RuleEntry("adam", "Adam", "a citation", (), (), (), (variant("killed", "equivalent"),), (proof,))
    item = model.ImplementationEntry("torch.AdamW", "torch.optim:AdamW", "adam", "adamw", "torch 2.13.0", {})
    deviation = model.DeviationEntry("entry", "torch.AdamW", "", "It does otherwise.", "", "", "in force")
    plot = model.PlotEntry("A plot", "t", "x", (model.LineEntry("a line", (0.0, 1.0), (1.0, 2.0)),))
    experiment = model.ExperimentEntry("an/experiment", "It is so.", "a source", "seen", {}, plot)
    cells = (result(Verdict.PASS, dtype), result(Verdict.NOT_APPLICABLE, dtype, "state/step-count"))
    whole = Report("0.1.0", "stepproof check", 0, 2, {}, (rule,), (), (item,), cells, (deviation,))
    return dataclasses.replace(
        whole, claims=(proof,), experiments=(experiment,), training=(training(),), searches=(search(),)
    )


def training(outside: int = 0) -> exhibits.TrainingEntry:
    """Return a course of training of one step with so many values outside."""
    run = exhibits.TrainingRunEntry("torch.AdamW", (1.0, 0.5), (0.1,), (0.2,), 4, outside, 0, 0, 1)
    return exhibits.TrainingEntry("digits", "Digits", "adam", "float32", {"eta": 0.1}, 2, (1.0, 0.5), (run,))


def search(departed: str = "") -> exhibits.SearchEntry:
    """Return a search of two points that stays inside, or departs."""
    points = exhibits.PointsEntry(2, 2, departed, (0.1, 0.2))
    return exhibits.SearchEntry("A bowl", "none", (1.0, 0.5), (1.0, 0.5), points, points)


def with_cells(*verdicts: Verdict) -> Callable[[Report], Report]:
    """Return what adds cells with these verdicts."""
    more = tuple(result(verdict, claim=f"more/{i}") for i, verdict in enumerate(verdicts))
    return lambda whole: dataclasses.replace(whole, results=(*whole.results, *more))


def with_rule(**changed: object) -> Callable[[Report], Report]:
    """Return what changes the rule."""
    return lambda whole: dataclasses.replace(whole, rules=(dataclasses.replace(whole.rules[0], **changed),))


def unproven(entry: model.ProofEntry) -> model.ProofEntry:
    """Return a claim that is open."""
    return dataclasses.replace(entry, status="undecided (limit)")


def unseen(whole: Report) -> Report:
    """Return a report whose experiment did not show what is claimed."""
    (entry,) = whole.experiments
    return dataclasses.replace(whole, experiments=(dataclasses.replace(entry, status="not seen"),))


def stale(whole: Report) -> Report:
    """Return a report whose deviation no longer shows."""
    (entry,) = whole.deviations
    return dataclasses.replace(whole, deviations=(dataclasses.replace(entry, status="no longer shown"),))


BREAKS: dict[str, tuple[Callable[[Report], Report], Outcome]] = {
    "findings": (with_cells(Verdict.FAIL), DOES_NOT),
    "errors": (with_cells(Verdict.ERROR), NOT_JUDGED),
    "own-errors": (with_cells(Verdict.OURS), NOT_JUDGED),
    "undecided": (with_cells(*[Verdict.UNDECIDED] * 500), NOT_JUDGED),
    "decided": (lambda whole: dataclasses.replace(whole, results=whole.results[1:]), NOT_JUDGED),
    "targets": (lambda whole: dataclasses.replace(whole, unjudged=("a:B: it cannot be made",)), NOT_JUDGED),
    "cut-short": (lambda whole: dataclasses.replace(whole, cut_short=True), NOT_JUDGED),
    "claims": (lambda whole: dataclasses.replace(whole, claims=(unproven(whole.claims[0]),)), NOT_JUDGED),
    "forms": (with_rule(variants=(variant("killed", proven=False),)), NOT_JUDGED),
    "mutants": (with_rule(variants=(variant("killed", "survived"),)), NOT_JUDGED),
    "experiments": (unseen, NOT_JUDGED),
    "training": (lambda whole: dataclasses.replace(whole, training=(training(outside=1),)), DOES_NOT),
    "searches": (lambda whole: dataclasses.replace(whole, searches=(search("call 2"),)), DOES_NOT),
    "deviations": (stale, NOT_JUDGED),
}


def test_a_sound_run_meets_every_gate() -> None:
    """With nothing amiss the run conforms, and every gate was measured and met."""
    assert {gate.status for gate in gates.gates(sound())} == {GateStatus.MET}
    assert gates.outcome(sound()) is CONFORMS
    assert gates.exit_status(sound()) == 0


def test_every_enforced_gate_is_broken_here() -> None:
    """No gate that is enforced is without a report that turns it alone."""
    assert {gate.name for gate in gates.gates(sound()) if gate.enforced} == set(BREAKS)


@pytest.mark.parametrize("name", BREAKS)
def test_one_gate_alone_turns_the_outcome_everywhere(name: str, tmp_path: Path) -> None:
    """Exit status, JSON, page, summary and console say what the one gate says."""
    change, expected = BREAKS[name]
    broken = change(sound())
    assert [gate.name for gate in gates.not_met(broken)] == [name]
    assert gates.outcome(broken) is expected
    assert gates.exit_status(broken) == {DOES_NOT: 1, NOT_JUDGED: 2}[expected]
    views = {kind: path.read_text() for kind, path in write_report(broken, tmp_path).items()}
    document = json.loads(views["json"])
    assert document["outcome"] == expected
    (told,) = [gate for gate in document["gate_outcomes"] if gate["status"] == "not met"]
    assert told["name"] == name
    assert told["enforced"] is True
    assert (told["bound"], told["threshold"]) == (("at least", 1) if name == "decided" else ("at most", 0))
    assert told["observed"] == {"undecided": 500, "decided": 0}.get(name, 1)
    printed = StringIO()
    show_report(Console(file=printed, width=200), broken, "build")
    headline = expected.value.capitalize()
    assert f"</span> {headline}" in views["html"].replace("\n", " ")
    assert f" {headline}" in views["markdown"].splitlines()[0]
    assert printed.getvalue().splitlines()[-1].startswith(headline)
    for view in (views["html"], views["markdown"].replace("\\", ""), printed.getvalue()):
        assert f"{told['counts']}: {told['observed']}" in view


def test_a_finding_outweighs_what_could_not_be_judged() -> None:
    """Beside errors and a run cut short a cell that fails still does not conform."""
    broken = dataclasses.replace(with_cells(Verdict.ERROR, Verdict.FAIL)(sound()), cut_short=True)
    assert gates.exit_status(broken) == 1


def test_what_was_not_run_is_said_and_breaks_nothing() -> None:
    """A run on a machine without a device conforms as far as it was run."""
    held = dataclasses.replace(sound(), not_run=("not run: no CUDA device",))
    assert gates.outcome(held) is CONFORMS
    assert gates.headline(held) == "Conforms, as far as it was run"
    assert [gate.name for gate in gates.not_met(held)] == ["scope"]


def test_a_run_without_a_claim_a_mutant_or_an_experiment_says_not_measured() -> None:
    """What a run never asked is neither met nor amiss."""
    bare = dataclasses.replace(sound(), rules=(), claims=(), experiments=(), deviations=())
    bare = dataclasses.replace(bare, training=(), searches=())
    statuses = {gate.name: gate.status for gate in gates.gates(bare)}
    for name in ("claims", "forms", "mutants", "experiments", "deviations", "training", "searches"):
        assert statuses[name] is GateStatus.NOT_MEASURED
    assert gates.outcome(bare) is CONFORMS


def test_a_survivor_of_half_formats_alone_is_told_and_not_enforced() -> None:
    """A coefficient that is off by 1e-6 is nothing that bfloat16 could notice."""
    broken = with_rule(variants=(variant("killed", "survived"),))(sound("bfloat16"))
    (gate,) = gates.not_met(broken)
    assert (gate.name, gate.enforced) == ("mutants", False)
    assert gates.outcome(broken) is CONFORMS
    assert gates.warnings(broken) == (f"{gate.counts}: 1",)


def advised(*, strict: bool) -> Report:
    """Return a report in which one cell fails what only should hold."""
    cell = Cell("torch.AdamW", "single-tensor", "cpu", "float32", "hyperparameters/refused")
    found = Finding(
        *("an-id", cell, "A value out of range is refused.", "lr=nan at construction", "", "", "", {}),
        *(("refused", "refused"), ("", ""), "accepted", "", "", "seen directly", "", "print()", "replay"),
        Level.SHOULD,
    )
    failing = CellResult(cell, Verdict.FAIL, "1 of 1", Figures(1, 1, 1, 1), findings=(found,), level=Level.SHOULD)
    return dataclasses.replace(sound(), results=(*sound().results, failing), strict=strict)


@pytest.mark.parametrize(("strict", "expected"), [(False, 0), (True, 1)])
def test_what_only_should_hold_is_told_and_fails_a_strict_run_alone(
    strict: bool, expected: int, tmp_path: Path
) -> None:
    """Every view shows the finding and its level; the exit status turns where a run is strict."""
    held = advised(strict=strict)
    assert gates.exit_status(held) == expected
    assert [(gate.name, gate.enforced) for gate in gates.not_met(held)] == [("should", strict)]
    views = {kind: path.read_text() for kind, path in write_report(held, tmp_path).items()}
    document = json.loads(views["json"])
    (failing,) = [cell for cell in document["results"] if cell["verdict"] == "fail"]
    assert (failing["level"], failing["findings"][0]["level"], document["strict"]) == ("should", "should", strict)
    printed = StringIO()
    show_report(Console(file=printed, width=200), held, "build")
    headline = "Does not conform" if strict else "Conforms, with findings of what only should hold"
    for view in (views["html"], views["markdown"].replace("\\", ""), printed.getvalue()):
        assert headline in view
        assert "lr=nan at construction" in view
        assert "△" in view
        assert "cells that fail what only should hold: 1" in view


def test_a_cell_that_must_hold_fails_beside_one_that_should() -> None:
    """What should hold softens nothing that must."""
    broken = with_cells(Verdict.FAIL)(advised(strict=False))
    assert gates.exit_status(broken) == 1
    assert gates.overall(broken) is Verdict.FAIL
