"""A rule from outside the tree is judged like those inside."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

OWN = Path(__file__).parent / "own_rules"


def test_a_rule_from_outside_gets_every_property_and_mutant(tmp_path: Path) -> None:
    """One spec file and one reference are enough for every format, property, mutant and proof."""
    command = ["check", "reference.signed", "--rule", "signed", "--budget", "2", "--output", str(tmp_path)]
    answer = subprocess.run(
        [sys.executable, "-m", "conformance.cli", *command],
        env={**os.environ, "STEPPROOF_RULES": str(OWN)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    report = json.loads((tmp_path / "report.json").read_text())
    verdicts = {r["verdict"] for r in report["results"]}
    assert verdicts == {"pass", "not applicable"}
    (rule,) = report["rules"]
    assert {p["status"] for p in rule["proofs"]} == {"proven"}
    mutants = [rule["mutants"][place]["status"] for variant in rule["variants"] for place in variant["mutants"]]
    assert "killed" in mutants
    assert "survived" not in mutants
