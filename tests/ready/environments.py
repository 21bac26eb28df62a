"""Environments as a user has them: one with the judge and what it declares, one with the code under test."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
EXPRESSION = re.compile(r"\$\{\{ *([\w.-]+) *\}\}")
OWN = re.compile(r"STEPPROOF_|PYTHON|INPUT_|GITHUB_")
"""Variables of the tests that a user's machine does not have."""


def wheel_of(folder: Path) -> Path:
    """Return the wheel of this tree, built in a folder."""
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, capture_output=True, check=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


def declared() -> Iterator[Path]:
    """Yield what lies in the test's environment of the packages that the judge declares, and of those that they do."""
    waiting = list(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"])
    seen: set[str] = set()
    while waiting:
        requirement = waiting.pop()
        name = re.split(r"[^\w.-]", requirement)[0].lower().replace("_", "-")
        if "extra ==" in requirement or name in seen:
            continue
        seen.add(name)
        try:
            found = distribution(name)
        except PackageNotFoundError:  # for another system, or another Python
            continue
        waiting += found.requires or ()
        for top in {file.parts[0] for file in found.files or ()} - {"..", "__pycache__"}:
            yield Path(str(found.locate_file(top)))


def bare(folder: Path, *seen: Path) -> Path:
    """Return the interpreter of an environment without pip that sees the packages of some folders."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    see(folder, *seen)
    return folder / "bin" / "python"


def see(environment: Path, *folders: Path) -> None:
    """Let an environment see the packages of some folders, after its own."""
    (site,) = environment.glob("lib/python*/site-packages")
    (site / "seen.pth").write_text("".join(f"{folder}\n" for folder in folders))


def tests_packages() -> Path:
    """Return where the packages of the test's own environment lie, torch among them."""
    return Path(sysconfig.get_path("purelib"))


def as_a_user(**more: str) -> dict[str, str]:
    """Return the variables of a user's machine, with ``more``."""
    plain = {name: value for name, value in os.environ.items() if not OWN.match(name)}
    return plain | {"OMP_NUM_THREADS": "1", "COLUMNS": "200"} | more


@dataclass
class Job:
    """A job that runs the steps of the action as a runner does, in a folder that is its workspace."""

    workspace: Path
    temporary: Path
    source: Path = ROOT
    """Where the action was taken from."""

    def __post_init__(self) -> None:
        self.outputs: dict[str, dict[str, str]] = {}

    def step(self, name: str, given: Mapping[str, str], **variables: str) -> subprocess.CompletedProcess[str]:
        """Run one step with the inputs that are ``given``; raises ``KeyError`` for an input that there is not."""
        (step,) = (step for step in ACTION["runs"]["steps"] if step["id"] == name)
        known = {key: item["default"] for key, item in ACTION["inputs"].items()}
        inputs = {key: given.get(key, default) for key, default in known.items()}
        if unknown := given.keys() - known.keys():
            raise KeyError(f"the action has no inputs {unknown}")
        assert step["shell"] == "bash"
        assert not EXPRESSION.search(step["run"]), "what a user says must reach the program as a variable"
        self.temporary.mkdir(exist_ok=True)
        files = {key: self.temporary / key for key in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        for file in files.values():
            file.write_text("")
        environment = as_a_user(
            GITHUB_ACTIONS="true",
            GITHUB_WORKSPACE=str(self.workspace),
            **{key: str(file) for key, file in files.items()},
            **{key: self._said(text, inputs) for key, text in step["env"].items()},
            **variables,
        )
        program = self.temporary / f"{name}.sh"
        program.write_text(step["run"])
        folder = self.workspace / self._said(step.get("working-directory", "."), inputs)
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(program)]
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        lines = files["GITHUB_OUTPUT"].read_text().splitlines()
        self.outputs[name] = {key: value for key, _, value in (line.partition("=") for line in lines)}
        return done

    @property
    def summary(self) -> str:
        """The page of the job, as the last step wrote it."""
        return (self.temporary / "GITHUB_STEP_SUMMARY").read_text()

    def output(self, name: str) -> str:
        """Return an output of the action."""
        return self._said(ACTION["outputs"][name]["value"], {})

    def _said(self, text: str, inputs: Mapping[str, str]) -> str:
        """Return a text with the values of its expressions."""
        known: dict[str, Any] = {f"inputs.{key}": value for key, value in inputs.items()}
        known |= {"github.action_path": str(self.source), "runner.temp": str(self.temporary)}
        for step, outputs in self.outputs.items():
            known |= {f"steps.{step}.outputs.{key}": value for key, value in outputs.items()}
        return EXPRESSION.sub(lambda match: known[match[1]], text)


def results_of(folder: Path) -> dict[str, str]:
    """Return the verdicts of a report by property."""
    document = json.loads((folder / "report.json").read_text())
    return {item["cell"]["property"]: item["verdict"] for item in document["results"]}
