"""A project goes from nothing to a red gate that names its mistake, and after the fix to a green one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

HERE = Path(__file__).parent
WRONG, RIGHT = "value=1 - beta1)\n        m =", "value=1 - beta2)\n        m ="
QUICK = ("--dtype", "float32", "--budget", "1", "--property", "agreement/local", "--property", "lr/in-force")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with its own optimizer, in which there is a mistake, rule, schedule and scheduler."""
    root = tmp_path / "project"
    shutil.copytree(HERE / "foreign_project", root, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(HERE / "own_rules", root / "formulas", dirs_exist_ok=True)
    (root / "pyproject.toml").write_text('[project]\nname = "fastnet"\n')
    return root


def stepproof(project: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command in the folder of a project."""
    source = str(HERE.parents[1])
    environment = {**os.environ, "PYTHONPATH": source, "COLUMNS": "200"}
    called = [sys.executable, "-m", "conformance.cli", *command]
    return subprocess.run(called, cwd=project, env=environment, capture_output=True, text=True, check=False)


def document(project: Path) -> dict[str, object]:
    """Return the report of the last gate."""
    loaded: dict[str, object] = json.loads((project / "build/conformance/report.json").read_text())
    return loaded


def judged_green_after_red(project: Path, *quick: str) -> None:
    """Assert that the gate is red for the mistake and for nothing else, and green without it."""
    assert stepproof(project, "init").returncode == 0
    table = tomllib.loads((project / "pyproject.toml").read_text())["tool"]["stepproof"]
    assert (table["pythonpath"], table["rules"]) == (["src"], "formulas")
    assert {one["target"]: one["rule"] for one in table["optimizers"]} == {
        "fastnet.optim:FastAdamW": "adamw",
        "fastnet.optim:Signed": "signed",
    }
    assert {one["target"]: one["schedule"] for one in table["schedulers"]} == {
        "fastnet.schedules:Hyperbolic": "hyperbolic"
    }
    red = stepproof(project, "gate", *(("FastAdamW", *quick) if quick else ()))
    assert red.returncode == 1, red.stdout + red.stderr
    causes = [cause for cause in document(project)["causes"] if cause["level"] == "must"]  # type: ignore[attr-defined]
    assert [cause["implementation"] for cause in causes] == ["fastnet.optim:FastAdamW"]
    assert "beta1 for beta2 in g**2*(1 - beta2)" in causes[0]["title"]
    assert "optim.py:" in causes[0]["where"]
    source = project / "src/fastnet/optim.py"
    assert WRONG in source.read_text()
    source.write_text(source.read_text().replace(WRONG, RIGHT))
    green = stepproof(project, "gate", *quick)
    assert green.returncode == 0, green.stdout + green.stderr
    judged = {result["cell"]["implementation"] for result in document(project)["results"]}  # type: ignore[attr-defined]
    assert judged == {"fastnet.optim:FastAdamW", "fastnet.optim:Signed", "fastnet.schedules:Hyperbolic"}


def test_a_mistake_in_a_foreign_project_is_red_and_its_fix_is_green(project: Path) -> None:
    """With the own rule, the own schedule and the scheduler beside it, in three commands."""
    judged_green_after_red(project, *QUICK)


@pytest.mark.thorough
def test_the_whole_gate_of_a_foreign_project_is_red_and_green(project: Path) -> None:
    """Every property in every format."""
    judged_green_after_red(project)
