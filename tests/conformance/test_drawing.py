"""The same seed draws the same cases, whatever else is loaded, set or installed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from hypothesis import strategies as st

from conformance.contract.case import ClauseCase
from conformance.engine.drawing import Digest, draw
from conformance.engine.stored_case import written
from conformance.optimizers.cases import Case, GroupCase
from conformance.optimizers.strategies import local_cases
from spec import rules as book
from spec.rule import Hyperparameter

ROOT = Path(__file__).parents[2]
PROGRAM = Path(__file__).with_name("drawn_digests.py")
ADAMW = book.build("adamw")


def _run(folder: Path, code: Path, *arguments: str, **variables: str) -> dict[str, str]:
    """Return the digests of a process that runs in ``folder`` with the packages of ``code``."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LD_LIBRARY_PATH") if name in os.environ}
    environment = {**kept, "PYTHONPATH": str(code), "PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1", **variables}
    command = [sys.executable, str(PROGRAM), *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The digests of a process in an empty folder, which stays empty."""
    folder = tmp_path_factory.mktemp("empty")
    found = _run(folder, ROOT)
    assert not list(folder.iterdir())
    return found


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which the wheel of this tree is installed."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    with zipfile.ZipFile(built) as archive:
        archive.extractall(folder / "installed")
    return folder / "installed"


def test_other_imports_change_no_case(plain: dict[str, str]) -> None:
    """Neither the command line's modules nor a test's are read for constants."""
    assert _run(ROOT, ROOT, "conformance.cli", "tests.quality.wrong_optimizers") == plain


def test_the_hash_seed_and_continuous_integration_change_no_case(tmp_path: Path, plain: dict[str, str]) -> None:
    """Hypothesis has other defaults where CI is set; every one of them is named."""
    assert _run(tmp_path, ROOT, PYTHONHASHSEED="12345", CI="1", GITHUB_ACTIONS="true") == plain


def test_an_earlier_run_and_a_profile_change_no_case(tmp_path: Path, plain: dict[str, str]) -> None:
    """What was drawn before leaves nothing behind, and a user's profile sets nothing."""
    assert _run(tmp_path, ROOT, "earlier") == plain


def test_an_installed_wheel_draws_the_cases_of_a_checkout(tmp_path: Path, wheel: Path, plain: dict[str, str]) -> None:
    """Where the files lie is of no account, and an empty folder stays empty."""
    assert _run(tmp_path, wheel) == plain
    assert not list(tmp_path.iterdir())


def test_a_digest_tells_cases_and_their_order_apart() -> None:
    """The same cases in another order, or one fewer, have another digest."""
    drawn = draw(local_cases({(): ADAMW}, {}, 16), 3, 0)
    texts = {_digest(drawn), _digest(drawn[::-1]), _digest(drawn[:2]), _digest([])}
    assert len(texts) == 4
    assert _digest(drawn) == _digest(draw(local_cases({(): ADAMW}, {}, 16), 3, 0))


def _digest(drawn: list[Case | ClauseCase]) -> str:
    digest = Digest()
    for case in drawn:
        digest.add(written(case))
    return str(digest)


def test_no_case_is_drawn_twice_and_few_are_all_drawn() -> None:
    """Of twelve possible cases all come, the simplest first; of none, none."""
    twelve = st.integers(0, 11)
    assert draw(twelve, 40, 0)[0] == 0
    assert sorted(draw(twelve, 40, 0)) == list(range(12))
    assert draw(twelve.filter(lambda value: value > 11), 40, 0) == []
    assert len(draw(st.integers(0, 2**32), 40, 0)) == 40


@pytest.mark.parametrize("item", ADAMW.hyperparameters, ids=lambda item: item.keyword)
def test_cases_reach_the_ends_of_a_domain_and_many_values_between(item: Hyperparameter) -> None:
    """Among forty cases a hyperparameter has zero, its default, and twenty values in all."""
    groups: list[GroupCase] = [group for case in draw(local_cases({(): ADAMW}, {}, 64), 40, 0) for group in case.groups]
    name = item.symbol.name
    values = {group.hyperparameters[name] for group in groups}
    assert {0.0, item.default} <= values
    assert len(values) >= 20
