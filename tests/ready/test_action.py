"""The action's steps, run as a runner runs them, are red where the code is wrong and green where it is right."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from documentation.fences import blocks
from tests.ready.environments import ACTION, ROOT, Job, as_a_user, results_of

OPTIMIZER = """
import torch


class Descent(torch.optim.Optimizer):
    def __init__(self, params, lr=0.1, momentum=0.9):
        super().__init__(params, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    state = self.state[p]
                    if "momentum_buffer" in state:
                        state["momentum_buffer"].mul_(group["momentum"]).add_(p.grad)
                    else:
                        state["momentum_buffer"] = p.grad.clone()
                    p.add_(state["momentum_buffer"], alpha=-group["lr"])
"""
WRONG = OPTIMIZER.replace("alpha=-group", "alpha=-2 * group")
TABLE = """
budget = 1
dtypes = ["float32"]
properties = ["agreement/local"]
[[optimizers]]
target = "mine.py:Descent"
rule = "sgd"
"""


@pytest.fixture
def job(tmp_path: Path, judge: Path) -> Job:
    """A job in a repository with a configuration, in which the judge has been installed."""
    workspace = tmp_path / "a repository"
    (workspace / "below").mkdir(parents=True)
    (workspace / "below" / "stepproof.toml").write_text(TABLE)
    made = Job(workspace, tmp_path / "runner")
    made.outputs["install"] = {"judge": str(judge)}
    return made


def test_the_action_is_red_for_what_is_wrong(job: Job, users_python: Path) -> None:
    """Outcome, folder and files are told, annotations name the user's file, the job's page has the summary."""
    mine = job.workspace / "below" / "mine.py"
    mine.write_text(WRONG)
    given = {"working-directory": "below", "python": str(users_python), "args": "--jobs 1 --property 'agreement/local'"}
    done = job.step("gate", given)
    assert done.returncode == 1, done.stdout + done.stderr
    assert (job.output("outcome"), job.output("status")) == ("does-not-conform", "1")
    assert Path(job.output("report")) == job.workspace / "below" / "build/conformance"
    assert results_of(Path(job.output("report"))) == {"agreement/local": "fail"}
    assert "::error file=below/mine.py,line=" in done.stdout
    assert "Does not conform" in job.summary
    (run,) = json.loads(Path(job.output("sarif")).read_text())["runs"]
    (place,) = {item["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for item in run["results"]}
    assert place == "below/mine.py"


def test_what_cannot_be_judged_has_an_outcome_too(job: Job) -> None:
    """A wrong input is said in a sentence and costs the job, not the outputs."""
    done = job.step("gate", {"config": "absent.toml"})
    assert (done.returncode, job.output("outcome")) == (2, "not-judged")
    assert "absent.toml" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture
def noting(job: Job) -> Path:
    """The file in which a judge notes what it is given, that ends with the status in the configuration's place."""
    program = job.temporary.parent / "noting"
    program.write_text('#!/bin/bash\nprintf "%s\\n" "${@:2}" > "$0.given"\nexit "${GATE_STATUS:-0}"\n')
    program.chmod(0o755)
    job.outputs["install"] = {"judge": str(program)}
    return program.with_name("noting.given")


@pytest.mark.parametrize("hostile", ['"; touch ran #', "$(touch ran)", "`touch ran`", "a b", "-n", "*"])
def test_words_of_an_input_are_never_run(job: Job, noting: Path, hostile: str) -> None:
    """What stands in an input is an argument, whatever a shell would make of it."""
    keys = ("config", "python", "baseline", "output")
    job.step("gate", dict.fromkeys(keys, hostile))
    fixed = ["--format", "annotations", "--format", "job-summary", "--format", "sarif"]
    given = ["--output", hostile, *fixed, "--config", hostile, "--python", hostile, "--baseline", hostile]
    assert noting.read_text().splitlines() == given
    assert not list(job.workspace.rglob("ran"))
    assert job.output("report") == f"{job.workspace}/{hostile}"


def test_further_arguments_are_read_as_a_shell_reads_them(job: Job, noting: Path) -> None:
    """Words in quotes are one; a quote that is not closed ends the step."""
    job.step("gate", {"python": "", "args": "--budget 2 --property 'state/* x' $(touch ran)"})
    assert noting.read_text().splitlines()[8:] == ["--budget", "2", "--property", "state/* x", "$(touch", "ran)"]
    job.step("gate", {})
    assert noting.read_text().splitlines()[8:] == ["--python", "python"]
    assert job.step("gate", {"args": "'open"}).returncode


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (0, "conforms"),
        (1, "does-not-conform"),
        (2, "not-judged"),
        (130, "cut-short"),
        (143, "cut-short"),
        (9, "not-judged"),
    ],
)
def test_a_status_has_an_outcome(job: Job, noting: Path, status: int, outcome: str) -> None:
    """The step ends with the gate's own status."""
    done = job.step("gate", {}, GATE_STATUS=str(status))
    assert (done.returncode, job.output("status"), job.output("outcome")) == (status, str(status), outcome)
    assert noting.exists()


