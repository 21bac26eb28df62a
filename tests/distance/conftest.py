"""A kit that is packed once and run as a program of its own, and a direct run of the same."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from conformance.cli import main

CLAIMS = (
    *("agreement/local", "decay/moments-do-not-see-lambda", "state/step-count", "state/not-aliased"),
    *("scaling/scaler", "groups/tensor-twice-in-a-group"),
)
WHAT = [word for name in CLAIMS for word in ("--property", name)]
HOW = ["--dtype", "float32", "--path", "single-tensor", "--budget", "0.2", "--jobs", "1"]
TARGET = "torch.AdamW"


@dataclass(frozen=True)
class Distant:
    """A kit, its answers, and what it said."""

    kit: Path
    answers: Path
    said: str


@pytest.fixture(scope="session")
def distant(tmp_path_factory: pytest.TempPathFactory) -> Distant:
    """Return a kit with its answers."""
    folder = tmp_path_factory.mktemp("distant")
    kit, answers = folder / "kit.pyz", folder / "answers"
    assert main(["pack", TARGET, *WHAT, *HOW, "--output", str(kit)]) == 0
    # Nothing of this project can be imported there.
    command = [sys.executable, "-I", str(kit), str(answers)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return Distant(kit, answers, done.stdout)


def report(folder: Path) -> dict[str, Any]:
    """Return the report of a run as JSON has it, without its times."""
    found: dict[str, Any] = json.loads((folder / "report.json").read_text())
    del found["times"]
    return found
