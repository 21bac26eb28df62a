"""The commands on schedules say what is wrong in one sentence, and draw what they are asked for."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from conformance import claims
from conformance.catalogue.scheduler_units import EXAMPLES_PER_SECOND, SchedulerUnit
from conformance.cli import main
from conformance.commands.run_part import RunPart
from conformance.engine.ledger import SCHEDULERS
from impls.devices import DEVICES
from tests.builders import scheduler

SCHEMA = Path(__file__).parents[2] / "conformance" / "report" / "schema.json"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["plot", "cosin"], "did you mean cosine"),
        (["plot", "cosine", "--T", "-3"], "is not in a whole number in [1, 1e+06]"),
        (["plot", "cosine", "--T", "many"], "is no number"),
        (["plot", "cosine", "--Tt", "3"], "did you mean"),
        (["plot", "cosine", "--T"], "come in pairs"),
        (["plot", "cosine", "--option", "after=never"], "it can be: periodic, hold"),
        (["plot", "given"], "has no curve of its own"),
        (["check", "torch.CosineAnnealing", "--schedule", "cosine"], "did you mean torch.CosineAnnealingLR"),
        (["check", "torch.StepLR", "--schedule", "stepp"], "did you mean step"),
        (["check", "torch.StepLR", "--property", "lr/forced"], "did you mean lr/in-force"),
        (["check", "torch.StepLR", "--dtype", "float8"], "no format `float8`"),
        (["check", "torch.StepLR", "--path", "foreach"], "there is no path `foreach`"),
        (["check", "torch.StepLR", "--budget", "0"], "--budget 0"),
        (["check", "torch.StepLR", "--jobs", "0"], "--jobs 0 is not in 1 to 256"),
        (["check", "torch.StepLR", "--rule", "sgd", "--schedule", "step"], "exclude each other"),
    ],
)
def test_a_wrong_request_gets_one_sentence(given: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Bad input ends with status 2, the nearest legal names, and no traceback."""
    assert main(given) == 2
    error = " ".join(capsys.readouterr().err.split())
    assert words in error
    assert "Traceback" not in error


def test_a_curve_is_drawn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`stepproof plot cosine --T 100 --warmup 10` draws the curve, its joints, and an SVG file."""
    target = tmp_path / "cosine.svg"
    assert main(["plot", "cosine", "--T", "100", "--warmup", "10", "--svg", str(target)]) == 0
    printed = capsys.readouterr().out
    assert "█" in printed
    assert "end of the warm-up at t = 10" in printed
    assert target.read_text().startswith("<svg")


def test_every_schedule_is_listed_and_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """`stepproof schedules` lists the book, and `stepproof show cosine` prints the formula."""
    assert main(["schedules"]) == 0
    assert "cosine_restarts" in capsys.readouterr().out
    assert main(["show", "cosine"]) == 0
    printed = capsys.readouterr().out
    assert "cos(" in printed
    assert "π" in printed
    assert "T_max" in printed


def test_a_check_writes_a_valid_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """ExponentialLR conforms; its report fits the schema and holds the curve, the command and the stream."""
    given = ["check", "torch.optim.lr_scheduler:ExponentialLR", "--schedule", "exponential", "--jobs", "1"]
    given += ["--dtype", "float64", "--path", "step()", "--budget", "2", "--output", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", ["stepproof", *given])
    assert main() == 0
    document = json.loads((tmp_path / "report.json").read_text())
    jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text())).validate(document)
    (rule,) = document["rules"]
    assert rule["curves"][0]["implementation"]
    assert max(abs(unit) for unit in rule["curves"][0]["units"]) <= 1.0
    assert {mutant["status"] for mutant in rule["mutants"]} == {"killed"}
    assert "<svg" in (tmp_path / "report.html").read_text()
    assert shlex.split(document["command"]) == ["stepproof", *given]
    assert document["budget"] == 2
    lines = [json.loads(line) for line in (tmp_path / "verdicts.jsonl").read_text().splitlines()]
    assert [line["property"] for line in lines if "result" in line] == [
        result["cell"]["property"] for result in sorted(document["results"], key=in_order)
    ]


def in_order(result: dict[str, Any]) -> int:
    """Return the place of a cell's property among the claims."""
    return claims.identifiers(SCHEDULERS).index(result["cell"]["property"])


def part(**more: Any) -> RunPart:
    """Return a part of one scheduler."""
    return RunPart((), (scheduler("torch.StepLR"),), **{"budget": 1.0, "seed": 0, **more})


@pytest.mark.parametrize("budget", [10.0, 45.0, 90.0, 600.0])
def test_every_budget_is_honoured(budget: float) -> None:
    """Twice the budget draws twice the cases, above three quarters of a minute too."""
    (unit,) = part(budget=budget).units()
    assert isinstance(unit, SchedulerUnit)
    assert unit.examples == round(EXAMPLES_PER_SECOND * budget)


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"device": "cuda"}, "it has no part on cuda"),
        ({"dtypes": ("float32",)}, "ask for it with --dtype float64"),
        ({"paths": ("count",)}, "its path is step()"),
    ],
)
def test_what_is_not_asked_for_is_said_to_be_not_run(asked: dict[str, Any], why: str) -> None:
    """A device, a format or a path that the scheduler does not have leaves a sentence, and no verdict."""
    left_out = part(**asked)
    assert left_out.units() == []
    (sentence,) = left_out.not_run(DEVICES)
    assert sentence.startswith("not run: torch.StepLR: ")
    assert why in sentence


def test_the_properties_that_are_asked_for_alone_are_judged() -> None:
    """One property makes one cell, in the worker and with the time-out that are given."""
    (unit,) = part(properties=("lr/range",), python="a/python", timeout=5.0, seed=3).units()
    assert unit.properties == ("lr/range",)
    assert (unit.python, unit.timeout, unit.seed) == ("a/python", 5.0, 3)


def test_a_wrong_scheduler_is_shown_and_replayed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A stranger's scheduler that is a step late fails; its case is printed, stored and replayed."""
    target = f"{Path(__file__).parents[1] / 'quality' / 'wrong_schedulers.py'}:OneLate"
    given = ["check", target, "--schedule", "cosine", "--property", "lr/in-force", "--budget", "2"]
    assert main([*given, "--output", str(tmp_path)]) == 1
    printed = " ".join(capsys.readouterr().out.split())
    assert "lr of the groups" in printed
    (stored,) = (tmp_path / "failures").glob("*.json")
    assert main(["replay", str(stored)]) == 1
    assert "still fails" in capsys.readouterr().out
