"""The command line says what is wrong in one sentence, and what it did in a report."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest

from conformance import claims
from conformance.cli import main
from conformance.optimizers.properties import PROPERTIES
from tests.builders import entry
from tests.conformance import fake_units

OURS = "error of stepproof"
HEAVY = ("hypothesis", "matplotlib", "jinja2", "msgspec")
SCHEMA = Path(__file__).parents[2] / "conformance" / "report" / "schema.json"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["show", "adamww"], "did you mean adamw"),
        (["show", "adam", "--option", "decay=twice"], "it can be: none, coupled, decoupled"),
        (["show", "adam", "--option", "colour=red"], "has no option `colour`"),
        (["check", "torch.optim:AdamW", "--rule", "adamq"], "did you mean"),
        (["check", "torch.Adamw", "--rule", "adamw"], "did you mean torch.AdamW"),
        (["check", "torch.optim:Adamm", "--rule", "adamw"], "Adamm"),
        (["check", "mypkg:Opt"], "No module named 'mypkg'"),
        (["check", "torch.AdamW", "--dtype", "float8"], "no format `float8`"),
        (["check", "torch.AdamW", "--budget", "0"], "--budget 0"),
        (["check", "torch.AdamW", "--timeout", "-5"], "--timeout -5 is not in (0, 1e6) seconds"),
        (["check", "torch.AdamW", "--timeout", "nan"], "--timeout nan is not in (0, 1e6) seconds"),
        (["check", "torch.AdamW", "--memory", "0.1"], "--memory 0.1 is not in [0.5, 65536) GiB"),
        (["check", "torch.StepLR", "--schedule", "step", "--timeout", "0"], "--timeout 0 is not in (0, 1e6)"),
        (["check", "torch.optim.SGD"], "torch.optim:SGD is meant"),
        (["check", "torch.AdamW", "--python", "no/such/python"], "no/such/python"),
        (["replay", "no/such/case.json"], "no/such/case.json"),
        (["deviations", "torch.Adamm"], "there is no deviation of `torch.Adamm`"),
    ],
)
def test_a_wrong_request_gets_one_sentence(given: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Bad input ends with status 2, the nearest legal names, and no traceback."""
    assert main(given) == 2
    error = " ".join(capsys.readouterr().err.split())
    assert words in error
    assert "Traceback" not in error


@pytest.mark.parametrize(
    ("given", "absent"),
    [
        (["check", "--help"], ["spec", "reference", "numpy", "sympy"]),
        (["rules"], ["spec.schedules.cosine", "conformance.claims", *HEAVY]),
        (["show", "adamw"], ["spec.rules.sgd", "spec.schedules.cosine", "conformance.claims", *HEAVY]),
    ],
)
def test_a_command_imports_what_it_shows_and_no_more(given: list[str], absent: list[str]) -> None:
    """Help is there without the book, a formula without any other, and neither with what judging needs."""
    code = f"""
import contextlib, sys
from conformance.cli import main
with contextlib.suppress(SystemExit):
    assert main({given}) == 0
print("\\n" + " ".join(sys.modules))"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    *said, modules = done.stdout.splitlines()
    assert len(said) > 5
    assert not set(modules.split()) & set(absent)


def test_what_judges_an_optimizer_imports_no_schedule_of_the_book() -> None:
    """All claims are there before any formula is built, and a form is found in the first variant that has it."""
    code = """
import sys
from conformance import claims
from reference.profile import Profile
from spec.rules import BOOK
assert claims.CHAPTERS
Profile.from_mapping({"forms": ["step size first"]}, "adamw")
print(len(BOOK._built), *(name for name in sys.modules if name.startswith(("spec.rules.", "spec.schedules."))))"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1", "spec.rules.rmsprop", "spec.rules.adam"]


def test_show_prints_the_formula(capsys: pytest.CaptureFixture[str]) -> None:
    """`stepproof show adamw` prints every line of the program."""
    assert main(["show", "adamw"]) == 0
    printed = capsys.readouterr().out
    assert "m_t = β₁·m_{t−1} + (1 − β₁)·g_t" in printed
    assert "weight_decay" in printed


