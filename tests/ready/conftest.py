"""The judge as the action installs it from the wheel of this tree, without torch; and a user's environment with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ready.environments import Job, bare, declared, see, tests_packages, wheel_of


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the wheel of this tree."""
    return wheel_of(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def judge(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Path:
    """Return the command of a judge that was installed from the wheel, beside which lies only what it declares."""
    folder = tmp_path_factory.mktemp("judge")
    job = Job(folder, folder / "runner")
    done = job.step("install", {"version": str(wheel)}, PIP_NO_DEPS="1", PIP_NO_INDEX="1")
    assert done.returncode == 0, done.stdout + done.stderr
    packages = folder / "declared"
    packages.mkdir()
    for place in declared():
        if not (packages / place.name).exists():
            (packages / place.name).symlink_to(place)
    see(folder / "runner" / "stepproof", packages)
    return Path(job.outputs["install"]["judge"])


@pytest.fixture(scope="session")
def users_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the interpreter of an environment that has torch, and no judge."""
    return bare(tmp_path_factory.mktemp("user") / "venv", tests_packages())