@pytest.mark.parametrize(
    ("version", "asked"), [("", str(ROOT)), ("0.1.0", "stepproof==0.1.0"), ("./a.whl", "./a.whl"), ("x @ y", "x @ y")]
)
def test_a_version_is_what_pip_is_asked_for(tmp_path: Path, version: str, asked: str) -> None:
    """A number is a release, nothing is the action's own source, and anything else is pip's to read."""
    job = Job(tmp_path, tmp_path / "runner")
    python = tmp_path / "bin" / "python3"
    python.parent.mkdir()
    python.write_text('#!/bin/sh\n[ "$2" = venv ] && mkdir -p "$3/bin" && cp "$0" "$3/bin/python"\necho "$@"\n')
    python.chmod(0o755)
    done = job.step("install", {"version": version}, PATH=f"{python.parent}:/usr/bin:/bin")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].endswith(f"pip install --quiet --disable-pip-version-check {asked}")


def test_without_a_python_for_the_judge_the_action_says_so(tmp_path: Path) -> None:
    """An interpreter that is too old is passed over."""
    step = next(step for step in ACTION["runs"]["steps"] if step["id"] == "install")
    program = "\n".join(
        line.replace("/usr/bin/python3", "no-python") for line in step["run"].splitlines() if "-m venv" not in line
    )
    done = subprocess.run(
        ["/bin/bash", "-ec", program], env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stdout.startswith("::error::the judge needs Python 3.11 or later")


def workflows() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield this repository's workflow, and those of the guide."""
    yield "gate.yml", yaml.safe_load((ROOT / ".github/workflows/gate.yml").read_text())
    for block in blocks((ROOT / "docs/guides/ci.md").read_text()):
        if block.marks.get("file", "").startswith(".github/workflows/"):
            yield block.marks["file"], yaml.safe_load(block.text)


def test_workflows_give_the_action_what_it_takes() -> None:
    """Every input and every output that a workflow names is one of the action's."""
    used = []
    for name, workflow in workflows():
        for step in workflow["jobs"]["gate"]["steps"]:
            if step.get("uses", "").startswith(("./", "OWNER/stepproof@")):
                used.append((name, step["id"]))
                assert step["with"].keys() <= ACTION["inputs"].keys()
        text = json.dumps(workflow)
        for output in text.split(".outputs.")[1:]:
            assert output.partition(" ")[0] in ACTION["outputs"]
    assert len(used) == len(list(workflows())) == 2


@pytest.mark.thorough
def test_the_hook_judges_without_a_file(job: Job, judge: Path, users_python: Path) -> None:
    """The entry of the hook, with the argument that names the user's interpreter, is red for what is wrong."""
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert hook["pass_filenames"] is False
    (job.workspace / "below" / "mine.py").write_text(WRONG)
    command = [*hook["entry"].split(), "--python", str(users_python), "--jobs", "1"]
    done = subprocess.run(
        [str(judge), *command[1:]],
        cwd=job.workspace / "below",
        env=as_a_user(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
