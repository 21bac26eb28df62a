"""A gate is the same as a Python call, as tests of pytest, and for a package that ships its claims."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from conformance.cli import main
from conformance.commands.gate_cells import cells
from conformance.commands.gate_parts import shipped
from conformance.commands.usage_errors import UsageError
from conformance.configuration.reading import ConfigurationError, Located, converted
from conformance.configuration.settings import OptimizerTable, SchedulerTable
from conformance.engine.verdict import Verdict
from conformance.gate import gate
from conformance.testing import told
from impls.session import IMPORT_FROM, Session

RIGHT = """
import torch

class Plain(torch.optim.Optimizer):
    def __init__(self, params, lr=0.1, momentum=0.9):
        super().__init__(params, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    buffer = self.state[p].setdefault("momentum_buffer", torch.zeros_like(p))
                    buffer.mul_(group["momentum"]).add_(p.grad)
                    p.add_(buffer, alpha=-group["lr"])
"""
WRONG = RIGHT.replace("-group", "-2 * group")
TABLE = {"target": "plain.py:Plain", "rule": "sgd", "dtypes": ["float64"], "properties": ["agreement/local"]}
CONFIGURATION = """
budget = 1
dtypes = ["float64"]
properties = ["agreement/local", "state/round-trip"]

[[optimizers]]
target = "plain.py:Plain"
rule = "sgd"
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a gate of two properties."""
    (tmp_path / "plain.py").write_text(RIGHT)
    (tmp_path / "stepproof.toml").write_text(CONFIGURATION)
    return tmp_path


def test_a_call_returns_the_report_and_leaves_the_folder_as_it_was(project: Path) -> None:
    """Keys of the file may be given otherwise; the report is written where the file says."""
    here = Path.cwd()
    report = gate(project / "stepproof.toml", properties=["agreement/local"])
    assert report.outcome == "conforms"
    assert [result.cell.property for result in report.results] == ["agreement/local"]
    assert (project / "build/conformance/report.json").is_file()
    assert Path.cwd() == here
    with pytest.raises(ConfigurationError, match="did you mean `budget`"):
        gate(project / "stepproof.toml", buget=1)


def test_cells_are_judged_one_by_one(project: Path) -> None:
    """A failing one is told with its case and script."""
    (project / "plain.py").write_text(WRONG)
    found = Located(project / "stepproof.toml", converted({"optimizers": [TABLE], "budget": 1}, "", ""))
    (cell,) = cells(found)
    result = cell.judged()
    assert result is not None
    assert result.verdict is Verdict.FAIL
    assert "torch.float64" in told(result)
    assert {"plain.py:Plain", "float64", "agreement", "agreement/local"} <= set(cell.words)


def test_pytest_runs_the_cells_as_tests(project: Path) -> None:
    """Marks and names choose among them, and a configuration that may not be is a usage error."""
    command = [sys.executable, "-m", "pytest", "--stepproof", "-p", "no:cacheprovider", "-q", "-m", "stepproof"]
    if not any(point.name == "stepproof" for point in entry_points(group="pytest11")):
        command[3:3] = ["-p", "stepproof_pytest"]
    answer = subprocess.run([*command, "-k", "agreement"], cwd=project, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "1 passed, 1 deselected" in answer.stdout
    (project / "stepproof.toml").write_text("buget = 1\n")
    answer = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    assert answer.returncode == 4
    assert "did you mean `budget`?" in answer.stderr


def test_a_package_ships_its_claims(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are read in the environment that has it, with whatever its name's spelling is."""
    tables = [{"target": "a:B", "rule": "adam"}, {"target": "a:C", "schedule": "step"}]
    (tmp_path / "shipping.py").write_text(f"CLAIMS = {tables}\n")
    folder = tmp_path / "shipping_lib-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: shipping-lib\nVersion: 1.0\n")
    (folder / "entry_points.txt").write_text("[stepproof.claims]\nall = shipping:CLAIMS\n")
    monkeypatch.setenv(IMPORT_FROM, str(tmp_path))
    with Session() as session:
        assert shipped("Shipping.Lib", session) == (
            OptimizerTable(target="a:B", rule="adam"),
            SchedulerTable(target="a:C", schedule="step"),
        )
        with pytest.raises(UsageError, match="ships no claims"):
            shipped("another", session)


def test_a_folder_with_packages_named_as_ours_is_judged(project: Path) -> None:
    """Processes that judge import ours, and pytest starts whether it is asked for the gate or not."""
    for name in ("spec", "reference", "conformance"):
        (project / name).mkdir()
        (project / name / "__init__.py").write_text("raise RuntimeError('of the project')\n")
    code = "import sys; sys.path[:] = [p for p in sys.path if p]; from conformance.cli import main; sys.exit(main())"
    answer = subprocess.run(
        [sys.executable, "-P", "-c", code, "gate", "--property", "agreement/local"],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "1 passes" in answer.stdout


NOTHING = """
from torch.optim.lr_scheduler import LRScheduler

class Odd(LRScheduler):
    def get_lr(self):
        return [base * (0.3 + 0.7 * (self.last_epoch * 37 % 11) / 11) for base in self.base_lrs]
"""


def test_a_scheduler_that_follows_nothing_is_not_judged_by_a_guess(project: Path) -> None:
    """The sentence says which key of its table is missing; with it the scheduler is judged."""
    (project / "odd.py").write_text(NOTHING)
    (project / "stepproof.toml").write_text('[[schedulers]]\ntarget = "odd.py:Odd"\n')
    with pytest.raises(ConfigurationError, match=r"follows no schedule of the book.*schedule = NAME"):
        gate(project / "stepproof.toml", budget=1)


def test_a_line_end_stays_what_it_is(tmp_path: Path) -> None:
    """A project's file is added to, and not written anew."""
    before = b'[project]\r\nname = "\xc3\xa4"\r\n'
    (tmp_path / "pyproject.toml").write_bytes(before)
    (tmp_path / "plain.py").write_text(RIGHT)
    assert main(["init", str(tmp_path)]) == 0
    after = (tmp_path / "pyproject.toml").read_bytes()
    assert after.startswith(before)
    assert after.count(b"\n") == after.count(b"\r\n")
