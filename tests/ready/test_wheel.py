"""What is installed from the wheel has all that it needs, and leaves the user's environment as it is."""

from __future__ import annotations

import re
import shlex
import subprocess
import zipfile
from pathlib import Path

import pytest
import yaml

from documentation.fences import blocks
from tests.docs.snippets import consoles
from tests.ready.environments import ROOT, Job, as_a_user, results_of
from tests.ready.test_action import OPTIMIZER

CHEAP = frozenset({"rules", "schedules", "show", "clauses", "plot", "deviations", "ledger"})
"""Commands that judge nothing, or a single case."""
FIXED = frozenset({"check", "identify", "gate", "init", "report", "train"})
QUICK = ["--dtype", "float32", "--budget", "1", "--jobs", "1"]
"""What the thorough run adds to a command that judges, so that a page of them takes minutes and not hours."""
PLACEHOLDER = re.compile(r"^[A-Z]{2,}$|^\.\.\.$|…")
DATA = ("conformance/ledger/cases/", "conformance/report/page.css", "conformance/report/page.html.jinja")
TREE = frozenset({"spec", "reference", "impls", "conformance"})


def commands() -> list[str]:
    """Return the commands of the README and of the page that it sends to, without those that name no real thing."""
    text = "\n".join((ROOT / name).read_text() for name in ("README.md", "docs/guides/judging.md"))
    shown = [command for block in blocks(text) if block.language == "console" for command, _ in consoles(block.text)]
    said = re.findall(r"`(stepproof [^`]+)`", text)
    found = dict.fromkeys(command for command in (*shown, *said) if command.startswith("stepproof "))
    return [command for command in found if not any(PLACEHOLDER.search(word) for word in shlex.split(command))]


SHIPPED_APART = "impls/production/"
"""What is a distribution of its own."""


def cheap(command: str) -> bool:
    """Tell whether a command takes a moment."""
    words = shlex.split(command)
    return words[1] in CHEAP and (words[1] != "ledger" or words[2:3] != ["add"])


def called(judge: Path, words: list[str], folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """Run the installed command as a user does."""
    command = [str(judge), *words, *more]
    return subprocess.run(command, cwd=folder, env=as_a_user(), capture_output=True, text=True, check=False)


def test_the_wheel_holds_all_data(wheel: Path) -> None:
    """Every file of the packages that git keeps is in the wheel, data too, and nothing of the other distribution."""
    with zipfile.ZipFile(wheel) as opened:
        held = {name for name in opened.namelist() if name.partition("/")[0] in TREE}
    kept = subprocess.run(["git", "ls-files", *TREE], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert {name for name in kept.splitlines() if not name.startswith(SHIPPED_APART)} <= held
    assert not [name for name in held if name.startswith(SHIPPED_APART)]
    assert all(any(name.startswith(part) for name in held) for part in DATA)
    assert not [name for name in held if "__pycache__" in name]


@pytest.mark.parametrize("command", [command for command in commands() if cheap(command)])
def test_a_cheap_command_of_the_readme_runs_from_the_wheel(
    command: str, judge: Path, users_python: Path, tmp_path: Path
) -> None:
    """In an empty folder, without torch beside it; what shows a deviation has the user's interpreter."""
    words = shlex.split(command)[1:]
    more = ["--python", str(users_python)] if words[0] == "deviations" and len(words) > 2 else []
    done = called(judge, words, tmp_path, *more)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.strip()


@pytest.mark.thorough
@pytest.mark.parametrize("command", [command for command in commands() if not cheap(command)])
def test_a_dear_command_of_the_readme_runs_from_the_wheel(
    command: str, judge: Path, users_python: Path, tmp_path: Path
) -> None:
    """Cut to one format and a small budget, it comes to an outcome."""
    (tmp_path / "mypkg").mkdir()
    (tmp_path / "mypkg" / "optim.py").write_text(OPTIMIZER.replace("class Descent", "class MyAdamW"))
    table = '[[optimizers]]\ntarget = "mypkg.optim:MyAdamW"\nrule = "sgd"\n'
    (tmp_path / "stepproof.toml").write_text("" if "init" in command else table)
    words = shlex.split(command)[1:]
    more = QUICK if words[0] in {"check", "gate", "report"} else []
    more = [*more, "--only", "torch.SGD"] if words[0] == "report" and "--library" not in words else more
    done = called(judge, words, tmp_path, "--python", str(users_python), *more)
    assert done.returncode in {0, 1}, done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_the_users_environment_is_left_alone(judge: Path, users_python: Path, tmp_path: Path) -> None:
    """A judge without torch judges in an environment without the judge, in which nothing is changed."""
    (tmp_path / "mine.py").write_text(OPTIMIZER)
    environment = users_python.parents[1]
    before = sorted(str(path) for path in environment.rglob("*"))
    beside = judge.with_name("python")
    for python, module in ((beside, "torch"), (users_python, "stepproof_judge_is_not_here")):
        asked = [str(python), "-c", f"import {module}"]
        assert subprocess.run(asked, env=as_a_user(), capture_output=True, check=False).returncode == 1
    job = Job(tmp_path, tmp_path / "runner")
    job.outputs["install"] = {"judge": str(judge)}
    words = ["mine.py:Descent", "--property", "agreement/local", *QUICK]
    given = {"python": str(users_python), "args": shlex.join(words), "output": str(tmp_path / "report")}
    done = job.step("gate", given)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (job.output("outcome"), job.output("report")) == ("conforms", given["output"])
    assert results_of(tmp_path / "report") == {"agreement/local": "pass"}
    assert sorted(str(path) for path in environment.rglob("*")) == before
    alone = called(judge, ["gate", *words], tmp_path)
    assert alone.returncode == 2
    assert "torch" in alone.stdout + alone.stderr
    assert "Traceback" not in alone.stderr


def test_a_container_is_made_of_what_there_is() -> None:
    """Its instructions are known, what is copied is in the tree, and its programs are of its two environments."""
    text = (ROOT / "Containerfile").read_text()
    lines = [line for line in re.sub(r"\\\n\s*", "", text).splitlines() if line and not line.startswith("#")]
    known = {"FROM", "ARG", "COPY", "RUN", "ENV", "WORKDIR", "USER", "ENTRYPOINT", "CMD"}
    assert {line.split()[0] for line in lines} == known
    copied = [line.split()[1:-1] for line in lines if line.startswith("COPY ") and "--from" not in line]
    assert {name for names in copied for name in names} >= TREE | {"pyproject.toml"}
    assert all((ROOT / name).exists() for names in copied for name in names)
    for line in (line for line in lines if line.startswith("RUN ")):
        subprocess.run(["bash", "-n", "-c", line.removeprefix("RUN ")], check=True)
    (entry,) = (yaml.safe_load(line.removeprefix("ENTRYPOINT ")) for line in lines if line.startswith("ENTRYPOINT"))
    assert entry == ["/judge/bin/stepproof"]
    assert "python -m venv /judge" in text
    assert "python -m venv /code-under-test" in text


def test_the_readme_has_commands_of_both_sorts() -> None:
    """Each names a subcommand that one of the two runs knows."""
    found = commands()
    assert {shlex.split(command)[1] for command in found} <= CHEAP | FIXED
    assert sum(map(cheap, found)) >= 5
    assert not all(map(cheap, found))
