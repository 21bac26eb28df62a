"""The examples that are shipped run as they are, and show what they say."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.production.conftest import SOURCE

EXAMPLES = SOURCE / "examples"


def ran(name: str, folder: Path, *arguments: str) -> tuple[str, str]:
    """Return what an example prints, and what it draws beside that, run in a folder of its own."""
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    command = [sys.executable, str(EXAMPLES / name), *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


@pytest.mark.parametrize(
    ("name", "optimizers"),
    [
        ("warmup_cosine", ("stepproof_optim.AdamW", "torch.optim.AdamW")),
        ("yogi_adabound", ("Yogi", "AdaBound", "AdamW")),
    ],
)
def test_an_example_trains_and_draws(name: str, optimizers: tuple[str, ...], tmp_path: Path) -> None:
    """Every optimizer tells the held out digits apart, has its bar, and its losses and learning rates in the SVG."""
    out, bars = ran(f"{name}.py", tmp_path)
    told = [line for line in out.splitlines() if "held out" in line]
    assert [line.partition(":")[0] for line in told] == list(optimizers)
    assert all("100.0%" in line for line in told)
    assert bars.count("120/120") == len(optimizers)
    drawn = ET.parse(tmp_path / f"{name}.svg").getroot()
    lines = [node.attrib["points"].split() for node in drawn.iter("{http://www.w3.org/2000/svg}polyline")]
    assert [len(points) for points in lines] == [120] * (2 * len(optimizers))


def test_an_example_goes_on_with_the_same_bits(tmp_path: Path) -> None:
    """A training that stops in the middle ends as one that did not, in float32 and rounded at random in bfloat16."""
    out, bars = ran("resume.py", tmp_path)
    assert out.count("the same bits after 120 steps") == 2
    assert bars.count("60/60") == 2


def test_the_example_has_the_digits_of_the_judge() -> None:
    """The images beside the examples are those that the judge trains on, so that both can be compared."""
    kept = Path(__file__).parents[2] / "conformance" / "training" / "digits.txt"
    assert (EXAMPLES / "digits.txt").read_bytes() == kept.read_bytes()
