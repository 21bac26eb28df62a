"""The commands on schedules say what is wrong in one sentence, and draw what they are asked for."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from conformance.cli import main

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
    ],
)
def test_a_wrong_request_gets_one_sentence(
    given: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
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


def test_a_check_writes_a_valid_report(tmp_path: Path) -> None:
    """ExponentialLR conforms; its report fits the schema and holds the curve of the schedule."""
    given = ["check", "torch.optim.lr_scheduler:ExponentialLR", "--schedule", "exponential"]
    assert main([*given, "--budget", "2", "--output", str(tmp_path)]) == 0
    document = json.loads((tmp_path / "report.json").read_text())
    jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text())).validate(document)
    (rule,) = document["rules"]
    assert rule["curves"][0]["implementation"]
    assert max(abs(unit) for unit in rule["curves"][0]["units"]) <= 1.0
    assert {mutant["status"] for variant in rule["variants"] for mutant in variant["mutants"]} == {"killed"}
    assert "<svg" in (tmp_path / "report.html").read_text()


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
