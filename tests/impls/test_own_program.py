"""A program of an optimizer's own is given up where it stands still, and not where the machine is busy."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from impls.worker import surroundings

STILL = "import time; time.sleep(60)"
AT_WORK = "import time\nwhile time.process_time() < 1.0: pass"


@pytest.mark.parametrize(("program", "status"), [(STILL, None), (AT_WORK, 0)])
def test_a_program_that_works_ends_and_one_that_stands_still_does_not(
    program: str, status: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time that it may stand still is less than its work takes."""
    monkeypatch.setattr(surroundings, "SECONDS_TO_END", 0.5)
    report = tmp_path / "report"
    report.write_text('{"threads": []}\n')
    with subprocess.Popen([sys.executable, "-c", program]) as process:
        try:
            assert surroundings.awaited(process, report, "threads") == status
        finally:
            process.kill()
