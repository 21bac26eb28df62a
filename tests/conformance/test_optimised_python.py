"""Without assertions Python comes to the same verdicts and the same mutants."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

POWER = """
import json
from conformance.engine.power import Power
from conformance.schedulers import mutants
from conformance.schedulers.curves import shown_case
from impls.libraries import scheduler

power = Power(mutants.of)
for name in ("torch.StepLR", "torch.CosineAnnealingWarmRestarts", "torch.LambdaLR", "timm.WSDLRScheduler"):
    entry = scheduler(name)
    options = {option: next(iter(values)) for option, (_, values) in entry.switches.items()}
    mutants.kill(power, shown_case(entry, options))
print(json.dumps(power.killed, sort_keys=True))
"""


def printed(arguments: list[str], *, optimised: bool) -> str:
    """Return what a Python program prints, with or without its assertions."""
    command = [sys.executable, *(["-O"] if optimised else []), *arguments]
    walked = {**os.environ, "STEPPROOF_CC": ""}  # what is compiled is no Python
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300, env=walked)
    return done.stdout


def verdicts(folder: Path, *, optimised: bool) -> list[Any]:
    """Return the cells of a reference judged for a moment, and what was found in them."""
    given = ["-m", "conformance.cli", "check", "reference.sgd", "--budget", "1", "--dtype", "float32"]
    given += ["--property", "agreement/local"]
    printed([*given, "--output", str(folder)], optimised=optimised)
    results = json.loads((folder / "report.json").read_text())["results"]
    return [{key: value for key, value in result.items() if key != "seconds"} for result in results]


def test_power_needs_no_assertion() -> None:
    """`python -O` kills the same formula mutants by the same schedulers."""
    plain, optimised = (printed(["-c", POWER], optimised=given) for given in (False, True))
    assert plain.count("torch.StepLR") > 3
    assert optimised == plain


def test_verdicts_need_no_assertion(tmp_path: Path) -> None:
    """`python -O` comes to the same verdict in every cell of a reference, on the same cases."""
    plain, optimised = (verdicts(tmp_path / str(given), optimised=given) for given in (False, True))
    assert plain
    assert optimised == plain