def test_rules_lists_the_rule_book(capsys: pytest.CaptureFixture[str]) -> None:
    """`stepproof rules` lists the rules and who implements them."""
    assert main(["rules"]) == 0
    printed = capsys.readouterr().out
    assert "adamw" in printed
    assert "torch.SGD" in printed


def test_deviations_lists_what_is_known_of_an_optimizer(capsys: pytest.CaptureFixture[str]) -> None:
    """`stepproof deviations torch.SGD` names each entry with its reason and its place."""
    assert main(["deviations", "torch.SGD"]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "torch-sgd-foreach-nesterov-overwrites-the-gradient" in printed
    assert "adds the momentum into the gradient itself" in printed
    assert "torch-rprop-factor" not in printed


@pytest.mark.parametrize(
    "name", ["torch-sgd-foreach-nesterov-overwrites-the-gradient", "torch-warm-restarts-cycle-by-logarithm"]
)
def test_a_deviation_comes_with_a_script_that_shows_it(
    name: str, capsys: pytest.CaptureFixture[str], shows: Callable[..., object]
) -> None:
    """The script of a deviation, of an optimizer or of a scheduler, is printed and shows it to its reader."""
    assert main(["deviations", name, "--script"]) == 0
    shows(capsys.readouterr().out, fresh=True)


CLAUSES = ("elements/order", "groups/callers-dictionaries", "life/interleaved", "whole/no-synchronisation")
PATHS = ("fused",)
JUDGED = (*(item.identifier for item in PROPERTIES), *CLAUSES)


def _judge(output: Path) -> dict[str, object]:
    given = ["check", "torch.AdamW", "--dtype", "float32", "--dtype", "bfloat16", "--budget", "1", "--jobs", "2"]
    given += [word for name in PATHS for word in ("--path", name)]
    given += [word for name in JUDGED for word in ("--property", name)]
    assert main([*given, "--output", str(output)]) == 0
    document: dict[str, object] = json.loads((output / "report.json").read_text())
    document.pop("times")
    document.pop("command")
    return document


def test_a_check_writes_a_valid_report_and_repeats_itself(tmp_path: Path) -> None:
    """AdamW conforms; its report fits the schema, loads nothing, and is the same twice but for times."""
    first, second = _judge(tmp_path / "one"), _judge(tmp_path / "two")
    assert first == second
    document = json.loads((tmp_path / "one" / "report.json").read_text())
    jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text())).validate(document)
    page = (tmp_path / "one" / "report.html").read_text()
    assert "<script" not in page
    assert "<math" in page
    assert (tmp_path / "one" / "summary.md").read_text().startswith("#")
    run = [path for path in entry("torch.AdamW").paths_on("cpu") if path.name in PATHS]
    cells = 2 * sum(path.judges(name) for path in run for name in JUDGED)
    lines = [json.loads(line) for line in (tmp_path / "one" / "verdicts.jsonl").read_text().splitlines()]
    assert sum("result" in line for line in lines) == len(document["results"]) == cells


@pytest.mark.parametrize(
    ("judge", "verdicts", "words"),
    [
        (fake_units.judge_with_a_fault, [OURS, "pass"], "error of stepproof: ZeroDivisionError: of ours at 2"),
        (fake_units.judge_and_die, ["pass", OURS], "error of stepproof: the process that judged it ended"),
    ],
)
def test_an_error_of_ours_could_not_be_judged(
    judge: object, verdicts: list[str], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command ends with status 2, never with that of what does not conform; the report has all cells."""
    monkeypatch.setattr(claims, "judge", judge)
    given = ["check", "torch.ExponentialLR", "--property", "lr/in-force", "--property", "lr/range", "--jobs", "1"]
    assert main([*given, "--output", str(tmp_path)]) == 2
    results = json.loads((tmp_path / "report.json").read_text())["results"]
    assert [result["verdict"] for result in results] == verdicts
    assert [r["reason"][: len(words)] for r in results if r["verdict"] == OURS] == [words]
